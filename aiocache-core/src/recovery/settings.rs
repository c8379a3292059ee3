//! What a user says about the recovery of failed writes.

use std::time::Duration;

/// How many failed writes and deletes a cache keeps to repeat them, and when it tries.
///
/// [`CacheBuilder::recover`](crate::CacheBuilder::recover) turns that on, and says what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct RecoverySettings {
    pub(super) capacity: usize,
    pub(super) max_bytes: usize,
    pub(super) pause: Duration,
    pub(super) longest_pause: Duration,
}

impl RecoverySettings {
    /// 1,000 keys with 16 MiB of values, tried after 100 ms and then less and less often, down to every 5 s.
    pub const fn new() -> Self {
        Self {
            capacity: 1_000,
            max_bytes: 16 << 20,
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(5),
        }
    }

    /// Keeps the last command of so many keys; at least 1. One more drops the oldest, whose key may then hold what it
    /// held before.
    pub const fn capacity(mut self, keys: usize) -> Self {
        self.capacity = if keys == 0 { 1 } else { keys };
        self
    }

    /// Keeps values of so many bytes together. A key whose value has no room is deleted in the store instead: a miss is
    /// right where an older value would not be.
    pub const fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Waits this long before the first try, and twice as long after each one that fails, up to
    /// [`longest_pause`](Self::longest_pause). At least a millisecond.
    pub const fn pause(mut self, pause: Duration) -> Self {
        const LEAST: Duration = Duration::from_millis(1);
        self.pause = if pause.as_nanos() < LEAST.as_nanos() {
            LEAST
        } else {
            pause
        };
        self
    }

    /// The longest time between two tries while the store does not answer anything else either; an answer to any
    /// command brings the next try forward.
    pub const fn longest_pause(mut self, pause: Duration) -> Self {
        self.longest_pause = pause;
        self
    }
}

impl Default for RecoverySettings {
    fn default() -> Self {
        Self::new()
    }
}
