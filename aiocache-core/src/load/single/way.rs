//! How a miss goes on: each way in a box of its own, for of a crowd that misses one leads, and the others do not carry
//! the room that a load needs.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A miss on its way to `R`.
pub(super) enum Way<R, L, W> {
    /// It is there.
    Answered(Option<R>),
    Leads(Pin<Box<L>>),
    Waits(Pin<Box<W>>),
}

// The answer is moved out whole, never pinned.
impl<R, L, W> Unpin for Way<R, L, W> {}

impl<R, L, W> Future for Way<R, L, W>
where
    L: Future<Output = R>,
    W: Future<Output = R>,
{
    type Output = R;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<R> {
        match &mut *self {
            Self::Answered(answer) => Poll::Ready(answer.take().expect("it is not polled after its end")),
            Self::Leads(lead) => lead.as_mut().poll(cx),
            Self::Waits(wait) => wait.as_mut().poll(cx),
        }
    }
}
