//! One entry of a shard: a value, when it expires, and which write it came from.

use std::time::Duration;

use super::text::KeyText;
use crate::sync::atomic::{AtomicU8, Ordering};
use crate::ttl::Remaining;

/// The moment that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// How often a read counts for the policy. More would only delay forgetting.
const MOST_VISITS: u8 = 3;

/// An entry of a shard. What tells whether it is the one that is asked for, and lives, fills its first cache line, and
/// what is then wanted begins with the second: both are fetched at once, where a pointer from one to the other would
/// have to be there first.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Slot<R> {
    pub(super) key: KeyText,
    /// In nanoseconds of [`clock::now`](crate::clock::now).
    pub(super) expires: u64,
    /// Different for every write of this key, also after a delete; shards never reuse one.
    pub(super) stamp: u64,
    pub(super) hash: u64,
    pub(super) weight: u32,
    visits: AtomicU8,
    pub(super) raw: R,
}

impl<R> Slot<R> {
    pub(super) fn new(key: &str, hash: u64, write: Write<R>, stamp: u64) -> Self {
        let Write { raw, expires, weight } = write;
        Self {
            key: key.into(),
            hash,
            raw,
            expires,
            stamp,
            weight,
            visits: AtomicU8::new(0),
        }
    }

    /// Takes a new value in place of the old one, which it gives.
    pub(super) fn write(&mut self, write: Write<R>, stamp: u64) -> R {
        (self.expires, self.weight, self.stamp) = (write.expires, write.weight, stamp);
        std::mem::replace(&mut self.raw, write.raw)
    }

    #[inline]
    pub(super) fn is_live(&self, now: u64) -> bool {
        now < self.expires
    }

    /// Notes a read. A counter that is full is not written, so hot entries stay shared among the cores.
    #[inline]
    pub(super) fn visit(&self) {
        let visits = self.visits.load(Ordering::Relaxed);
        if visits < MOST_VISITS {
            self.visits.store(visits + 1, Ordering::Relaxed);
        }
    }

    pub(super) fn visits(&self) -> u8 {
        self.visits.load(Ordering::Relaxed)
    }

    /// Takes one visit away, and says whether there was one.
    pub(super) fn forget_visit(&mut self) -> bool {
        let visits = self.visits.get_mut();
        let had = *visits > 0;
        *visits = visits.saturating_sub(1);
        had
    }

    pub(super) fn forget_visits(&mut self) {
        *self.visits.get_mut() = 0;
    }

    pub(super) fn remaining(&self, now: u64) -> Remaining {
        if self.expires == NEVER {
            Remaining::Never
        } else {
            Remaining::For(Duration::from_nanos(self.expires.saturating_sub(now)))
        }
    }
}

/// What a write brings.
#[derive(Debug)]
pub(super) struct Write<R> {
    pub(super) raw: R,
    pub(super) expires: u64,
    pub(super) weight: u32,
}

/// The moment `ttl` from `now`.
pub(super) fn expiry(ttl: Option<Duration>, now: u64) -> u64 {
    let Some(ttl) = ttl else { return NEVER };
    let nanos = u64::try_from(ttl.as_nanos()).unwrap_or(NEVER);
    now.saturating_add(nanos)
}
