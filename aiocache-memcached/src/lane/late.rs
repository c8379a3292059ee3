//! Writes that are late. One may be done at any time until its answer is there, so a later write of its keys would not be
//! safe from it on another connection.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

use tokio::time::{Instant, timeout_at};

use super::Shared;
use crate::error::Fault;

/// For how many deadlines more the answer to a late write is awaited, and its keys are not written. A server that is
/// gone for good must not hold them for ever.
const LATER: u32 = 10;

impl Shared {
    /// Waits until a write that had to be done at `until` is over, for a while. Its connection is none of the lane's any
    /// more.
    pub(super) async fn outlast(&self, until: Instant, run: impl Future<Output = Result<(), Fault>>) {
        let mut run = pin!(run);
        let mut closed = pin!(self.closed.acquire());
        let over = poll_fn(|context| {
            let is_over = run.as_mut().poll(context).is_ready() || closed.as_mut().poll(context).is_ready();
            if is_over { Poll::Ready(()) } else { Poll::Pending }
        });
        // Answered, broken or given up: all the same to those who wait for it.
        let _over = timeout_at(until + self.limits.deadline * LATER, over).await;
    }
}
