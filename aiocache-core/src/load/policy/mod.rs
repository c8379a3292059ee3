//! What a load may and must do.

pub(super) mod checks;
pub(super) mod context;
pub(super) mod hooks;
pub(super) mod lifetime;
pub(super) mod loads;
pub(super) mod mode;
pub(super) mod share_error;
pub(super) mod timeout;

use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use crate::ttl::Ttl;
use lifetime::{Ageing, Lifetime};
use loads::{Loads, millionths, nanos, time};
use mode::{Inline, Mode};
use share_error::ShareError;

/// Longer than almost any load; a caller that has waited this long runs its own.
const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(30);

/// Some stores cannot count further than the year 2038, and a grace that they shorten would make every value old.
const LONGEST_GRACE: Duration = Duration::from_secs(365 * 86_400);

/// How a value is loaded and stored: the options of [`Cache::get_or_load`](crate::Cache::get_or_load), and of the
/// macros. It can be a `static` or `const`, to be shared by name.
///
/// `M` says where loads run: inside their caller ([`Inline`]), or in tasks ([`Background`](crate::Background)), where
/// they own what they need. Each option that needs more of a load, or of its error, says so in the type of the policy, so
/// that a call which does not have it does not compile.
///
/// # Examples
/// ```
/// # use std::time::Duration;
/// use aiocache_core::{Background, Policy};
///
/// static PATIENT: Policy = Policy::new().grace(Duration::from_secs(3600));
/// static QUICK: Policy<Background> = Policy::new()
///     .grace(Duration::from_secs(3600))
///     .soft_timeout(Duration::from_millis(50))
///     .refresh_ahead(0.8);
/// ```
#[must_use]
pub struct Policy<M = Inline> {
    pub(crate) ttl: Ttl,
    pub(crate) none_ttl: Option<Ttl>,
    pub(crate) max_wait: Duration,
    pub(crate) share_error: Option<ShareError>,
    loads: Loads,
    mode: PhantomData<fn() -> M>,
}

impl Policy {
    /// The handle's ttl, a wait of at most 30 s for another caller's load, errors not shared, no value served after its
    /// ttl.
    pub const fn new() -> Self {
        Self {
            ttl: Ttl::Default,
            none_ttl: None,
            max_wait: DEFAULT_MAX_WAIT,
            share_error: None,
            loads: Loads::NONE,
            mode: PhantomData,
        }
    }
}

/// What is stored, and how callers wait for each other.
impl<M> Policy<M> {
    /// How long a loaded value lives.
    pub fn ttl(self, ttl: impl Into<Ttl>) -> Self {
        self.const_ttl(ttl.into())
    }

    /// The same as [`ttl`](Self::ttl) in a `const` or `static`.
    pub const fn const_ttl(mut self, ttl: Ttl) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long a cached `None` lives; as long as a value if this is not called.
    pub fn none_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.none_ttl = Some(ttl.into());
        self
    }

    /// How long a caller waits for another's load of the same key before it runs its own, or serves the old value if
    /// there is one. Where there are no timers (outside a tokio runtime, or in one built without
    /// `enable_time`) the wait has no bound.
    pub const fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait;
        self
    }

    /// Gives an error of type `E` to those who wait for the load at that time. Without it, each of them runs a load
    /// of its own at once. The macros do this by themselves where the error is `Clone`.
    pub fn share_error<E: Clone + Send + Sync + 'static>(mut self) -> Self {
        self.share_error = Some(ShareError(|error| {
            let error = error.downcast_ref::<E>()?;
            Some(Box::new(error.clone()))
        }));
        self
    }

    /// Lets one process load at a time, by a lock of the key in the store; zero is none, as if this is not called.
    ///
    /// The lock lasts for `lease` and is renewed until what was loaded is stored, so the lease is what it costs the
    /// others when a process dies. They wait for its end or for the value, at most [`max_wait`](Self::max_wait), and
    /// then load. If the store does not answer, the load runs without it, but not before a lease has passed since
    /// another process was last heard to have it. A store in this process has no lock, as the rule of one load per key
    /// in a process does the same. It is for
    /// [`get_or_load`](crate::Cache::get_or_load). Loads of many keys take none, for they would need one for each key; a
    /// policy with a lease is not refused there, so that one policy can serve both.
    ///
    /// It saves loads, and does not promise that there is but one: see [`RedLock`](crate::RedLock).
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.loads.lease = if lease.is_zero() {
            Loads::NO_TIME
        } else {
            nanos(lease)
        };
        self
    }

    /// Shortens each value's ttl by a random part of it, at most this share, so that values stored together do not
    /// expire together. None lives longer than its ttl. memcached rounds up to whole seconds.
    ///
    /// # Panics
    /// If the share is not at least 0 and less than 1, or not less than that of [`refresh_ahead`](Self::refresh_ahead).
    pub const fn jitter(mut self, share: f64) -> Self {
        assert!(
            share >= 0.0 && share < 1.0,
            "the jitter is a share of the ttl: at least 0, less than 1"
        );
        self.loads.jitter = millionths(share);
        self.checked()
    }
}

/// What is served while the source is slow or fails.
impl<M: Mode> Policy<M> {
    /// How long a value is kept beyond its ttl, to be served when a load fails. It is served as [`Source::Stale`], and
    /// the source is left alone for the [`back_off`](Self::back_off). Staleness is bounded by this, also when the source
    /// never comes back. Zero is none, and more than a year counts as a year.
    ///
    /// How old a value is follows from its remaining ttl in the store: it is stale when that is no more than the grace.
    /// So a value that was written without this grace is old early. Where a store cannot tell the remaining ttl
    /// (memcached before 1.6), every value counts as stale: each call loads, and one that fails gets the value there is.
    ///
    /// [`Source::Stale`]: crate::Source::Stale
    pub const fn grace(mut self, grace: Duration) -> Self {
        let (grace, longest) = (nanos(grace), nanos(LONGEST_GRACE));
        self.loads.grace = if grace < longest { grace } else { longest };
        self
    }

    /// How long a source is left alone after it failed, while there is an old value to serve; 10 s if this is not
    /// called. A write, a delete and a load that succeeds end it. Without an old value, each call asks the source.
    pub const fn back_off(mut self, back_off: Duration) -> Self {
        self.loads.back_off = nanos(back_off);
        self
    }

    /// How long a caller waits for a load where there is an old value to serve in its place. The load goes on in the
    /// background and fills the cache. Zero serves the old value at once (stale while revalidate).
    ///
    /// Without a tokio runtime there is no background, and the load runs in its caller, to its end.
    ///
    /// # Panics
    /// If no [`grace`](Self::grace) was given before: nothing would be there to serve.
    pub const fn soft_timeout(mut self, soft_timeout: Duration) -> Policy<M::InBackground> {
        assert!(
            self.loads.grace != 0,
            "a soft timeout serves an old value, and without a grace there is none: call `grace` before it"
        );
        self.loads.soft_timeout = nanos(soft_timeout);
        self.into_mode()
    }

    /// How long a load may take. It is then dropped and its key is free; the call serves the old value if there is one,
    /// and otherwise what `on_timeout` says, or its error, made from [`Error`](crate::Error) by `From`. Where there are no
    /// timers (outside a tokio runtime, or in one built without `enable_time`) there is no timeout.
    ///
    /// # Panics
    /// If it is zero.
    pub const fn hard_timeout(mut self, hard_timeout: Duration) -> Policy<M::Timed> {
        assert!(!hard_timeout.is_zero(), "a hard timeout of 0 drops every load");
        self.loads.hard_timeout = nanos(hard_timeout);
        self.into_mode()
    }

    /// The share of its ttl after which a value is loaded anew: the first call from then on starts the load in the
    /// background, and it and all others get the present value at once. No timer runs, so a value that nobody asks for
    /// expires. The ttl it is a share of is the policy's. One load at a time runs, and none while another caller loads
    /// or the source is left alone after a failure.
    ///
    /// Without a tokio runtime nothing is loaded ahead.
    ///
    /// # Panics
    /// If the share is not between 0 and 1, or not more than that of [`jitter`](Self::jitter): what jitter shortens so
    /// far would be loaded anew by every call.
    pub const fn refresh_ahead(mut self, share: f64) -> Policy<M::InBackground> {
        assert!(
            share > 0.0 && share < 1.0,
            "a value is refreshed after a share of its ttl: more than 0, less than 1"
        );
        self.loads.refresh_ahead = millionths(share);
        self.checked().into_mode()
    }

    /// Runs loads in tasks of their own, which go on if their callers go away.
    ///
    /// A call that outlives the runtime of its load's task, on another executor, answers with the old value, and panics
    /// where there is none.
    pub const fn detached(self) -> Policy<M::InBackground> {
        self.into_mode()
    }
}

impl<M> Policy<M> {
    const fn checked(self) -> Self {
        let Loads {
            refresh_ahead,
            jitter,
            ..
        } = self.loads;
        assert!(
            refresh_ahead == 0 || jitter < refresh_ahead,
            "the jitter is to be less than the share of `refresh_ahead`: what it shortens that far would be loaded anew by every call"
        );
        self
    }

    pub(crate) const fn into_mode<N>(self) -> Policy<N> {
        Policy {
            ttl: self.ttl,
            none_ttl: self.none_ttl,
            max_wait: self.max_wait,
            share_error: self.share_error,
            loads: self.loads,
            mode: PhantomData,
        }
    }
}

/// What the engine asks.
impl<M> Policy<M> {
    /// Whether the age of a value matters.
    #[inline]
    pub(super) const fn ages(&self) -> bool {
        self.loads.grace != 0 || self.loads.refresh_ahead != 0
    }

    /// How old a value is, by what the store says is left of it.
    pub(super) const fn ageing(&self) -> Ageing {
        Ageing {
            grace: Duration::from_nanos(self.loads.grace),
            refresh_ahead: self.loads.refresh_ahead,
        }
    }

    /// How long a value is stored.
    pub(crate) const fn lifetime(&self) -> Lifetime {
        self.lifetime_of(self.ttl)
    }

    /// How long a `None` is stored.
    pub(crate) fn none_lifetime(&self) -> Lifetime {
        self.lifetime_of(self.none_ttl.unwrap_or(self.ttl))
    }

    /// How long something with this ttl is stored.
    pub(crate) const fn lifetime_of(&self, ttl: Ttl) -> Lifetime {
        Lifetime {
            ttl,
            jitter: self.loads.jitter,
            grace: Duration::from_nanos(self.loads.grace),
        }
    }

    /// How long to leave a source alone that failed.
    pub(super) const fn failure_lasts(&self) -> Duration {
        Duration::from_nanos(if self.ages() { self.loads.back_off } else { 0 })
    }

    /// How long the store's lock around a load lasts.
    pub(super) const fn lock_lease(&self) -> Option<Duration> {
        time(self.loads.lease)
    }

    /// How long a caller with an old value waits.
    pub(super) const fn soft(&self) -> Option<Duration> {
        time(self.loads.soft_timeout)
    }

    /// How long a load may take.
    pub(super) const fn hard(&self) -> Option<Duration> {
        time(self.loads.hard_timeout)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> Clone for Policy<M> {
    fn clone(&self) -> Self {
        Self { ..*self }
    }
}

impl<M> fmt::Debug for Policy<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("ttl", &self.ttl)
            .field("none_ttl", &self.none_ttl)
            .field("max_wait", &self.max_wait)
            .field("loads", &self.loads)
            .finish_non_exhaustive()
    }
}
