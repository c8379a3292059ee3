//! What goes wrong behind a decorated function's back: counted, and said when it begins and when it ends.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::error::Error;

/// What was asked of the store. One that is full, or a replica, reads and refuses to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Asked {
    Read = 1,
    Write = 2,
}

/// Counts failures that no caller sees.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// What the store failed at and has not done since: the sum of [`Asked`]s. The trouble lasts while there is any.
    failing: AtomicU8,
    /// Failed commands since the trouble began.
    failures: AtomicU64,
    undecodable: AtomicU64,
    unstorable: AtomicU64,
    not_evicted: AtomicU64,
    panics: AtomicU64,
    alone: AtomicU64,
    opened: AtomicU64,
}

impl Trouble {
    /// The store failed, and the function ran instead.
    pub(crate) fn failed(&self, cache: &str, asked: Asked, error: &Error) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if self.failing.fetch_or(asked as u8, Ordering::Relaxed) == 0 {
            let error = error.to_string();
            warning!(cache, error = error; "the cache fails; its functions run uncached until it answers again");
        }
    }

    /// The store did what was asked. The common case reads one shared number.
    pub(crate) fn answered(&self, cache: &str, asked: Asked) {
        if self.failing.load(Ordering::Relaxed) & asked as u8 == 0 {
            return;
        }
        if self.failing.fetch_and(!(asked as u8), Ordering::Relaxed) == asked as u8 {
            let failures = self.failures.swap(0, Ordering::Relaxed);
            warning!(cache, failures = failures; "the cache answers again");
        }
    }

    /// A stored value does not decode, and counts as a miss.
    pub(crate) fn undecodable(&self, cache: &str, error: &Error) {
        if let Some(values) = seldom(&self.undecodable) {
            let error = error.to_string();
            warning!(cache, error = error, values = values; "a stored value does not decode and counts as a miss");
        }
    }

    /// A value cannot be stored; the function's result is returned all the same.
    pub(crate) fn unstorable(&self, cache: &str, error: &Error) {
        if let Some(values) = seldom(&self.unstorable) {
            let error = error.to_string();
            warning!(cache, error = error, values = values; "a value cannot be stored and stays uncached");
        }
    }

    /// Entries could not be taken away, and stay until they expire.
    pub(crate) fn not_evicted(&self, cache: &str, error: &Error) {
        if let Some(evictions) = seldom(&self.not_evicted) {
            let error = error.to_string();
            warning!(cache, error = error, evictions = evictions; "an eviction failed; what was to go stays until it expires");
        }
    }

    /// The breaker opened.
    pub(crate) fn breaker_opened(&self, cache: &str) {
        if let Some(times) = seldom(&self.opened) {
            warning!(cache, times = times; "the store does not answer; it is left alone and tried now and then");
        }
    }

    /// A plugin's hook panicked.
    pub(crate) fn plugin_panicked(&self, cache: &str) {
        if let Some(panics) = seldom(&self.panics) {
            warning!(cache, panics = panics; "a plugin panicked; the command goes on");
        }
    }

    /// A caller waited `max_wait` for another's load and then ran its own.
    pub(crate) fn ran_alone(&self, cache: &str) {
        if let Some(calls) = seldom(&self.alone) {
            warning!(cache, calls = calls; "a load takes longer than max_wait; a caller that waited runs its own");
        }
    }
}

/// Counts, and gives the 1st, 2nd, 4th, 8th …: seldom enough to be no flood, often enough to be seen to grow.
fn seldom(counter: &AtomicU64) -> Option<u64> {
    let count = counter.fetch_add(1, Ordering::Relaxed) + 1;
    count.is_power_of_two().then_some(count)
}
