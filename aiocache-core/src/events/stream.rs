//! Events as a stream: bounded, and it rather loses some than holds the cache up.

use std::fmt;
use std::sync::{Arc, Weak};

use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::{Event, Watchers};

/// What happens in a cache, from now on; see [`Cache::events`](crate::Cache::events).
///
/// It keeps the last 1024 events for a listener that is slower than they come. Older ones are lost, and
/// [`lost`](Self::lost) says how many were: a listener never slows the cache.
pub struct EventStream {
    receiver: Receiver<Arc<Event<'static>>>,
    /// Weak, so that the stream ends with its cache.
    watchers: Weak<Watchers>,
    lost: u64,
}

impl EventStream {
    pub(super) const fn new(receiver: Receiver<Arc<Event<'static>>>, watchers: Weak<Watchers>) -> Self {
        Self {
            receiver,
            watchers,
            lost: 0,
        }
    }

    /// The next event; `None` once the cache and all its handles are gone.
    ///
    /// Cancel safe: no event is lost by dropping the future.
    pub async fn next(&mut self) -> Option<Arc<Event<'static>>> {
        loop {
            match self.receiver.recv().await {
                Ok(event) => return Some(event),
                Err(RecvError::Lagged(lost)) => self.lost += lost,
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// The next event if there is one already.
    pub fn next_now(&mut self) -> Option<Arc<Event<'static>>> {
        loop {
            match self.receiver.try_recv() {
                Ok(event) => return Some(event),
                Err(TryRecvError::Lagged(lost)) => self.lost += lost,
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }

    /// How many events were lost so far, because they came faster than they were taken.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
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
            .field("waiting", &self.receiver.len())
            .field("lost", &self.lost)
            .finish_non_exhaustive()
    }
}
