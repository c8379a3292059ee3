//! The commands of one key.

use std::time::Duration;

use super::Cache;
use crate::backend::{Backend, Entry, Raw, Remaining, Want};
use crate::error::{Error, ErrorKind, Result};
use crate::key::Key;
use crate::plugin::{CommandName, Outcome};
use crate::recovery::Effect;
use crate::serializer::{Dump, Load};
use crate::ttl::{self, Ttl};

/// Commands of one key.
///
/// Each is cancel safe for the cache itself: a dropped future leaves no connection out of step. A write whose
/// future is dropped, or that times out, may have been applied.
impl<B: Backend, S> Cache<B, S> {
    /// Reads a value; `None` is a miss.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] or [`ErrorKind::Type`] if what is there is no `T`, and those of a failing store.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    ///
    /// # Examples
    /// ```
    /// # use aiocache_core::{Cache, MemoryBackend};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
    /// let cache: Cache<MemoryBackend> = Cache::new();
    /// cache.set("city", "Wien").await?;
    /// assert_eq!(cache.get::<String>("city").await?.as_deref(), Some("Wien"));
    /// assert_eq!(cache.get::<String>("river").await?, None);
    /// # Ok(()) }
    /// ```
    pub async fn get<T: Send>(&self, key: impl Into<Key<'_>>) -> Result<Option<T>>
    where
        S: Load<T, B::Raw> + Send + Sync,
    {
        if self.is_off() {
            return Ok(None);
        }
        let key = {
            let key = key.into();
            if let Some(found) = self.get_now(key.as_str()) {
                return Ok(found);
            }
            self.stored(key.as_str())
        };
        let serializer = &*self.serializer;
        let work = || async {
            self.catch_up(&[key.as_str()]).await?;
            let load = |entry: Entry<'_, B::Raw>| serializer.load(entry.raw);
            let read = || self.core.backend.read(key.as_str(), Want::VALUE, load);
            self.ask(read).await?.transpose()
        };
        let outcome = |found: &Option<T>| Outcome::Read {
            hits: usize::from(found.is_some()),
        };
        self.run(self.keyed(CommandName::Get, key.as_str(), None), outcome, work)
            .await
    }

    /// Writes a value, whatever was there, with this handle's ttl.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`], [`ErrorKind::ValueTooLarge`], [`ErrorKind::InvalidTtl`], and those of a failing store.
    ///
    /// # Cancel safety
    /// A call that is dropped may have been applied or not; the next command is not disturbed.
    #[doc(alias("insert", "put"))]
    pub async fn set<T: ?Sized>(&self, key: impl Into<Key<'_>>, value: &T) -> Result<()>
    where
        S: Dump<T, B::Raw>,
    {
        if self.is_off() {
            return Ok(());
        }
        let key = self.stored(key.into().as_str());
        self.set_stored(key.as_str(), || self.serializer.dump(value))
            .await
    }

    /// Writes what a serializer made, under a key as it is stored.
    pub(super) async fn set_stored(&self, key: &str, dump: impl FnOnce() -> Result<B::Raw>) -> Result<()> {
        let work = || async {
            let raw = dump()?;
            self.fits(&raw)?;
            let ttl = self.checked_ttl()?;
            let _writing = self.core.flights.writing(key).await;
            let kept = self.kept(&raw, ttl);
            self.ask_to_write(&[key], kept, || self.core.backend.write(key, raw, ttl))
                .await
        };
        self.run(
            self.keyed(CommandName::Set, key, Some(self.ttl_asked())),
            done,
            work,
        )
        .await
    }

    /// Writes a value only if nothing is there; atomic.
    ///
    /// # Errors
    /// [`ErrorKind::KeyExists`] if something is there, and those of [`set`](Self::set).
    ///
    /// # Cancel safety
    /// A call that is dropped may have been applied or not; the next command is not disturbed.
    #[doc(alias("put_if_absent", "set_nx"))]
    pub async fn add<T: ?Sized>(&self, key: impl Into<Key<'_>>, value: &T) -> Result<()>
    where
        S: Dump<T, B::Raw>,
    {
        if self.is_off() {
            return Ok(());
        }
        let key = self.stored(key.into().as_str());
        let key = key.as_str();
        let work = || async {
            let raw = self.dump(value)?;
            let ttl = self.checked_ttl()?;
            let _writing = self.core.flights.writing(key).await;
            let add = || self.core.backend.add(key, raw, ttl);
            if self
                .ask_to_change(key, Effect::Replaces, |&added| added, add)
                .await?
            {
                Ok(())
            } else {
                Err(Error::new(ErrorKind::KeyExists, ""))
            }
        };
        self.run(
            self.keyed(CommandName::Add, key, Some(self.ttl_asked())),
            done,
            work,
        )
        .await
    }

    /// Deletes a key; the number deleted is 1, or 0 if it was not there.
    ///
    /// # Errors
    /// Those of a failing store.
    ///
    /// # Cancel safety
    /// A call that is dropped may have been applied or not; the next command is not disturbed.
    #[doc(alias("remove", "invalidate", "del"))]
    pub async fn delete(&self, key: impl Into<Key<'_>>) -> Result<u64> {
        if self.is_off() {
            return Ok(0);
        }
        let key = self.stored(key.into().as_str());
        self.delete_stored(key.as_str()).await
    }

    pub(super) async fn delete_stored(&self, key: &str) -> Result<u64> {
        let work = || async {
            let _writing = self.core.flights.writing(key).await;
            let delete = || self.core.backend.delete(key);
            self.ask_to_delete(&[key], delete).await.map(u64::from)
        };
        self.run(
            self.keyed(CommandName::Delete, key, None),
            |&count| Outcome::Deleted(count),
            work,
        )
        .await
    }

    /// Says whether a key is there.
    ///
    /// # Errors
    /// Those of a failing store.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    #[doc(alias("contains_key"))]
    pub async fn exists(&self, key: impl Into<Key<'_>>) -> Result<bool> {
        if self.is_off() {
            return Ok(false);
        }
        let key = self.stored(key.into().as_str());
        let command = self.keyed(CommandName::Exists, key.as_str(), None);
        self.run(
            command,
            |&found| Outcome::Found(found),
            || async {
                self.catch_up(&[key.as_str()]).await?;
                self.ask(|| self.core.backend.exists(key.as_str())).await
            },
        )
        .await
    }

    /// Adds `delta`, which may be negative, to a counter and gives its new value; atomic.
    ///
    /// A missing counter starts at 0 and takes this handle's ttl; one that is there keeps its own. `get` of any
    /// integer type reads it.
    ///
    /// # Errors
    /// [`ErrorKind::NotAnInteger`], [`ErrorKind::Overflow`], and those of a failing store.
    ///
    /// # Cancel safety
    /// A call that is dropped may have been applied or not; the next command is not disturbed. It is never sent twice.
    #[doc(alias("incr", "decrement"))]
    pub async fn increment(&self, key: impl Into<Key<'_>>, delta: i64) -> Result<i64> {
        if self.is_off() {
            return Ok(delta);
        }
        let key = self.stored(key.into().as_str());
        let key = key.as_str();
        let work = || async {
            let ttl = self.checked_ttl()?;
            let _writing = self.core.flights.writing(key).await;
            let increment = || self.core.backend.increment(key, delta, ttl);
            self.ask_to_change(key, Effect::Adjusts, |_| true, increment)
                .await
        };
        let command = self.keyed(CommandName::Increment, key, Some(self.ttl_asked()));
        self.run(command, |&value| Outcome::Counted(value), work).await
    }

    /// Gives a key a new ttl and says whether the key was there. [`Ttl::Never`] and zero take the ttl
    /// away, and so does [`Ttl::Default`] on a handle without a ttl of its own.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTtl`] if the store cannot keep it, and those of a failing store.
    ///
    /// # Cancel safety
    /// A call that is dropped may have been applied or not; the next command is not disturbed.
    pub async fn expire(&self, key: impl Into<Key<'_>>, ttl: impl Into<Ttl>) -> Result<bool> {
        if self.is_off() {
            return Ok(false);
        }
        let key = self.stored(key.into().as_str());
        let asked = ttl.into();
        let ttl = asked.resolve(self.ttl).filter(|ttl| !ttl.is_zero());
        let work = || async {
            ttl::check(ttl, self.core.capabilities.ttl_resolution)?;
            let expire = || self.core.backend.expire(key.as_str(), ttl);
            self.ask_to_change(key.as_str(), Effect::Adjusts, |&found| found, expire)
                .await
        };
        let command = self.keyed(CommandName::Expire, key.as_str(), Some(asked));
        self.run(command, |&found| Outcome::Found(found), work).await
    }

    /// Says how long a key still lives.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the store cannot tell, and those of a failing store.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    pub async fn ttl(&self, key: impl Into<Key<'_>>) -> Result<Remaining> {
        if self.is_off() {
            return Ok(Remaining::Missing);
        }
        let key = self.stored(key.into().as_str());
        let command = self.keyed(CommandName::Ttl, key.as_str(), None);
        let outcome = |&left: &Remaining| Outcome::Found(left != Remaining::Missing);
        self.run(command, outcome, || async {
            self.catch_up(&[key.as_str()]).await?;
            self.ask(|| self.core.backend.ttl(key.as_str())).await
        })
        .await
    }

    /// What this handle's writes live for, refused if it makes no sense.
    pub(crate) fn checked_ttl(&self) -> Result<Option<Duration>> {
        ttl::check(self.ttl, self.core.capabilities.ttl_resolution)?;
        Ok(self.ttl)
    }

    pub(super) fn ttl_asked(&self) -> Ttl {
        self.ttl.into()
    }

    /// Serializes, and refuses what the store would.
    pub(crate) fn dump<T: ?Sized>(&self, value: &T) -> Result<B::Raw>
    where
        S: Dump<T, B::Raw>,
    {
        let raw = self.serializer.dump(value)?;
        self.fits(&raw)?;
        Ok(raw)
    }

    pub(crate) fn fits(&self, raw: &B::Raw) -> Result<()> {
        let size = raw.byte_len();
        match self.core.capabilities.max_value_bytes {
            Some(most) if size > most => {
                let text = format!("{size} bytes, and this store takes at most {most}; see max_value_bytes");
                Err(Error::new(ErrorKind::ValueTooLarge, text))
            }
            _ => Ok(()),
        }
    }
}

/// What hooks are told of a command that says nothing but that it is done.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the shape that every outcome function has"
)]
pub(super) fn done((): &()) -> Outcome<'static> {
    Outcome::Done
}
