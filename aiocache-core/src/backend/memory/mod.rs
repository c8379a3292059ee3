//! The store in this process.

use std::fmt;
use std::time::Duration;

use super::{Backend, Capabilities, Entry, Locked, Raw, Remaining, Version, Want};
use crate::error::Result;
use crate::events::StoreWatch;
use crate::serializer::{NullSerializer, Object};
use crate::stats::StoreStats;

mod bound;
mod fence;
mod marks;
mod queues;
mod shard;
mod slot;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod text;

use bound::Bound;
pub(crate) use marks::Marks;
use shard::Shard;
use store::Store;

const DEFAULT_ENTRIES: u64 = 10_000;

/// A cache's store in this process: bounded, sharded, each entry with its own expiry.
///
/// It holds values of any type as they are ([`Object`], the default), values of one type inline
/// ([`Typed<V>`](crate::Typed)), or bytes. Unless told otherwise it holds at most 10,000 entries and gives up
/// those least worth keeping (S3-FIFO, which resists scans). An expired entry is a miss at once, and its memory
/// comes back as later writes pass by; no timer runs.
///
/// A read clones the value. The clone of a [`Typed`](crate::Typed) value runs under a lock, and so does that of an
/// [`Object`] that has nothing to drop and at most 1,024 bytes: a `Clone` that uses a memory store gets
/// [`ErrorKind::Reentrant`](crate::ErrorKind::Reentrant) there.
pub struct MemoryBackend<R: Raw = Object> {
    store: Store<R>,
}

impl<R: Raw> MemoryBackend<R> {
    /// A store of at most 10,000 entries.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A store with another bound.
    pub fn builder() -> MemoryBuilder<R> {
        MemoryBuilder {
            bound: Bound::Entries(DEFAULT_ENTRIES),
        }
    }

    /// How many entries it holds, expired ones that were not yet reclaimed included.
    ///
    /// In a `Clone` that runs under a lock this and the other counts are 0, and in [`stats`](Backend::stats) there are
    /// none: they need the locks that the read around it holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.store.sum(|shard| shard.len() as u64).unwrap_or(0)
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The weight of all entries; each weighs 1 where no weigher is set.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.store.sum(Shard::weight).unwrap_or(0)
    }

    /// How many entries had to go for others so far.
    #[must_use]
    pub fn evictions(&self) -> u64 {
        self.store.sum(|shard| shard.evicted).unwrap_or(0)
    }

    /// How many expired entries made room or were written over so far.
    #[must_use]
    pub fn expirations(&self) -> u64 {
        self.store.sum(|shard| shard.expired).unwrap_or(0)
    }
}

impl<R: Raw> Default for MemoryBackend<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Raw> fmt::Debug for MemoryBackend<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryBackend")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

/// Sets how much a [`MemoryBackend`] may hold; the last call counts.
///
/// # Examples
/// ```
/// use aiocache_core::{MemoryBackend, Typed};
///
/// let few: MemoryBackend = MemoryBackend::builder().max_entries(100).build();
/// let small: MemoryBackend<Typed<String>> =
///     MemoryBackend::builder().max_weight(1 << 20, |key, _| 64 + key.len() as u32).build();
/// assert!(few.is_empty() && small.is_empty());
/// ```
#[derive(Debug)]
#[must_use]
pub struct MemoryBuilder<R: Raw = Object> {
    bound: Bound<R>,
}

impl<R: Raw> MemoryBuilder<R> {
    /// At most this many entries; at least 1.
    pub fn max_entries(mut self, entries: u64) -> Self {
        self.bound = Bound::Entries(entries.max(1));
        self
    }

    /// At most this much weight, as `weigher` weighs the stored key and the value. A value heavier than all of it
    /// is not kept. A value that weighs 0 counts as nothing, so the weigher of a store that is to stay bounded gives at
    /// least 1.
    pub fn max_weight(
        mut self,
        weight: u64,
        weigher: impl Fn(&str, &R) -> u32 + Send + Sync + 'static,
    ) -> Self {
        self.bound = Bound::Weight {
            max: weight,
            weigher: std::sync::Arc::new(weigher),
        };
        self
    }

    /// No bound: for a set of keys that cannot grow.
    pub fn unbounded(mut self) -> Self {
        self.bound = Bound::None;
        self
    }

    /// The store.
    #[must_use]
    pub fn build(self) -> MemoryBackend<R> {
        MemoryBackend {
            store: Store::new(self.bound),
        }
    }
}

// Nothing here waits, so every future is ready at the first poll and dropping one leaves no trace.
impl<R: Raw> Backend for MemoryBackend<R> {
    type Raw = R;
    type Serializer = NullSerializer;

    fn name(&self) -> &'static str {
        "memory"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::local()
    }

    fn watch(&self, watch: StoreWatch) {
        self.store.watch(watch);
    }

    fn stats(&self) -> StoreStats {
        StoreStats {
            entries: self.store.sum(|shard| shard.len() as u64),
            weight: self.store.sum(Shard::weight),
            evictions: self.store.sum(|shard| shard.evicted),
            expirations: self.store.sum(|shard| shard.expired),
            ..StoreStats::default()
        }
    }

    async fn read<T: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, R>) -> T + Send,
    ) -> Result<Option<T>> {
        self.store.read_apart(key, want, f)
    }

    #[inline]
    fn read_now<T>(&self, key: &str, f: impl FnOnce(Entry<'_, R>) -> T) -> Option<Result<Option<T>>> {
        Some(self.store.read(key, Want::VALUE, f))
    }

    async fn read_many<T: Send>(
        &self,
        keys: &[&str],
        want: Want,
        mut f: impl FnMut(usize, Entry<'_, R>) -> T + Send,
    ) -> Result<Vec<Option<T>>> {
        let each = |(index, key): (usize, &&str)| self.store.read(key, want, |entry| f(index, entry));
        keys.iter().enumerate().map(each).collect()
    }

    async fn write(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<()> {
        self.store.write(key, raw, ttl)
    }

    async fn write_many(&self, pairs: Vec<(&str, R)>, ttl: Option<Duration>) -> Result<()> {
        pairs
            .into_iter()
            .try_for_each(|(key, raw)| self.store.write(key, raw, ttl))
    }

    async fn add(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<bool> {
        self.store.write_if(key, raw, ttl, |there| there.is_none())
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.store.delete_if(key, |_| true)
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        let mut deleted = 0;
        for key in keys {
            deleted += u64::from(self.store.delete_if(key, |_| true)?);
        }
        Ok(deleted)
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        self.store.exists(key)
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        self.store.increment(key, delta, ttl)
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        self.store.expire(key, ttl)
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        self.store.ttl(key)
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        self.store.clear(prefix)
    }

    async fn clear_all(&self) -> Result<()> {
        self.store.clear("")
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: R,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        let expected = version.as_number();
        self.store.write_if(key, raw, ttl, |there| {
            there.map(|slot| (slot.stamp, 0)) == expected && expected.is_some()
        })
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        let expected = version.as_number();
        self.store
            .delete_if(key, |there| Some((there.stamp, 0)) == expected)
    }

    async fn lock(&self, key: &str, token: &str, lease: Duration) -> Result<Locked> {
        let mut fencing = None;
        // In the closure, under the store's lock: an owner's number must not be larger than its successor's.
        let taken = self
            .store
            .write_if(key, R::from_token(token), Some(lease), |there| {
                let free = there.is_none();
                fencing = free.then(fence::next);
                free
            })?;
        Ok(if taken {
            Locked::taken(fencing)
        } else {
            Locked::Refused
        })
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }
}
