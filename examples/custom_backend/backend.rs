//! The backend: what aiocache asks of a store, each method a few lines over [`Journal::change`].

use std::time::Duration;

use aiocache::{
    Backend, Bytes, Capabilities, Entry, Error, ErrorKind, JsonSerializer, Raw, Remaining, Result, Version,
    Want,
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

    async fn write(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<()> {
        self.change(key, |_| Ok((Some((raw.into(), end(ttl))), ())))
    }

    async fn add(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<bool> {
        self.change(key, |there| {
            Ok((there.is_none().then(|| (raw.into(), end(ttl))), there.is_none()))
        })
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.change(key, |there| Ok((there.map(|_| GONE), there.is_some())))
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        self.change(key, |there| {
            let integer = |slot: &Slot| Bytes::copy_from_slice(&slot.value).integer();
            let number = there.map_or(Some(0), integer);
            let number = number.ok_or_else(|| Error::new(ErrorKind::NotAnInteger, ""))?;
            let sum = number.checked_add(delta);
            let sum = sum.ok_or_else(|| Error::new(ErrorKind::Overflow, ""))?;
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
        let mut keys: Vec<String> = self.lock().slots.keys().cloned().collect();
        keys.retain(|key| key.starts_with(prefix));
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

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        self.lock().file = None;
        Ok(())
    }
}
