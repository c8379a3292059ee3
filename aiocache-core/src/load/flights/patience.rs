//! How long a caller waits for others.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use crate::timer;

/// The end of a wait. Where there are no timers it does not come.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patience(Option<Instant>);

impl Patience {
    pub(crate) const ENDLESS: Self = Self(None);

    /// Ends in `max_wait`; never, if that is further than clocks reach.
    pub(crate) fn new(max_wait: Duration) -> Self {
        Self(Instant::now().checked_add(max_wait))
    }

    /// Ends in this time, if there is one.
    pub(crate) fn at_most(time: Option<Duration>) -> Self {
        time.map_or(Self::ENDLESS, Self::new)
    }

    /// What `work` brings, or `None` when the wait ends before.
    pub(crate) async fn wait<F: Future>(self, work: F) -> Option<F::Output> {
        match self.0 {
            Some(end) => timer::until(end, work).await,
            None => Some(work.await),
        }
    }
}
