//! A lock that excludes nobody, and refuses a write over a change.

use std::fmt;

use crate::backend::{Backend, Entry, Version, Want};
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::recovery::Effect;
use crate::serializer::{Dump, Load};

/// Lets a write through only if the key is as it was when it was looked at.
///
/// Nothing is held meanwhile, so there is nothing to wait for and nothing to let go; who comes second has to begin
/// anew.
///
/// # Examples
/// ```
/// # use aiocache_core::{ErrorKind, OptimisticLock, SimpleMemoryCache};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// # let cache = SimpleMemoryCache::new();
/// let stock = OptimisticLock::new(&cache, "stock");
/// loop {
///     let (left, snapshot) = stock.read::<u32>().await?;
///     match snapshot.cas(&(left.unwrap_or(100) - 1)).await {
///         Err(error) if error.kind() == ErrorKind::OptimisticLock => continue,
///         done => break done?,
///     }
/// }
/// assert_eq!(cache.get::<u32>("stock").await?, Some(99));
/// # Ok(()) }
/// ```
pub struct OptimisticLock<B: Backend, S = <B as Backend>::Serializer> {
    cache: Cache<B, S>,
    /// As it is stored.
    key: Box<str>,
}

impl<B: Backend, S> OptimisticLock<B, S> {
    /// A lock over `key` itself. What is written through it lives for the handle's ttl.
    pub fn new<'k>(cache: &Cache<B, S>, key: impl Into<Key<'k>>) -> Self {
        Self {
            cache: cache.clone(),
            key: cache.stored_key(key).into(),
        }
    }

    /// Notes how the key is now. Read what the new value depends on after this, not before; [`read`](Self::read) does
    /// both at once.
    ///
    /// Cancel safe: it changes nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the store cannot compare, and those of a failing store.
    pub async fn acquire(&self) -> Result<Snapshot<B, S>> {
        self.look(|_| ()).await.map(|(_, snapshot)| snapshot)
    }

    /// Reads the value, `None` if there is none, and notes how the key is, in one step.
    ///
    /// Cancel safe: it changes nothing.
    ///
    /// # Errors
    /// Those of [`Cache::get`] and of [`acquire`](Self::acquire).
    pub async fn read<T: Send>(&self) -> Result<(Option<T>, Snapshot<B, S>)>
    where
        S: Load<T, B::Raw> + Send + Sync,
    {
        let serializer = &*self.cache.serializer;
        let (value, snapshot) = self.look(|raw| serializer.load(raw)).await?;
        Ok((value.transpose()?, snapshot))
    }

    async fn look<T: Send>(
        &self,
        take: impl FnOnce(&B::Raw) -> T + Send,
    ) -> Result<(Option<T>, Snapshot<B, S>)> {
        let cache = &self.cache;
        if cache.is_off() {
            return Ok((None, self.snapshot(Seen::Off)));
        }
        let both = |entry: Entry<'_, B::Raw>| (take(entry.raw), entry.version);
        let read = || cache.core.backend.read(&self.key, Want::VERSION, both);
        let read = || async {
            cache.catch_up(&[&self.key]).await?;
            cache.ask(read).await
        };
        match cache.run_asking("acquire", &self.key, read).await? {
            None => Ok((None, self.snapshot(Seen::Absent))),
            Some((taken, Some(version))) => Ok((Some(taken), self.snapshot(Seen::Version(version)))),
            Some((_, None)) => Err(Error::new(
                ErrorKind::Unsupported,
                "this store cannot compare, so nothing in it can be changed on condition; memory, Redis and memcached 1.6 can",
            )),
        }
    }

    fn snapshot(&self, seen: Seen) -> Snapshot<B, S> {
        Snapshot {
            cache: self.cache.clone(),
            key: self.key.clone(),
            seen,
        }
    }
}

impl<B: Backend, S> Clone for OptimisticLock<B, S> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            key: self.key.clone(),
        }
    }
}

impl<B: Backend, S> fmt::Debug for OptimisticLock<B, S> {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptimisticLock")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

/// How a key was when an [`OptimisticLock`] looked at it; good for one write.
///
/// It does not outlive a restart of memcached, which begins to count its writes anew: the write is then refused.
#[must_use = "nothing is written before `cas`"]
pub struct Snapshot<B: Backend, S = <B as Backend>::Serializer> {
    cache: Cache<B, S>,
    key: Box<str>,
    seen: Seen,
}

enum Seen {
    /// The cache was switched off.
    Off,
    Absent,
    Version(Version),
}

impl<B: Backend, S> Snapshot<B, S> {
    /// Writes `value` if the key is still as it was, with the handle's ttl.
    ///
    /// A key that was written, deleted, made again or expired since is a conflict, and so is one that was absent and
    /// is there. Redis compares the value itself, so one that went and came back byte for byte is no conflict there.
    ///
    /// # Errors
    /// [`ErrorKind::OptimisticLock`] for a conflict, with nothing written, and those of [`Cache::add`]: after
    /// [`ErrorKind::Unknown`] or [`ErrorKind::Timeout`] the write may have been done.
    ///
    /// # Cancel safety
    /// A call that is dropped may have written: look again before the next one.
    pub async fn cas<T: ?Sized>(self, value: &T) -> Result<()>
    where
        S: Dump<T, B::Raw>,
    {
        let cache = &self.cache;
        if cache.is_off() {
            return Ok(());
        }
        let work = async || {
            let raw = cache.dump(value)?;
            let ttl = cache.checked_ttl()?;
            let _writing = cache.core.flights.writing(&self.key).await;
            let backend = &cache.core.backend;
            let written = match &self.seen {
                Seen::Off => return Ok(()),
                Seen::Absent => {
                    let add = || backend.add(&self.key, raw, ttl);
                    cache
                        .ask_to_change(&self.key, Effect::Replaces, |&added| added, add)
                        .await?
                }
                Seen::Version(version) => {
                    let write = || backend.compare_and_set(&self.key, raw, ttl, version);
                    cache
                        .ask_to_change(&self.key, Effect::Replaces, |&written| written, write)
                        .await?
                }
            };
            if written {
                Ok(())
            } else {
                Err(Error::new(ErrorKind::OptimisticLock, ""))
            }
        };
        cache.run_asking("cas", &self.key, work).await
    }
}

impl<B: Backend, S> fmt::Debug for Snapshot<B, S> {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
