//! A lock as its owner has it: the token, and what it can do with it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::pace::{self, Pace};
use crate::backend::{Backend, Locked, Raw};
use crate::cache::Cache;
use crate::clock;
use crate::error::Result;
use crate::timer;

/// For how long a store that does not answer is asked to let a lock go; longer leases end it by themselves.
const MOST_TRIES: Duration = Duration::from_secs(30);

/// A lock that an owner has, or tries to get.
pub(super) struct Held<B: Backend> {
    cache: Cache<B, ()>,
    key: Box<str>,
    token: Box<str>,
    lease: Duration,
    /// When the lease surely lasts no longer, by [`clock::now`].
    until: AtomicU64,
}

impl<B: Backend> Held<B> {
    pub(super) fn new(cache: &Cache<B, ()>, key: &str, lease: Duration) -> Self {
        Self {
            cache: cache.clone(),
            key: key.into(),
            token: pace::token(),
            lease,
            until: AtomicU64::new(0),
        }
    }

    /// Tries to take it, with a fencing token if that is wanted.
    pub(super) async fn take(&self, fenced: bool) -> Result<Locked> {
        let (backend, lease) = (&self.cache.core.backend, in_store(&self.cache, self.lease));
        let sent = clock::now();
        let locked = self.cache.run_unhooked("lock", &self.key, async || {
            if fenced {
                return backend.lock(&self.key, &self.token, lease).await;
            }
            let added = backend
                .add(&self.key, B::Raw::from_token(&self.token), Some(lease))
                .await?;
            Ok(if added {
                Locked::taken(None)
            } else {
                Locked::Refused
            })
        });
        let locked = locked.await?;
        if matches!(locked, Locked::Taken { .. }) {
            self.lasts_from(sent);
        }
        Ok(locked)
    }

    /// Renews it for a lease from now on, and says whether it was still had.
    pub(super) async fn extend(&self) -> Result<bool> {
        let (backend, lease) = (&self.cache.core.backend, in_store(&self.cache, self.lease));
        let sent = clock::now();
        let extended = || backend.extend_lock(&self.key, &self.token, lease);
        let extended = self
            .cache
            .run_unhooked("extend_lock", &self.key, extended)
            .await?;
        if extended {
            self.lasts_from(sent);
        } else {
            self.until.store(0, Ordering::Relaxed);
        }
        Ok(extended)
    }

    /// Lets it go, and says whether it was still had.
    pub(super) async fn unlock(&self) -> Result<bool> {
        let unlocked = || self.cache.core.backend.unlock(&self.key, &self.token);
        let unlocked = self.cache.run_unhooked("unlock", &self.key, unlocked).await;
        self.cache.core.locks.released(&self.key);
        unlocked
    }

    /// How long the lease still lasts, by this process's clock.
    pub(super) fn remaining(&self) -> Duration {
        Duration::from_nanos(self.until.load(Ordering::Relaxed).saturating_sub(clock::now()))
    }

    fn lasts_from(&self, sent: u64) {
        // 584 years fit.
        let lease = u64::try_from(self.lease.as_nanos()).unwrap_or(u64::MAX);
        self.until.store(sent.saturating_add(lease), Ordering::Relaxed);
    }

    /// Lets it go without a caller who could wait: at once in process, else in a task; without a runtime, the lease
    /// ends it.
    pub(super) fn unlock_behind(self: Arc<Self>) {
        if self.cache.core.capabilities.local {
            let mut unlock = pin!(self.unlock());
            let _done_at_once = unlock.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        } else if let Ok(runtime) = Handle::try_current() {
            let working = self.cache.core.background.begin();
            runtime.spawn(async move {
                let first = self.unlock().await;
                // A close waits for the first try, not for a store that is away.
                drop(working);
                self.unlock_again(first).await;
            });
        }
    }

    /// Tries again while the store does not answer, until the lease has ended the lock.
    async fn unlock_again(&self, mut unlocked: Result<bool>) {
        let lasts = in_store(&self.cache, self.lease).min(MOST_TRIES);
        let (until, mut pace) = (Instant::now() + lasts, Pace::new());
        while unlocked.is_err_and(|error| error.is_transient())
            && Instant::now() < until
            && timer::are_there()
        {
            tokio::time::sleep(pace.next()).await;
            unlocked = self.unlock().await;
        }
    }

    /// Renews it three times a lease until what this gives is aborted, or it is lost; not where there are no timers.
    pub(super) fn keep_alive(self: &Arc<Self>) -> Option<AbortHandle> {
        let held = Arc::clone(self);
        let keep = async move {
            let third = held.lease / 3;
            let (mut pause, mut pace) = (third, Pace::new());
            loop {
                tokio::time::sleep(pause).await;
                match timer::within(third, held.extend()).await {
                    Some(Ok(false)) => return,
                    Some(Ok(true)) => (pause, pace) = (third, Pace::new()),
                    // A store that does not answer may do so in time for the next one.
                    Some(Err(_)) | None => pause = pace.next().min(third),
                }
            }
        };
        if !timer::are_there() {
            return None;
        }
        Some(Handle::try_current().ok()?.spawn(keep).abort_handle())
    }
}

/// The lease as the store is given it, so that what it stores lasts no shorter than that.
pub(super) fn in_store<B: Backend, S>(cache: &Cache<B, S>, lease: Duration) -> Duration {
    let grain = cache.core.capabilities.ttl_resolution;
    if grain >= Duration::from_secs(1) {
        // A clock that ticks a little late, and tells whole seconds, tells one of them twice as long now and then: a
        // value may go almost two seconds early.
        let least = lease.saturating_add(2 * grain);
        // Up to the whole second that the store makes of it, so that who waits knows how long it may last.
        let parts = u64::from(least.subsec_nanos() > 0);
        Duration::from_secs(least.as_secs().saturating_add(parts))
    } else {
        lease
    }
}
