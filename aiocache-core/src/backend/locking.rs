//! Locks, made of the other commands.

use std::time::Duration;

use super::{Backend, Entry, Raw, Want};
use crate::backend::Version;
use crate::error::{Error, ErrorKind, Result};

/// What came of an attempt to take a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Locked {
    /// It is had.
    Taken {
        /// A number that is larger than that of every owner before, where the store can give one.
        fencing: Option<u64>,
    },
    /// Another token has it.
    Refused,
}

impl Locked {
    /// A lock that is had, with its fencing token if there is one.
    #[must_use]
    pub const fn taken(fencing: Option<u64>) -> Self {
        Self::Taken { fencing }
    }
}

/// [`Backend::lock`] by `add`.
pub(super) async fn lock<B: Backend + ?Sized>(
    backend: &B,
    key: &str,
    token: &str,
    lease: Duration,
) -> Result<Locked> {
    let added = backend.add(key, B::Raw::from_token(token), Some(lease)).await?;
    Ok(if added {
        Locked::taken(None)
    } else {
        Locked::Refused
    })
}

/// [`Backend::unlock`] by a read and a comparison.
pub(super) async fn unlock<B: Backend + ?Sized>(backend: &B, key: &str, token: &str) -> Result<bool> {
    // The owner alone writes a lock that it has: who loses the comparison either extends it, or has it no more.
    while let Some(version) = owned(backend, key, token).await? {
        if backend.compare_and_delete(key, &version).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// [`Backend::extend_lock`] by a read and a comparison.
pub(super) async fn extend<B: Backend + ?Sized>(
    backend: &B,
    key: &str,
    token: &str,
    lease: Duration,
) -> Result<bool> {
    while let Some(version) = owned(backend, key, token).await? {
        let raw = B::Raw::from_token(token);
        if backend.compare_and_set(key, raw, Some(lease), &version).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The version of a lock, if it has this token.
async fn owned<B: Backend + ?Sized>(backend: &B, key: &str, token: &str) -> Result<Option<Version>> {
    let look = |entry: Entry<'_, B::Raw>| (entry.raw.token() == Some(token)).then_some(entry.version);
    match backend.read(key, Want::VERSION, look).await?.flatten() {
        None => Ok(None),
        Some(Some(version)) => Ok(Some(version)),
        Some(None) => Err(Error::new(
            ErrorKind::Unsupported,
            "this store cannot compare, so a lock in it ends with its lease and no sooner",
        )),
    }
}
