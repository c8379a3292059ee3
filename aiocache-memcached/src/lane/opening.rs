//! Making connections, and when not to.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind};
use tokio::time::{Instant, sleep};

use super::{Shared, State};
use crate::connection::Connection;

/// The pause after the first failure to connect; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause: with the time to connect, a server that is back is used within 300 ms.
const LAST_PAUSE: Duration = Duration::from_millis(200);

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
            match self.install(links, failure) {
                Some(pause) => sleep(pause).await,
                None => return,
            }
        }
    }

    /// Starts the tasks of new connections. With none at all, gives the pause before the next attempt if commands
    /// shall still wait for it.
    fn install(self: &Arc<Self>, links: Vec<Connection>, failure: Option<Error>) -> Option<Duration> {
        let mut reconnected = false;
        let mut state = self.lock();
        if !links.is_empty() {
            // Before the first command goes over them: see `Connection::epoch`.
            reconnected = self.epoch.swap(next_epoch(), SeqCst) != 0;
            state.proven &= state.live > 0;
            state.live += links.len();
            state.not_before = None;
            state.lost_at = None;
        }
        if let Some(error) = failure {
            let pause = state.back_off();
            if state.live == 0 && state.is_patient(pause, self.limits.deadline, &error) {
                return Some(pause);
            }
            state.last_error = Some(error);
            state.lost_at = None;
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
        None
    }
}

impl State {
    pub(super) fn may_open(&self, patience: Duration) -> bool {
        let recent = |lost: Instant| lost.elapsed() < patience;
        self.not_before.is_none_or(|time| time <= Instant::now()) || self.lost_at.is_some_and(recent)
    }

    pub(super) fn back_off(&mut self) -> Duration {
        let pause = pause_after(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + pause);
        pause
    }

    fn is_patient(&self, pause: Duration, patience: Duration, error: &Error) -> bool {
        let recent = |lost: Instant| lost.elapsed() + pause < patience;
        error.kind() == ErrorKind::Unavailable && self.lost_at.is_some_and(recent)
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
