//! The way that can wait, kept out of the one that does not.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A future that does not become part of the one that awaits it.
///
/// A call of a cached function is most often a hit, and a load is a hundred times its size. In one piece the two are a
/// function that no caller takes in, and each hit pays for the room that a load has on the stack.
#[derive(Debug)]
pub struct Apart<'a, F>(Pin<&'a mut F>);

impl<'a, F> Apart<'a, F> {
    pub(crate) const fn new(future: Pin<&'a mut F>) -> Self {
        Self(future)
    }
}

impl<F: Future> Future for Apart<'_, F> {
    type Output = F::Output;

    #[inline(never)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.0.as_mut().poll(context)
    }
}
