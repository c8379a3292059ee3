//! Making connections, and when not to.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind};
use tokio::time::{Instant, sleep_until};

use super::{Shared, State};
use crate::connection::Connection;

/// The pause after the first failure to connect; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause: with the time to connect, a server that is back is used within 300 ms. Who loses connections that
/// lived for longer does not connect more often than that.
pub(super) const LAST_PAUSE: Duration = Duration::from_millis(200);

impl Shared {
    pub(super) fn open_missing(self: &Arc<Self>, state: &mut State, may_open: bool) {
        if state.live < self.limits.pool_size && !state.opening && may_open {
            state.opening = true;
            tokio::spawn(Arc::clone(self).open());
        }
    }

    /// Makes all connections that are missing, in one go.
    async fn open(self: Arc<Self>) {
        loop {
            let not_before = self.lock().not_before;
            if let Some(time) = not_before {
                sleep_until(time).await;
            }
            let missing = self.limits.pool_size - self.lock().live;
            let attempts: Vec<_> = (0..missing)
                .map(|_| tokio::spawn(Arc::clone(&self.connect).open(Arc::clone(&self.epoch))))
                .collect();
            let (mut links, mut failure) = (Vec::new(), None);
            for attempt in attempts {
                match attempt.await {
                    Ok(Ok(link)) => links.push(link),
                    Ok(Err(error)) => failure = Some(error),
                    // It panicked, or the runtime is shutting down.
                    Err(_) => failure = Some(Error::new(ErrorKind::Unavailable, "no connection was made")),
                }
            }
            if self.ready.is_closed() {
                return;
            }
            if self.install(links, failure) {
                return;
            }
        }
    }

    /// Starts the tasks of new connections. With none at all, false if commands shall still wait for the next attempt.
    fn install(self: &Arc<Self>, links: Vec<Connection>, failure: Option<Error>) -> bool {
        let mut reconnected = false;
        let mut state = self.lock();
        if !links.is_empty() {
            // Before the first command goes over them: see `Connection::epoch`.
            reconnected = self.epoch.swap(next_epoch(), SeqCst) != 0;
            state.proven &= state.live > 0;
            state.live += links.len();
        }
        if let Some(error) = failure {
            state.back_off();
            if state.live == 0 {
                if error.kind() == ErrorKind::Unavailable && state.is_patient(self.limits.deadline) {
                    return false;
                }
                state.lost_at = None;
            }
            state.last_error = Some(error);
        }
        state.opening = false;
        let refused = if state.live == 0 {
            std::mem::take(&mut state.jobs)
        } else {
            VecDeque::new()
        };
        let error = state.last_error.clone();
        drop(state);
        let made = links.len();
        // First: what follows runs the code of others, and these are counted as alive.
        for link in links {
            tokio::spawn(Arc::clone(self).work(link));
        }
        if let Some(error) = error {
            refused.into_iter().for_each(|job| job.refuse(&error));
        }
        if reconnected {
            (0..made).for_each(|_| self.connect.reconnected());
        }
        true
    }
}

impl State {
    /// Whether an attempt may be made: at once, or when the pause is over and commands still wait then.
    pub(super) fn may_open(&self, patience: Duration) -> bool {
        self.not_before.is_none_or(|time| time <= Instant::now()) || self.is_patient(patience)
    }

    /// Whether commands still wait when the pause is over.
    fn is_patient(&self, patience: Duration) -> bool {
        let next = self.not_before.max(Some(Instant::now()));
        self.lost_at.is_some_and(|lost| next < Some(lost + patience))
    }

    /// What fails within the pause after a failure is one with it: a server drops all connections at once.
    pub(super) fn back_off(&mut self) {
        let now = Instant::now();
        if self.not_before.is_none_or(|time| time <= now) {
            self.not_before = Some(now + pause_after(self.failures));
            self.failures = self.failures.saturating_add(1);
        }
    }
}

/// Another number each time, in the whole process: an id read by one runtime is not taken for one of another's.
fn next_epoch() -> u64 {
    static EPOCH: AtomicU64 = AtomicU64::new(1);
    EPOCH.fetch_add(1, SeqCst)
}

/// Doubles up to the ceiling, and is spread over its upper half so that processes do not come back as one.
fn pause_after(failures: u32) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << failures.min(8)).min(LAST_PAUSE);
    let random = RandomState::new().hash_one(failures) % 512;
    whole / 2 + whole.mul_f64(random as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_ceiling_and_are_spread() {
        for (failures, whole) in [(0, 50), (1, 100), (2, 200), (3, 200), (40, 200)] {
            let pauses: Vec<_> = (0..64).map(|_| pause_after(failures)).collect();
            let whole = Duration::from_millis(whole);
            assert!(pauses.iter().all(|&pause| pause >= whole / 2 && pause <= whole));
            assert!(pauses.iter().any(|&pause| pause != pauses[0]));
        }
    }
}
