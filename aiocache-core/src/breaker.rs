//! Leaves a store alone that does not answer, so that its users do not wait for it one by one.

mod tasks;

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock;
use crate::error::{Error, ErrorKind};

use tasks::Tasks;
pub(crate) use tasks::Tried;

/// The longest that one connection's breaking takes to fail all that was under way on it.
const MOMENT: Duration = Duration::from_millis(100);

/// When a cache stops asking a store that does not answer.
///
/// After some failures in a row (timeouts, and a store that cannot be reached) the breaker opens: commands fail at
/// once with [`ErrorKind::Unavailable`], and decorated functions run without the cache. What fails with
/// [`ErrorKind::Unknown`] counts once for commands that were under way together, since one connection that breaks
/// fails them all; where they go on failing, once in 100 ms. The first command after each
/// pause has the store pinged in a task of its own, and is refused like the others; if the store answers, the breaker
/// closes. Outside a tokio runtime, and in one that does not run its tasks, that command is let through instead.
///
/// Every cache over a wire has one; [`CacheBuilder::breaker`](crate::CacheBuilder::breaker) changes it.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use aiocache_core::{BreakerSettings, Cache, MemoryBackend};
///
/// let patient = BreakerSettings::new().failures(20).pause(Duration::from_secs(1));
/// let cache: Cache<MemoryBackend> = Cache::builder(MemoryBackend::new()).breaker(patient).build();
/// let never: Cache<MemoryBackend> = Cache::builder(MemoryBackend::new()).breaker(None).build();
/// # drop((cache, never));
/// ```
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

    /// Has the store tried again each time this long has passed.
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
    /// When the last failure was counted, in nanoseconds of [`clock::now`], and another number for each; 0 before.
    last: AtomicU64,
    /// When the store is tried next while it is open, in nanoseconds of [`clock::now`]; 0 while it is closed.
    next_try: AtomicU64,
    /// How often it has closed.
    closed: AtomicU32,
    /// Those that try the store while it is open.
    pub(crate) tasks: Tasks,
}

/// What a command may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    /// Ask the store, and then tell how it did.
    Ask(Asking),
    /// Nothing; the store is to be tried now.
    Try,
    /// Nothing.
    Refuse,
}

/// A question to the store, by the time it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asking {
    /// How often the breaker had closed.
    closed: u32,
    /// The last failure that had been counted.
    last: u64,
}

impl Breaker {
    pub(crate) const fn new(settings: BreakerSettings) -> Self {
        Self {
            settings,
            failures: AtomicU32::new(0),
            last: AtomicU64::new(0),
            next_try: AtomicU64::new(0),
            closed: AtomicU32::new(0),
            tasks: Tasks::new(),
        }
    }

    /// Lets a command pass, or refuses it.
    pub(crate) fn admit(&self) -> Admission {
        let next = self.next_try.load(Ordering::Acquire);
        if next == 0 {
            return Admission::Ask(self.asking());
        }
        let now = clock::now();
        let mine = now >= next
            && self
                .next_try
                .compare_exchange(next, self.pause_from(now), Ordering::AcqRel, Ordering::Acquire)
                .is_ok();
        if mine { Admission::Try } else { Admission::Refuse }
    }

    /// Whether the store is left alone.
    #[cfg(feature = "metrics")]
    pub(crate) fn is_open(&self) -> bool {
        self.next_try.load(Ordering::Relaxed) != 0
    }

    /// A question that begins now.
    pub(crate) fn asking(&self) -> Asking {
        Asking {
            closed: self.closed.load(Ordering::Relaxed),
            last: self.last.load(Ordering::Relaxed),
        }
    }

    /// Takes note of an answer. Gives true if that closed the breaker.
    pub(crate) fn answered(&self) -> bool {
        // Two loads in the common case; nothing is written while all goes well.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
        let closes =
            self.next_try.load(Ordering::Relaxed) != 0 && self.next_try.swap(0, Ordering::AcqRel) != 0;
        if closes {
            self.closed.fetch_add(1, Ordering::Relaxed);
        }
        closes
    }

    /// Takes note of a failure of this kind. Gives true if that opened the breaker.
    pub(crate) fn failed(&self, asking: Asking, kind: ErrorKind) -> bool {
        // Asked before the store was found to be back, and late.
        if asking.closed != self.closed.load(Ordering::Relaxed) {
            return false;
        }
        let now = clock::now();
        if !self.counts(asking, kind, now) {
            return false;
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if failures < self.settings.failures {
            return false;
        }
        // Where it is open the next try stays when it is: it costs no caller anything.
        self.next_try
            .compare_exchange(0, self.pause_from(now), Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Whether a failure says more of the store than the last one did.
    ///
    /// A connection that breaks fails in one moment all that was sent on it and must not be repeated. A store that
    /// hangs fails it too, but not all in one moment.
    fn counts(&self, asking: Asking, kind: ErrorKind, now: u64) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        let since = Duration::from_nanos(now.saturating_sub(last));
        if kind == ErrorKind::Unknown && asking.last != last && since < MOMENT {
            return false;
        }
        let next = now.max(last.saturating_add(1));
        let first = self
            .last
            .compare_exchange(last, next, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        // Threads that fail at once see the same last failure.
        first || kind != ErrorKind::Unknown
    }

    /// What a refused command fails with.
    pub(crate) fn refusal(&self) -> Error {
        let Self { settings, .. } = self;
        Error::new(
            ErrorKind::Unavailable,
            format!(
                "the store failed {} times in a row and is tried every {:?}",
                settings.failures, settings.pause
            ),
        )
    }

    fn pause_from(&self, now: u64) -> u64 {
        let pause = u64::try_from(self.settings.pause.as_nanos()).unwrap_or(u64::MAX);
        // 0 would mean that it is closed.
        now.saturating_add(pause).max(1)
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
            breaker.failed(breaker.asking(), ErrorKind::Timeout);
        }
    }

    /// How many of `times` that began together and fail together with this kind it takes to open the breaker.
    fn together(breaker: &Breaker, times: usize, kind: ErrorKind) -> Option<usize> {
        let began = vec![breaker.asking(); times];
        began.into_iter().position(|asking| breaker.failed(asking, kind))
    }

    fn is_closed(breaker: &Breaker) -> bool {
        matches!(breaker.admit(), Admission::Ask(_))
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_after_failures_in_a_row_only() {
        let breaker = breaker();
        fail(&breaker, 2);
        breaker.answered();
        fail(&breaker, 2);
        assert!(is_closed(&breaker));
        assert!(
            breaker.failed(breaker.asking(), ErrorKind::Timeout),
            "the third in a row opens it"
        );
        assert!(!breaker.failed(breaker.asking(), ErrorKind::Timeout), "once");
        assert_eq!(breaker.admit(), Admission::Refuse);
    }

    #[tokio::test(start_paused = true)]
    async fn the_store_is_tried_once_per_pause_and_an_answer_closes() {
        let breaker = breaker();
        fail(&breaker, 3);
        tokio::time::advance(PAUSE).await;
        assert_eq!(breaker.admit(), Admission::Try);
        assert_eq!(
            breaker.admit(),
            Admission::Refuse,
            "the next one waits for the next pause"
        );
        tokio::time::advance(PAUSE).await;
        assert_eq!(breaker.admit(), Admission::Try);
        assert!(breaker.answered(), "the answer closes it");
        assert!(!breaker.answered(), "once");
        assert!(is_closed(&breaker) && is_closed(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_asked_before_it_closed_does_not_open_it_again() {
        let breaker = breaker();
        let late = breaker.asking();
        fail(&breaker, 3);
        breaker.answered();
        for _ in 0..10 {
            assert!(!breaker.failed(late, ErrorKind::Timeout));
        }
        assert!(is_closed(&breaker));
    }

    #[tokio::test(start_paused = true)]
    async fn one_broken_connection_counts_once_and_each_of_several() {
        let breaker = breaker();
        for _ in 0..2 {
            assert_eq!(together(&breaker, 100, ErrorKind::Unknown), None);
        }
        assert_eq!(
            together(&breaker, 100, ErrorKind::Unknown),
            Some(0),
            "the third one"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_store_that_hangs_fails_counts_each_or_in_each_moment() {
        assert_eq!(together(&breaker(), 100, ErrorKind::Timeout), Some(2));
        let breaker = breaker();
        let began = breaker.asking();
        let start = tokio::time::Instant::now();
        while !breaker.failed(began, ErrorKind::Unknown) {
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(start.elapsed() <= 2 * MOMENT, "it opens");
        }
        assert_eq!(start.elapsed(), 2 * MOMENT);
    }
}
