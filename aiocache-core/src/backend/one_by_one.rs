//! What a backend need not write: commands over several keys, one key after the other, and a look at one key.

use std::time::Duration;

use super::{Backend, Entry, Want};
use crate::error::Result;

/// [`Backend::read_many`] by reads.
pub(super) async fn read_many<B: Backend + ?Sized, R: Send>(
    backend: &B,
    keys: &[&str],
    want: Want,
    mut f: impl FnMut(usize, Entry<'_, B::Raw>) -> R + Send,
) -> Result<Vec<Option<R>>> {
    let mut found = Vec::with_capacity(keys.len());
    for (index, key) in keys.iter().enumerate() {
        let read = backend.read(key, want, |entry| f(index, entry)).await;
        found.push(read.map_err(|error| error.with_index(index))?);
    }
    Ok(found)
}

/// [`Backend::write_many`] by writes.
pub(super) async fn write_many<B: Backend + ?Sized>(
    backend: &B,
    pairs: Vec<(&str, B::Raw)>,
    ttl: Option<Duration>,
) -> Result<()> {
    check(backend, pairs.iter().map(|(key, _)| *key))?;
    for (index, (key, raw)) in pairs.into_iter().enumerate() {
        let written = backend.write(key, raw, ttl).await;
        written.map_err(|error| error.with_index(index))?;
    }
    Ok(())
}

/// [`Backend::delete_many`] by deletes.
pub(super) async fn delete_many<B: Backend + ?Sized>(backend: &B, keys: &[&str]) -> Result<u64> {
    check(backend, keys.iter().copied())?;
    let mut count = 0;
    for (index, key) in keys.iter().enumerate() {
        let deleted = backend.delete(key).await;
        count += u64::from(deleted.map_err(|error| error.with_index(index))?);
    }
    Ok(count)
}

/// [`Backend::exists`] by a read.
pub(super) async fn exists<B: Backend + ?Sized>(backend: &B, key: &str) -> Result<bool> {
    Ok(backend.read(key, Want::VALUE, |_| ()).await?.is_some())
}

/// Before anything is changed: a key that is refused half way would leave the ones before it changed.
fn check<'a, B: Backend + ?Sized>(backend: &B, keys: impl Iterator<Item = &'a str>) -> Result<()> {
    let rule = backend.capabilities().keys;
    for (index, key) in keys.enumerate() {
        rule.check(key).map_err(|error| error.with_index(index))?;
    }
    Ok(())
}
