//! Events as a stream: bounded, and it rather loses some than holds the cache up.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker, ready};

use futures_core::Stream;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::{Event, Watchers};

type Told = Arc<Event<'static>>;
type Received = (Receiver<Told>, Result<Told, RecvError>);

/// What happens in a cache, from now on; see [`Cache::events`](crate::Cache::events).
///
/// It keeps the last 1024 events for a listener that is slower than they come. Older ones are lost, and
/// [`lost`](Self::lost) says how many were: a listener never slows the cache. It is a [`Stream`] for those who combine
/// such, and has a [`next`](Self::next) of its own for those who do not.
pub struct EventStream {
    state: State,
    /// Weak, so that the stream ends with its cache.
    watchers: Weak<Watchers>,
    lost: u64,
}

enum State {
    Idle(Receiver<Told>),
    /// Made only when there is something to wait for.
    Waiting(Pin<Box<dyn Future<Output = Received> + Send + Sync>>),
    /// The cache is gone.
    Ended,
}

impl EventStream {
    pub(super) const fn new(receiver: Receiver<Told>, watchers: Weak<Watchers>) -> Self {
        Self {
            state: State::Idle(receiver),
            watchers,
            lost: 0,
        }
    }

    /// The next event; `None` once the cache and all its handles are gone.
    ///
    /// Cancel safe: no event is lost by dropping the future.
    pub async fn next(&mut self) -> Option<Told> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// The next event if there is one already.
    pub fn next_now(&mut self) -> Option<Told> {
        match self.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(event) => event,
            Poll::Pending => None,
        }
    }

    /// How many events were lost so far, because they came faster than they were taken.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Told>> {
        loop {
            match &mut self.state {
                State::Idle(receiver) => match receiver.try_recv() {
                    Ok(event) => return Poll::Ready(Some(event)),
                    Err(TryRecvError::Lagged(lost)) => self.lost += lost,
                    Err(TryRecvError::Closed) => self.state = State::Ended,
                    Err(TryRecvError::Empty) => self.wait(),
                },
                State::Waiting(received) => {
                    let (receiver, received) = ready!(received.as_mut().poll(cx));
                    self.state = State::Idle(receiver);
                    match received {
                        Ok(event) => return Poll::Ready(Some(event)),
                        Err(RecvError::Lagged(lost)) => self.lost += lost,
                        Err(RecvError::Closed) => self.state = State::Ended,
                    }
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }

    fn wait(&mut self) {
        if let State::Idle(mut receiver) = std::mem::replace(&mut self.state, State::Ended) {
            self.state = State::Waiting(Box::pin(async move {
                let received = receiver.recv().await;
                (receiver, received)
            }));
        }
    }
}

impl Stream for EventStream {
    type Item = Arc<Event<'static>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        if let Some(watchers) = self.watchers.upgrade() {
            watchers.unsubscribe();
        }
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}
