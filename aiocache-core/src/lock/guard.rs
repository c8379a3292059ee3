//! What the owner of a lock has in hand.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::AbortHandle;

use super::held::Held;
use crate::backend::Backend;
use crate::error::{Error, Result};

/// A [`RedLock`](super::RedLock) that is had, until it is released, dropped, or its lease runs out.
///
/// Dropped, it is released in the background, as well as that goes: outside a tokio runtime nothing can be sent, and
/// a store on a wire then keeps the lock until its lease ends. A program that ends at once should call
/// [`release`](Self::release).
#[must_use = "the lock is released when this is dropped"]
pub struct LockGuard<B: Backend> {
    /// None for a cache that is switched off, and after the release.
    held: Option<Arc<Held<B>>>,
    keeper: Option<AbortHandle>,
    fencing: Option<u64>,
}

impl<B: Backend> LockGuard<B> {
    /// One that lets go of `held` when it is dropped, whether or not that is had already.
    pub(super) fn over(held: Arc<Held<B>>) -> Self {
        Self {
            held: Some(held),
            keeper: None,
            fencing: None,
        }
    }

    /// One of a cache that is switched off.
    pub(super) fn off() -> Self {
        Self {
            held: None,
            keeper: None,
            fencing: None,
        }
    }

    /// Notes that the lock is had.
    pub(super) fn taken(mut self, fencing: Option<u64>, keep_alive: bool) -> Self {
        self.fencing = fencing;
        if keep_alive {
            self.keeper = self.held.as_ref().and_then(Held::keep_alive);
        }
        self
    }

    /// Forgets a lock that was not had.
    pub(super) fn disarm(mut self) {
        self.held = None;
    }

    /// Releases the lock, and says whether it was still had: if not, its lease ran out, or the store lost it, and
    /// another owner may have been at work at the same time. Another owner's lock is left alone.
    ///
    /// Cancel safe: dropped half way, the release goes on in the background.
    ///
    /// # Errors
    /// Those of a failing store. The release is then tried again in the background, and the lock may stay until its
    /// lease ends.
    pub async fn release(mut self) -> Result<bool> {
        self.stop_keeper();
        let Some(held) = &self.held else { return Ok(true) };
        let unlocked = held.unlock().await;
        if !unlocked.as_ref().is_err_and(Error::is_transient) {
            self.held = None;
        }
        unlocked
    }

    /// Renews the lock for a whole lease from now on, and says whether it was still had. A lock that was lost is not
    /// taken again.
    ///
    /// Cancel safe: dropped half way, it is renewed or not.
    ///
    /// # Errors
    /// Those of a failing store. The lock may then have been renewed or not.
    pub async fn extend(&self) -> Result<bool> {
        match &self.held {
            Some(held) => held.extend().await,
            None => Ok(true),
        }
    }

    /// A number larger than that of every owner before, for what the lock guards: it keeps the largest number that it
    /// has seen, and refuses a write with a smaller one, which comes from an owner whose lease ran out.
    ///
    /// `None` on memcached, which cannot give one, and from a cache that is switched off. On Redis it rises while the
    /// store keeps its data, and after losing them as long as its clock has not run back. In memory it does so in this
    /// process.
    #[must_use]
    pub fn fencing_token(&self) -> Option<u64> {
        self.fencing
    }

    /// How long the lease still lasts by this process's clock, from before it was asked for: zero if it has run out,
    /// or an [`extend`](Self::extend) found it lost. The longest time from a cache that is switched off.
    ///
    /// The store can lose the lock before; only the store knows.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.held.as_ref().map_or(Duration::MAX, |held| held.remaining())
    }

    fn stop_keeper(&mut self) {
        if let Some(keeper) = self.keeper.take() {
            keeper.abort();
        }
    }
}

impl<B: Backend> Drop for LockGuard<B> {
    fn drop(&mut self) {
        self.stop_keeper();
        if let Some(held) = self.held.take() {
            held.unlock_behind();
        }
    }
}

impl<B: Backend> fmt::Debug for LockGuard<B> {
    /// Shows neither key nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("remaining", &self.remaining())
            .field("keeps_alive", &self.keeper.is_some())
            .field("fencing_token", &self.fencing)
            .finish_non_exhaustive()
    }
}
