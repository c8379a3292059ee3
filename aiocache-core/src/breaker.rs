//! Leaves a store alone that does not answer, so that its users do not wait for it one by one.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock;
use crate::error::{Error, ErrorKind, Result};

/// When a cache stops asking a store that does not answer.
///
/// After some failures in a row (timeouts, and a store that cannot be reached) the breaker opens: commands fail at
/// once with [`ErrorKind::Unavailable`], and decorated functions run without the cache. Each time the pause has
/// passed, one command is let through; if it succeeds, the breaker closes.
///
/// Every cache over a wire has one; [`CacheBuilder::breaker`](crate::CacheBuilder::breaker) changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct BreakerSettings {
    failures: u32,
    pause: Duration,
}

impl BreakerSettings {
    /// Opens after 5 failures in a row, for 250 ms at a time.
    pub const fn new() -> Self {
        Self {
            failures: 5,
            pause: Duration::from_millis(250),
        }
    }

    /// Opens after this many failures in a row; at least 1.
    pub const fn failures(mut self, failures: u32) -> Self {
        self.failures = if failures == 0 { 1 } else { failures };
        self
    }

    /// Lets one command through each time this long has passed.
    pub const fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self::new()
    }
}

/// The breaker of one cache.
#[derive(Debug)]
pub(crate) struct Breaker {
    settings: BreakerSettings,
    /// Failures since the last success.
    failures: AtomicU32,
    /// When the next command may pass while it is open, in nanoseconds of [`clock::now`]; 0 while it is closed.
    next_try: AtomicU64,
}

impl Breaker {
    pub(crate) const fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            failures: AtomicU32::new(0),
            next_try: AtomicU64::new(0),
        }
    }

    /// Lets a command pass, or refuses it.
    pub(crate) fn admit(&self) -> Result<()> {
        let next = self.next_try.load(Ordering::Acquire);
        if next == 0 {
            return Ok(());
        }
        let now = clock::now();
        let mine = now >= next
            && self
                .next_try
                .compare_exchange(next, self.pause_from(now), Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        if mine { Ok(()) } else { Err(self.refusal()) }
    }

    /// Takes note of how a command ended that was let through. Gives true if that opened the breaker.
    pub(crate) fn note(&self, failed: bool) -> bool {
        if !failed {
            // Two loads in the common case; nothing is written while all goes well.
            if self.failures.load(Ordering::Relaxed) != 0 {
                self.failures.store(0, Ordering::Relaxed);
            }
            if self.next_try.load(Ordering::Relaxed) != 0 {
                self.next_try.store(0, Ordering::Release);
            }
            return false;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures < self.settings.failures {
            return false;
        }
        let pause = self.pause_from(clock::now());
        // Where it was open, the pause begins anew: the one that was let through may have taken longer than it.
        self.next_try.swap(pause, Ordering::AcqRel) == 0
    }

    fn pause_from(&self, now: u64) -> u64 {
        let pause = u64::try_from(self.settings.pause.as_nanos()).unwrap_or(u64::MAX);
        // 0 would mean that it is closed.
        now.saturating_add(pause).max(1)
    }

    fn refusal(&self) -> Error {
        let Self { settings, .. } = self;
        Error::new(
            ErrorKind::Unavailable,
            format!(
                "the store failed {} times in a row and is tried every {:?}",
                settings.failures, settings.pause
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_millis(250);

    fn breaker() -> Breaker {
        Breaker::new(BreakerSettings::new().failures(3).pause(PAUSE))
    }

    fn fail(breaker: &Breaker, times: u32) {
        for _ in 0..times {
            breaker.admit().expect("closed, or the one that is let through");
            breaker.note(true);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_only() {
        let breaker = breaker();
        fail(&breaker, 2);
        breaker.note(false);
        fail(&breaker, 2);
        assert!(breaker.admit().is_ok());
        assert!(breaker.note(true), "the third in a row opens it");
        assert_eq!(breaker.admit().expect_err("open").kind(), ErrorKind::Unavailable);
    }

    #[tokio::test(start_paused = true)]
    async fn one_command_passes_per_pause_and_its_success_closes() {
        let breaker = breaker();
        fail(&breaker, 3);
        tokio::time::advance(PAUSE).await;
        fail(&breaker, 1);
        assert!(breaker.admit().is_err(), "the next one waits for the next pause");
        tokio::time::advance(PAUSE).await;
        assert!(breaker.admit().is_ok());
        breaker.note(false);
        assert!(breaker.admit().is_ok() && breaker.admit().is_ok(), "closed");
    }
}
