//! Who waits in this process for which lock. The first in a line asks the store for all behind it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::time::Instant;

use crate::timer;

/// The lines of a cache, by the stored key of the lock. Empty when nobody waits.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    lines: Mutex<HashMap<Box<str>, (Arc<Line>, usize)>>,
}

#[derive(Debug)]
struct Line {
    /// Taken by the one who asks the store; the others get it in the order they came.
    turn: Semaphore,
    /// An owner in this process let go.
    released: Notify,
    /// When somebody in this process last saw the owner change.
    changed: Mutex<Instant>,
}

/// A caller's place in a line. The last one to leave takes the line away.
#[derive(Debug)]
pub(super) struct Place {
    locks: Arc<Locks>,
    key: Box<str>,
    line: Arc<Line>,
}

impl Locks {
    pub(super) fn join(self: &Arc<Self>, key: &str) -> Place {
        let mut lines = self.lines();
        if !lines.contains_key(key) {
            lines.insert(key.into(), (Arc::new(Line::new()), 0));
        }
        let (line, places) = lines.get_mut(key).expect("it was there, or is now");
        *places += 1;
        Place {
            locks: Arc::clone(self),
            key: key.into(),
            line: Arc::clone(line),
        }
    }

    /// Wakes the first in the line of a lock that an owner in this process let go.
    pub(super) fn released(&self, key: &str) {
        if let Some((line, _)) = self.lines().get(key) {
            line.released.notify_one();
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lines().len()
    }

    fn lines(&self) -> MutexGuard<'_, HashMap<Box<str>, (Arc<Line>, usize)>> {
        // Nothing under this lock runs a user's code.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    fn new() -> Self {
        Self {
            turn: Semaphore::new(1),
            released: Notify::new(),
            changed: Mutex::new(Instant::now()),
        }
    }
}

impl Place {
    /// Waits to be the first in the line; `None` if the wait ended before.
    ///
    /// Cancel safe: a turn that a dropped caller would have got goes to the next one.
    pub(super) async fn turn(&self, wait: Wait) -> Option<SemaphorePermit<'_>> {
        let mut turn = std::pin::pin!(self.line.turn.acquire());
        loop {
            let got = match wait.end(self.changed()) {
                Some(end) => timer::until(end, turn.as_mut()).await,
                None => Some(turn.as_mut().await),
            };
            match got {
                Some(permit) => return Some(permit.expect("a line's turn is never closed")),
                None if wait.is_over(self.changed()) => return None,
                // The owner changed meanwhile, so there is more to wait for.
                None => {}
            }
        }
    }

    /// Waits until an owner in this process lets go, at most `most`.
    pub(super) async fn pause(&self, most: Duration) {
        let _woken_or_not = timer::within(most, self.line.released.notified()).await;
    }

    /// Notes that the lock has another owner than before.
    pub(super) fn note_change(&self) {
        *self.line.changed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn changed(&self) -> Instant {
        *self.line.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut lines = self.locks.lines();
        if let Some((_, places)) = lines.get_mut(&*self.key) {
            *places -= 1;
            if *places == 0 {
                lines.remove(&*self.key);
            }
        }
    }
}

/// How long a caller waits: a lease for each owner that it sees, and `max_wait` in all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait {
    begun: Instant,
    lease: Duration,
    max_wait: Duration,
}

impl Wait {
    pub(super) fn new(lease: Duration, max_wait: Duration) -> Self {
        Self {
            begun: Instant::now(),
            lease,
            max_wait,
        }
    }

    /// When it ends if the owner does not change again; never, if that is further than clocks reach.
    fn end(self, changed: Instant) -> Option<Instant> {
        let of_owner = changed.max(self.begun).checked_add(self.lease);
        let of_all = self.begun.checked_add(self.max_wait);
        match (of_owner, of_all) {
            (Some(owner), Some(all)) => Some(owner.min(all)),
            (owner, all) => owner.or(all),
        }
    }

    pub(super) fn is_over(self, changed: Instant) -> bool {
        self.end(changed).is_some_and(|end| Instant::now() >= end)
    }

    /// What is left of it, at most `most`.
    pub(super) fn left(self, changed: Instant, most: Duration) -> Duration {
        self.end(changed).map_or(most, |end| {
            end.saturating_duration_since(Instant::now()).min(most)
        })
    }
}
