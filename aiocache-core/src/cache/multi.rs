//! The commands of several keys.

use super::Cache;
use super::commands::done;
use crate::backend::{Backend, Want};
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::plugin::{Command, CommandName, Outcome};
use crate::serializer::{Dump, Load};

/// Commands of several keys, each one round trip where the store can.
impl<B: Backend, S> Cache<B, S> {
    /// Reads several values: as many answers as keys, in their order, `None` for a miss.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`](crate::ErrorKind::Decode) or [`ErrorKind::Type`](crate::ErrorKind::Type) if one item
    /// is no `T`, with its [`index`](crate::Error::index), and those of a failing store.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    #[doc(alias("get_many", "mget"))]
    pub async fn multi_get<'k, T: Send>(
        &self,
        keys: impl IntoIterator<Item = impl Into<Key<'k>>>,
    ) -> Result<Vec<Option<T>>>
    where
        S: Load<T, B::Raw> + Send + Sync,
    {
        let keys = self.stored_all(keys);
        if self.is_off() {
            return Ok(keys.iter().map(|_| None).collect());
        }
        let keys: Vec<&str> = keys.iter().map(KeyBuf::as_str).collect();
        let serializer = &*self.serializer;
        let work = || async {
            self.catch_up(&keys).await?;
            let load = |index, entry: crate::backend::Entry<'_, B::Raw>| {
                serializer
                    .load(entry.raw)
                    .map_err(|error| error.with_index(index))
            };
            let found = self
                .ask(|| self.core.backend.read_many(&keys, Want::VALUE, load))
                .await?;
            found.into_iter().map(Option::transpose).collect()
        };
        let outcome = |found: &Vec<Option<T>>| Outcome::Read {
            hits: found.iter().flatten().count(),
        };
        self.run(self.of_items(CommandName::MultiGet, keys.len()), outcome, work)
            .await
    }

    /// Writes several values with this handle's ttl. Of a key given twice, the last value stays.
    ///
    /// All or nothing is not promised: when it fails, some of the pairs may be stored.
    ///
    /// # Errors
    /// Those of [`set`](Self::set). If one value cannot be serialized, nothing is sent and the error has its
    /// [`index`](crate::Error::index).
    ///
    /// # Cancel safety
    /// Of the pairs of a call that is dropped any may be stored; the next command is not disturbed.
    #[doc(alias("set_many", "mset"))]
    pub async fn multi_set<'k, 'v, K: Into<Key<'k>>, T: ?Sized + 'v>(
        &self,
        pairs: impl IntoIterator<Item = (K, &'v T)>,
    ) -> Result<()>
    where
        S: Dump<T, B::Raw>,
    {
        if self.is_off() {
            return Ok(());
        }
        let stored = |(key, value): (K, &'v T)| (self.stored(key.into().as_str()), value);
        let pairs = pairs.into_iter().map(stored).collect();
        self.set_all_stored(pairs, |value: &T| self.serializer.dump(value))
            .await
    }

    /// Writes what `dump` makes of the values, under keys as they are stored.
    pub(super) async fn set_all_stored<V>(
        &self,
        pairs: Vec<(KeyBuf, V)>,
        dump: impl Fn(V) -> Result<B::Raw>,
    ) -> Result<()> {
        let (keys, values): (Vec<KeyBuf>, Vec<V>) = pairs.into_iter().unzip();
        let keys: Vec<&str> = keys.iter().map(KeyBuf::as_str).collect();
        let work = || async {
            let fitting = values.into_iter().enumerate().map(|(index, value)| {
                let raw = dump(value).and_then(|raw| self.fits(&raw).map(|()| raw));
                raw.map_err(|error| error.with_index(index))
            });
            let values: Vec<B::Raw> = fitting.collect::<Result<_>>()?;
            let ttl = self.checked_ttl()?;
            let _writing = self.core.flights.writing_many(&keys).await;
            let kept: Vec<_> = values.iter().filter_map(|raw| self.kept(raw, ttl)).collect();
            let pairs = keys.iter().copied().zip(values).collect();
            self.ask_to_write(&keys, kept, || self.core.backend.write_many(pairs, ttl))
                .await
        };
        let command = Command {
            ttl: Some(self.ttl_asked()),
            ..self.of_items(CommandName::MultiSet, keys.len())
        };
        self.run(command, done, work).await
    }

    /// Deletes several keys and gives the number that were there.
    ///
    /// # Errors
    /// Those of a failing store.
    ///
    /// # Cancel safety
    /// Of the keys of a call that is dropped any may be deleted; the next command is not disturbed.
    #[doc(alias("delete_many"))]
    pub async fn multi_delete<'k>(&self, keys: impl IntoIterator<Item = impl Into<Key<'k>>>) -> Result<u64> {
        if self.is_off() {
            return Ok(0);
        }
        let keys = self.stored_all(keys);
        self.delete_all_stored(&keys).await
    }

    pub(super) async fn delete_all_stored(&self, keys: &[KeyBuf]) -> Result<u64> {
        let keys: Vec<&str> = keys.iter().map(KeyBuf::as_str).collect();
        self.delete_all(&keys).await
    }

    /// Deletes keys as they are stored.
    pub(crate) async fn delete_all(&self, keys: &[&str]) -> Result<u64> {
        let work = || async {
            let _writing = self.core.flights.writing_many(keys).await;
            self.ask_to_delete(keys, || self.core.backend.delete_many(keys))
                .await
        };
        let command = self.of_items(CommandName::MultiDelete, keys.len());
        self.run(command, |&count| Outcome::Deleted(count), work).await
    }

    pub(crate) fn of_items(&self, name: CommandName, items: usize) -> Command<'_> {
        Command {
            items,
            ..self.command(name)
        }
    }

    fn stored_all<'k>(&self, keys: impl IntoIterator<Item = impl Into<Key<'k>>>) -> Vec<KeyBuf> {
        keys.into_iter()
            .map(|key| self.stored(key.into().as_str()))
            .collect()
    }
}
