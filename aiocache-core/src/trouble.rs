//! What goes wrong behind a decorated function's back: counted, and said when it begins and when it ends.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use crate::clock;
use crate::error::Error;

/// What was asked of the store. One that is full, or a replica, reads and refuses to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Asked {
    Read = 1,
    Write = 2,
}

/// Beside the [`Asked`]s: the breaker opened, and nothing was answered since.
const LEFT_ALONE: u8 = 4;

/// After trouble has ended, commands that were on their way may still fail, and begin none.
const AFTERMATH: Duration = Duration::from_secs(1);

/// Counts failures that no caller sees.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// What the store failed at and has not done since: the sum of [`Asked`]s and [`LEFT_ALONE`]. The trouble lasts
    /// while there is any.
    failing: AtomicU8,
    /// Commands that failed since the trouble began.
    failures: AtomicU64,
    /// When the trouble began, by [`clock::now`].
    began: AtomicU64,
    /// When the last trouble ended; 0 if there was none.
    ended: AtomicU64,
    undecodable: AtomicU64,
    unstorable: AtomicU64,
    not_evicted: AtomicU64,
    lost_writes: AtomicU64,
    panics: AtomicU64,
    alone: AtomicU64,
    failed_loads: AtomicU64,
    panicked_loads: AtomicU64,
    ageless: AtomicU64,
}

impl Trouble {
    /// The store failed, and the function ran instead.
    pub(crate) fn failed(&self, cache: &str, asked: Asked, error: &Error) {
        if self.failing.load(Ordering::Relaxed) == 0 && self.is_aftermath() {
            return;
        }
        if self.failing.fetch_or(asked as u8, Ordering::Relaxed) == 0 {
            // The command that failed was counted before there was trouble.
            self.begin(1);
            let error = error.to_string();
            warning!(cache, error = error; "the cache fails; its functions run uncached until it answers again");
        }
    }

    /// The breaker opened: commands are refused from now on.
    pub(crate) fn left_alone(&self, cache: &str) {
        if self.failing.fetch_or(LEFT_ALONE, Ordering::Relaxed) == 0 {
            self.begin(0);
            warning!(cache; "the store does not answer; it is left alone, and functions run uncached, until it does");
        }
    }

    /// A command failed, whoever sees that.
    pub(crate) fn command_failed(&self) {
        if self.failing.load(Ordering::Relaxed) != 0 {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The store did what was asked. The common case reads one shared number.
    pub(crate) fn answered(&self, cache: &str, asked: Asked) {
        if self.failing.load(Ordering::Relaxed) & asked as u8 == 0 {
            return;
        }
        if self.failing.fetch_and(!(asked as u8), Ordering::Relaxed) == asked as u8 {
            self.end(cache);
        }
    }

    /// The store answered a command, whatever it was: it is not away any more. Likewise cheap.
    pub(crate) fn is_back(&self, cache: &str) {
        if self.failing.load(Ordering::Relaxed) & LEFT_ALONE != 0
            && self.failing.swap(0, Ordering::Relaxed) & LEFT_ALONE != 0
        {
            self.end(cache);
        }
    }

    fn begin(&self, failures: u64) {
        self.failures.store(failures, Ordering::Relaxed);
        self.began.store(clock::now(), Ordering::Relaxed);
    }

    fn end(&self, cache: &str) {
        let now = clock::now();
        self.ended.store(now.max(1), Ordering::Relaxed);
        let failures = self.failures.load(Ordering::Relaxed);
        let lasted = now.saturating_sub(self.began.load(Ordering::Relaxed)) / 1_000_000;
        warning!(cache, failures = failures, milliseconds = lasted; "the cache answers again");
    }

    fn is_aftermath(&self) -> bool {
        let ended = self.ended.load(Ordering::Relaxed);
        ended != 0 && Duration::from_nanos(clock::now().saturating_sub(ended)) < AFTERMATH
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

    /// A failed write that was to be repeated is not, because there is no room for it or the store does not take it.
    pub(crate) fn write_lost(&self, cache: &str) {
        if let Some(writes) = seldom(&self.lost_writes) {
            warning!(cache, writes = writes; "a failed write will not be repeated; its key may hold an older value");
        }
    }

    /// A plugin's hook panicked.
    pub(crate) fn plugin_panicked(&self, cache: &str) {
        if let Some(panics) = seldom(&self.panics) {
            warning!(cache, panics = panics; "a plugin panicked; the command goes on");
        }
    }

    /// A metrics recorder panicked, or a waker of a task that waits for events.
    pub(crate) fn listener_panicked(&self, cache: &str) {
        if let Some(panics) = seldom(&self.panics) {
            warning!(cache, panics = panics; "a metrics recorder or a waiting stream panicked; the command goes on");
        }
    }

    /// How many hooks and other listeners panicked so far.
    pub(crate) fn plugin_panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// A load failed whose caller has an old value.
    pub(crate) fn load_failed(&self, cache: &str) {
        if let Some(loads) = seldom(&self.failed_loads) {
            warning!(cache, loads = loads; "a load failed; what is cached is served for as long as its grace lasts");
        }
    }

    /// A load in the background panicked.
    pub(crate) fn load_panicked(&self, cache: &str) {
        if let Some(loads) = seldom(&self.panicked_loads) {
            warning!(cache, loads = loads; "a load in the background panicked");
        }
    }

    /// The store did not say how long a value still lives, though that decides over it.
    pub(crate) fn ageless(&self, cache: &str) {
        if let Some(values) = seldom(&self.ageless) {
            warning!(cache, values = values; "the store does not tell how old a value is; with a grace it counts as stale");
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
