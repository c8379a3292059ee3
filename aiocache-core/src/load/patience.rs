//! How long a caller waits for others.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

/// The end of a wait. There is none outside a runtime, where no timer would wake the caller.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience(Option<Instant>);

impl Patience {
    pub(super) const ENDLESS: Self = Self(None);

    /// Ends in `max_wait`; never, if that is further than clocks reach.
    pub(super) fn new(max_wait: Duration) -> Self {
        Self(
            Handle::try_current()
                .ok()
                .and_then(|_| Instant::now().checked_add(max_wait)),
        )
    }

    /// Ends in this time, if there is one.
    pub(super) fn at_most(time: Option<Duration>) -> Self {
        time.map_or(Self::ENDLESS, Self::new)
    }

    /// What `work` brings, or `None` when the wait ends before.
    pub(super) async fn wait<F: Future>(self, work: F) -> Option<F::Output> {
        match self.0 {
            // A timer is late by its grain, which is too much for somebody who does not wait at all.
            Some(end) if end <= Instant::now() => {
                let mut work = pin!(work);
                poll_fn(|cx| match work.as_mut().poll(cx) {
                    Poll::Ready(done) => Poll::Ready(Some(done)),
                    Poll::Pending => Poll::Ready(None),
                })
                .await
            }
            Some(end) => timeout_at(end, work).await.ok(),
            None => Some(work.await),
        }
    }
}
