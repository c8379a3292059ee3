//! The backend: what aiocache asks of a store, each method a few lines over [`Journal::change`].

use std::time::Duration;

use aiocache::{
    Backend, Bytes, Capabilities, Entry, Error, ErrorKind, JsonSerializer, Raw, Remaining, Reply, Result,
    Version, Want,
};

use super::journal::{Journal, Moment, Slot, end};

/// What takes the place of an entry that goes: one that has ended.
const GONE: (Vec<u8>, Moment) = (Vec::new(), 0);

impl Backend for Journal {
    type Raw = Bytes;
    type Serializer = JsonSerializer;

    fn name(&self) -> &'static str {
        "journal"
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::remote(); // any key, milliseconds, and everything can be done
        capabilities.private = true; // nobody else uses the file, so `clear` may empty it
        capabilities
    }

    async fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, Bytes>) -> R + Send,
    ) -> Result<Option<R>> {
        let Some(slot) = self.lock().alive(key).cloned() else {
            return Ok(None);
        };
        // The lock is free by now: `f` runs a user's code.
        let (remaining, version) = (slot.remaining(), Version::number(slot.stamp, 0));
        let raw = Bytes::from(slot.value);
        let entry = Entry::new(&raw).with_remaining(want.remaining.then_some(remaining));
        Ok(Some(f(entry.with_version(want.version.then_some(version)))))
    }

    async fn read_many<R: Send>(
        &self,
        keys: &[&str],
        want: Want,
        mut f: impl FnMut(usize, Entry<'_, Bytes>) -> R + Send,
    ) -> Result<Vec<Option<R>>> {
        let mut found = Vec::with_capacity(keys.len());
        for (index, key) in keys.iter().enumerate() {
            found.push(self.read(key, want, |entry| f(index, entry)).await?);
        }
        Ok(found)
    }

    async fn write(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<()> {
        self.change(key, |_| Ok((Some((raw.into(), end(ttl))), ())))
    }

    async fn write_many(&self, pairs: Vec<(&str, Bytes)>, ttl: Option<Duration>) -> Result<()> {
        pairs
            .into_iter()
            .try_for_each(|(key, raw)| self.change(key, |_| Ok((Some((raw.into(), end(ttl))), ()))))
    }

    async fn add(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<bool> {
        self.change(key, |there| {
            Ok((there.is_none().then(|| (raw.into(), end(ttl))), there.is_none()))
        })
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.change(key, |there| Ok((there.map(|_| GONE), there.is_some())))
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        let mut count = 0;
        for key in keys {
            count += u64::from(self.delete(key).await?);
        }
        Ok(count)
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        Ok(self.lock().alive(key).is_some())
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        self.change(key, |there| {
            let not_a_number = || Error::new(ErrorKind::NotAnInteger, "");
            let number = |slot: &Slot| {
                Bytes::copy_from_slice(&slot.value)
                    .integer()
                    .ok_or_else(not_a_number)
            };
            let sum = there.map_or(Ok(0), number)?.checked_add(delta);
            let sum = sum.ok_or_else(|| Error::new(ErrorKind::Overflow, "the counter keeps its value"))?;
            let ends = there.map_or_else(|| end(ttl), |slot| slot.ends);
            Ok((Some((Bytes::from_integer(sum).into(), ends)), sum))
        })
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        self.change(key, |there| {
            Ok((there.map(|slot| (slot.value.clone(), end(ttl))), there.is_some()))
        })
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        Ok(self.lock().alive(key).map_or(Remaining::Missing, Slot::remaining))
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        let keys: Vec<String> = self
            .lock()
            .slots
            .keys()
            .filter(|key| key.starts_with(prefix))
            .cloned()
            .collect();
        keys.iter()
            .try_for_each(|key| self.change(key, |there| Ok((there.map(|_| GONE), ()))))
    }

    async fn clear_all(&self) -> Result<()> {
        self.clear("").await
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: Bytes,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        self.change(key, |there| {
            let same = there.is_some_and(|slot| slot.is_of(version));
            Ok((same.then(|| (raw.into(), end(ttl))), same))
        })
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        self.change(key, |there| {
            let same = there.is_some_and(|slot| slot.is_of(version));
            Ok((same.then_some(GONE), same))
        })
    }

    async fn raw(&self, _: &[&[u8]]) -> Result<Reply> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "a journal has no commands of its own",
        ))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        self.lock().file = None;
        Ok(())
    }
}
