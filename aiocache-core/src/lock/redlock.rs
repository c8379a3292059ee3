//! A lock that one owner has for a time.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::guard::LockGuard;
use super::held::{Held, in_store};
use super::pace::Pace;
use super::queue::Wait;
use crate::backend::{Backend, Entry, Locked, Raw, Want};
use crate::cache::Cache;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyBuf};

/// Longer than almost any wait that is worth it.
const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(30);

/// A lock over one key of a cache's store, which one owner at a time has, among all processes that use the store.
///
/// The lock of `key` is stored under `key-lock`, with the handle's namespace, and Python's aiocache and this exclude
/// each other on Redis. It ends with its lease, so that an owner who dies does not keep it; one whose work takes longer
/// says so with [`keep_alive`](Self::keep_alive) or [`extend`](LockGuard::extend).
///
/// **For saving work, not for safety.** Store, network and process can each stand still for longer than a lease, and
/// a store that evicts, restarts or fails over loses its locks. What must not be done twice has to be refused where
/// it is done, by the [`fencing_token`](LockGuard::fencing_token) for one.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// # use aiocache_core::{RedLock, SimpleMemoryCache};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// # let cache = SimpleMemoryCache::new();
/// let lock = RedLock::new(&cache, "report", Duration::from_secs(2));
/// match lock.run(async { "made" }).await? {
///     Some(report) => assert_eq!(report, "made"),
///     None => println!("somebody else is at it, and was for as long as this waited"),
/// }
/// # Ok(()) }
/// ```
pub struct RedLock<B: Backend> {
    cache: Cache<B, ()>,
    /// As it is stored.
    key: Box<str>,
    lease: Duration,
    max_wait: Duration,
    keep_alive: bool,
    fenced: bool,
}

impl<B: Backend> RedLock<B> {
    /// The lock of `key`, for `lease` at a time. memcached keeps it up to three seconds longer, as it counts in seconds.
    pub fn new<'k, S>(cache: &Cache<B, S>, key: impl Into<Key<'k>>, lease: Duration) -> Self {
        let key = format!("{}-lock", key.into().as_str());
        Self::of(cache, cache.stored_key(key), lease)
    }

    /// The lock of a load: nobody asks for its fencing token.
    pub(crate) fn of_load<S>(cache: &Cache<B, S>, stored_key: &str, lease: Duration) -> Self {
        let mut key = KeyBuf::with_prefix("");
        key.set_text(&format!("{stored_key}-lock"));
        key.fit(cache.core.capabilities.keys);
        let mut lock = Self::of(cache, key.as_str(), lease);
        lock.fenced = false;
        lock.keep_alive(true)
    }

    /// How long it lasts in the store if its owner does not renew it.
    pub(crate) fn lasts(&self) -> Duration {
        in_store(&self.cache, self.lease)
    }

    fn of<S>(cache: &Cache<B, S>, key: impl Into<Box<str>>, lease: Duration) -> Self {
        Self {
            cache: cache.with_serializer(()),
            key: key.into(),
            lease,
            max_wait: DEFAULT_MAX_WAIT,
            keep_alive: false,
            fenced: true,
        }
    }

    /// How long [`acquire`](Self::acquire) waits in all; 30 s if this is not called.
    #[must_use]
    pub const fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Renews the lock three times a lease for as long as its guard lives, for work of unknown length: the lease is then
    /// only what a crash costs. A task does this, so outside a tokio runtime it does nothing.
    #[must_use]
    pub const fn keep_alive(mut self, keep_alive: bool) -> Self {
        self.keep_alive = keep_alive;
        self
    }

    /// Takes the lock, and waits for it if another has it. `None`: it is not had.
    ///
    /// The wait ends one lease after the last change of owner that was seen, because an owner who does not renew is then
    /// gone, and `max_wait` after it began in any case. Who waits in this process forms a line of which the first asks
    /// the store, every 10 ms to 100 ms, and is woken at once by a release in this process. Outside a tokio runtime
    /// there is no timer, and only such a release ends the wait.
    ///
    /// Cancel safe: dropped, it leaves the line, and what it may have taken is released in the background.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTtl`] for a lease of zero, and those of a failing store. What may have been taken is then
    /// released in the background.
    #[must_use = "it says whether the lock is had"]
    pub async fn acquire(&self) -> Result<Option<LockGuard<B>>> {
        if self.cache.is_off() {
            return Ok(Some(LockGuard::off()));
        }
        let place = self.cache.core.locks.join(&self.key);
        let wait = Wait::new(self.lasts(), self.max_wait);
        let Some(_turn) = place.turn(wait).await else {
            return self.attempt().await;
        };
        let (mut pace, mut owner) = (Pace::new(), None);
        loop {
            if let Some(guard) = self.attempt().await? {
                place.note_change();
                return Ok(Some(guard));
            }
            loop {
                // The look at the end of the wait, or the attempt that follows it, is the last one.
                if wait.is_over(place.changed()) {
                    return Ok(None);
                }
                place.pause(wait.left(place.changed(), pace.next())).await;
                let seen = self.owner().await?;
                if seen.is_none() {
                    break;
                }
                if owner.is_some() && owner != seen {
                    place.note_change();
                    pace = Pace::new();
                }
                owner = seen;
            }
        }
    }

    /// Takes the lock if nobody has it, without waiting. `None`: it is not had.
    ///
    /// Cancel safe: dropped, what it may have taken is released in the background.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire).
    #[must_use = "it says whether the lock is had"]
    pub async fn try_acquire(&self) -> Result<Option<LockGuard<B>>> {
        if self.cache.is_off() {
            return Ok(Some(LockGuard::off()));
        }
        self.attempt().await
    }

    /// Runs `work` while it has the lock, which it waits for as [`acquire`](Self::acquire) does, and gives its output.
    /// `None`: the lock was not had, and `work` did not run.
    ///
    /// Nobody is told if the lease runs out under the work, or if the release fails, as the work is done by then.
    ///
    /// Cancel safe: dropped, it drops the work, and the lock is released in the background.
    ///
    /// # Errors
    /// Those of [`acquire`](Self::acquire), before the work.
    #[must_use = "it says whether the work ran"]
    pub async fn run<F: Future>(&self, work: F) -> Result<Option<F::Output>> {
        let Some(guard) = self.acquire().await? else {
            return Ok(None);
        };
        let output = work.await;
        let _released_or_left_to_the_lease = guard.release().await;
        Ok(Some(output))
    }

    async fn attempt(&self) -> Result<Option<LockGuard<B>>> {
        if self.lease.is_zero() {
            return Err(Error::new(
                ErrorKind::InvalidTtl,
                "a lease of 0 is no lock; give it as long as the work takes, or use keep_alive",
            ));
        }
        let held = Arc::new(Held::new(&self.cache, &self.key, self.lease));
        // From here on, whatever ends this call lets go of the lock.
        let guard = LockGuard::over(Arc::clone(&held));
        match held.take(self.fenced).await {
            Ok(Locked::Taken { fencing }) => Ok(Some(guard.taken(fencing, self.keep_alive))),
            Ok(Locked::Refused) => {
                guard.disarm();
                Ok(None)
            }
            // It may have been taken, on a server by the first half of a script.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::Timeout | ErrorKind::Unknown | ErrorKind::Server
                ) =>
            {
                Err(error)
            }
            Err(error) => {
                guard.disarm();
                Err(error)
            }
        }
    }

    /// The token of the owner, which is empty if what is there is none.
    async fn owner(&self) -> Result<Option<Box<str>>> {
        let backend = &self.cache.core.backend;
        let token = |entry: Entry<'_, B::Raw>| entry.raw.token().unwrap_or_default().into();
        let read = || backend.read(&self.key, Want::VALUE, token);
        self.cache.run_unhooked("lock", &self.key, read).await
    }
}

impl<B: Backend> Clone for RedLock<B> {
    fn clone(&self) -> Self {
        Self {
            cache: self.cache.clone(),
            key: self.key.clone(),
            ..*self
        }
    }
}

impl<B: Backend> fmt::Debug for RedLock<B> {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedLock")
            .field("cache", &self.cache)
            .field("lease", &self.lease)
            .field("max_wait", &self.max_wait)
            .field("keep_alive", &self.keep_alive)
            .finish_non_exhaustive()
    }
}
