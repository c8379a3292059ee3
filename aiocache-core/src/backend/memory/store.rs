//! The sharded table behind the memory backend.

use std::cell::Cell;
use std::hash::{BuildHasher, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{OnceLock, PoisonError};
use std::time::Duration;

use hashbrown::DefaultHashBuilder;

use super::bound::Bound;
use super::shard::{Removed, Shard};
use super::slot::{Slot, Write, expiry};
use crate::backend::{Entry, Raw, Version, Want};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::events::{EvictionReason, StoreWatch};
use crate::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use crate::ttl::Remaining;

crate::sync::thread_local! {
    /// Whether this thread runs a value's `Clone` under a shard's lock.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// The entries of a memory backend, spread over locks by a seeded hash.
#[derive(Debug)]
pub(super) struct Store<R> {
    shards: Box<[RwLock<Shard<R>>]>,
    hasher: DefaultHashBuilder,
    bound: Bound<R>,
    /// Set once, when a cache is built over this store.
    watch: OnceLock<StoreWatch>,
}

impl<R: Raw> Store<R> {
    pub(super) fn new(bound: Bound<R>) -> Self {
        let shards = (0..bound.shards())
            .map(|number| RwLock::new(bound.shard(number)))
            .collect();
        Self {
            shards,
            hasher: DefaultHashBuilder::default(),
            bound,
            watch: OnceLock::new(),
        }
    }

    pub(super) fn watch(&self, watch: StoreWatch) {
        // A store has one cache; a second one would hear what the first one's handles do.
        let _first = self.watch.set(watch);
    }

    #[inline]
    pub(super) fn read<T>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, R>) -> T,
    ) -> Result<Option<T>> {
        let (hash, now) = (self.hash(key), clock::now());
        let shard = self.shard(hash)?;
        let Some(slot) = shard.get(key, hash, now) else {
            return Ok(None);
        };
        slot.visit();
        let remaining = want.remaining.then(|| slot.remaining(now));
        let version = want.version.then(|| Version::number(slot.stamp, 0));
        if let Some(raw) = slot.raw.share() {
            // Decoding and cloning happen outside the lock.
            drop(shard);
            return Ok(Some(outside(&raw, remaining, version, f)));
        }
        let entry = Entry {
            raw: &slot.raw,
            remaining,
            version,
        };
        Ok(Some(inside(|| f(entry))))
    }

    /// The same where it must not become part of its caller: a call of a cached function has two reads in it, and the one
    /// that can wait is rare, so without it the whole call stays short enough to become part of its own caller.
    #[inline(never)]
    pub(super) fn read_apart<T>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, R>) -> T,
    ) -> Result<Option<T>> {
        self.read(key, want, f)
    }

    pub(super) fn write(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<()> {
        let (hash, now) = (self.hash(key), clock::now());
        let write = self.prepare(key, raw, ttl, now);
        let mut shard = self.shard_mut(hash)?;
        let removed = shard.put(key, hash, write, now);
        drop(shard);
        self.tell(key, &removed);
        Ok(())
    }

    /// Writes if `allowed` says so of the entry that is there, and says whether it did.
    pub(super) fn write_if(
        &self,
        key: &str,
        raw: R,
        ttl: Option<Duration>,
        allowed: impl FnOnce(Option<&Slot<R>>) -> bool,
    ) -> Result<bool> {
        let (hash, now) = (self.hash(key), clock::now());
        let write = self.prepare(key, raw, ttl, now);
        let mut shard = self.shard_mut(hash)?;
        if !allowed(shard.get(key, hash, now)) {
            drop(shard);
            return Ok(false);
        }
        let removed = shard.put(key, hash, write, now);
        drop(shard);
        self.tell(key, &removed);
        Ok(true)
    }

    /// Deletes if `allowed` says so of the entry that is there, and says whether it did.
    pub(super) fn delete_if(&self, key: &str, allowed: impl FnOnce(&Slot<R>) -> bool) -> Result<bool> {
        let (hash, now) = (self.hash(key), clock::now());
        let mut shard = self.shard_mut(hash)?;
        if !shard.get(key, hash, now).is_some_and(allowed) {
            return Ok(false);
        }
        let removed = shard.remove(key, hash);
        drop(shard);
        Ok(removed.is_some())
    }

    pub(super) fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        let (hash, now) = (self.hash(key), clock::now());
        let fresh = self.prepare(key, R::from_integer(delta), ttl, now);
        let mut shard = self.shard_mut(hash)?;
        let Some(slot) = shard.get(key, hash, now) else {
            let removed = shard.put(key, hash, fresh, now);
            drop(shard);
            self.tell(key, &removed);
            return Ok(delta);
        };
        let before = slot
            .raw
            .integer()
            .ok_or_else(|| Error::new(ErrorKind::NotAnInteger, ""))?;
        let sum = before.checked_add(delta);
        let sum = sum.ok_or_else(|| Error::new(ErrorKind::Overflow, ""))?;
        // Not through `put`: the weight of a counter does not change, and its ttl must not.
        let Some(slot) = shard.get_mut(key, hash, now) else {
            return Ok(sum);
        };
        let old = std::mem::replace(&mut slot.raw, R::from_integer(sum));
        drop(shard);
        drop(old);
        Ok(sum)
    }

    pub(super) fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        let (hash, now) = (self.hash(key), clock::now());
        let mut shard = self.shard_mut(hash)?;
        // The stamp stays: a new ttl is not a new value.
        Ok(shard.set_expiry(key, hash, now, expiry(ttl, now)))
    }

    pub(super) fn ttl(&self, key: &str) -> Result<Remaining> {
        let (hash, now) = (self.hash(key), clock::now());
        let shard = self.shard(hash)?;
        Ok(shard
            .get(key, hash, now)
            .map_or(Remaining::Missing, |slot| slot.remaining(now)))
    }

    pub(super) fn exists(&self, key: &str) -> Result<bool> {
        Ok(self.ttl(key)? != Remaining::Missing)
    }

    pub(super) fn clear(&self, prefix: &str) -> Result<()> {
        not_inside()?;
        let clear =
            |shard| lock_mut(shard).remove_where(|slot: &Slot<R>| slot.key.as_str().starts_with(prefix));
        // Out of every shard before the first is dropped, for a `Drop` may panic.
        drop_all(self.shards.iter().map(clear).collect());
        Ok(())
    }

    /// Adds up `part` of every shard; `None` under a lock that this thread holds.
    pub(super) fn sum(&self, part: impl Fn(&Shard<R>) -> u64) -> Option<u64> {
        not_inside().ok()?;
        Some(self.shards.iter().map(|shard| part(&lock(shard))).sum())
    }

    /// Tells of what a write took out. The lock is free by now: listeners are a user's code.
    fn tell(&self, key: &str, removed: &Removed<R>) {
        let Some(watch) = self.watch.get().filter(|watch| watch.is_heard()) else {
            return;
        };
        if let Some((_, Some(reason))) = &removed.replaced {
            watch.evicted(key, *reason);
        }
        for (slot, reason) in &removed.evicted {
            watch.evicted(slot.key.as_str(), *reason);
        }
        if removed.refused {
            watch.evicted(key, EvictionReason::TooHeavy);
        }
    }

    fn prepare(&self, key: &str, raw: R, ttl: Option<Duration>, now: u64) -> Write<R> {
        let weight = self.bound.weigh(key, &raw);
        Write {
            raw,
            expires: expiry(ttl, now),
            weight,
        }
    }

    #[inline]
    fn hash(&self, key: &str) -> u64 {
        // Not `hash_one`: it mixes once more, to tell texts that follow each other apart, and here is one.
        let mut hasher = self.hasher.build_hasher();
        hasher.write(key.as_bytes());
        hasher.finish()
    }

    #[inline]
    fn shard(&self, hash: u64) -> Result<RwLockReadGuard<'_, Shard<R>>> {
        not_inside()?;
        Ok(lock(self.place(hash)))
    }

    fn shard_mut(&self, hash: u64) -> Result<RwLockWriteGuard<'_, Shard<R>>> {
        not_inside()?;
        Ok(lock_mut(self.place(hash)))
    }

    #[inline]
    fn place(&self, hash: u64) -> &RwLock<Shard<R>> {
        // The table inside uses the lower half.
        &self.shards[(hash >> 40) as usize & (self.shards.len() - 1)]
    }
}

// A panic under the lock comes from a value's `Clone` during a read, which changes nothing.
#[inline]
fn lock<R>(shard: &RwLock<Shard<R>>) -> RwLockReadGuard<'_, Shard<R>> {
    shard.read().unwrap_or_else(PoisonError::into_inner)
}

fn lock_mut<R>(shard: &RwLock<Shard<R>>) -> RwLockWriteGuard<'_, Shard<R>> {
    shard.write().unwrap_or_else(PoisonError::into_inner)
}

/// Drops each of them. If a `Drop` panics, that goes on at the end: a second panic on its way would end the process.
fn drop_all<R>(removed: Vec<Vec<Slot<R>>>) {
    let mut first = None;
    for slot in removed.into_iter().flatten() {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(slot))) {
            first.get_or_insert(panic);
        }
    }
    if let Some(panic) = first {
        resume_unwind(panic);
    }
}

/// Refuses to take a lock that this thread may hold, which would wait for ever.
#[inline]
fn not_inside() -> Result<()> {
    if INSIDE.with(Cell::get) {
        return Err(reentrant());
    }
    Ok(())
}

#[cold]
fn reentrant() -> Error {
    Error::new(
        ErrorKind::Reentrant,
        "a value's Clone called a memory store while it was being read from one; store it in an Arc instead",
    )
}

/// Hands over a value that was taken out. Apart, so that `f` becomes part of a read that does without.
#[inline(never)]
fn outside<R, T>(
    raw: &R,
    remaining: Option<Remaining>,
    version: Option<Version>,
    f: impl FnOnce(Entry<'_, R>) -> T,
) -> T {
    f(Entry {
        raw,
        remaining,
        version,
    })
}

/// Runs a value's own code under a shard's lock.
#[inline]
fn inside<T>(run: impl FnOnce() -> T) -> T {
    struct Leave;

    impl Drop for Leave {
        #[inline]
        fn drop(&mut self) {
            INSIDE.with(|inside| inside.set(false));
        }
    }

    INSIDE.with(|inside| inside.set(true));
    let _leave = Leave;
    run()
}
