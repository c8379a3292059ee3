//! What a load may and must do.

use std::any::Any;
use std::time::Duration;

use crate::ttl::Ttl;

/// Longer than almost any load; a caller that has waited this long runs its own.
const DEFAULT_MAX_WAIT: Duration = Duration::from_secs(30);

/// How a value is loaded and stored: the options of [`Cache::get_or_load`](crate::Cache::get_or_load), and of the
/// macros.
#[derive(Debug, Clone)]
#[must_use]
pub struct Policy {
    pub(crate) ttl: Ttl,
    pub(crate) none_ttl: Option<Ttl>,
    pub(crate) max_wait: Duration,
    pub(crate) share_error: Option<ShareError>,
    pub(crate) lease: Option<Duration>,
}

impl Policy {
    /// The handle's ttl, a wait of at most 30 s for another caller's load, errors not shared.
    pub const fn new() -> Self {
        Self {
            ttl: Ttl::Default,
            none_ttl: None,
            max_wait: DEFAULT_MAX_WAIT,
            share_error: None,
            lease: None,
        }
    }

    /// How long a loaded value lives.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// How long a cached `None` lives; as long as a value if this is not called.
    pub fn none_ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.none_ttl = Some(ttl.into());
        self
    }

    /// How long a caller waits for another's load of the same key before it runs its own. Outside a tokio runtime
    /// there is no timer, and the wait has no bound. In a runtime without `enable_time`, tokio panics; give
    /// [`Duration::MAX`] there.
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
    /// then load. If the store does not answer, the load runs without it. A store in this process has no lock, as the
    /// rule of one load per key in a process does the same. It is for
    /// [`get_or_load`](crate::Cache::get_or_load): loads of many keys have none.
    ///
    /// It saves loads, and does not promise that there is but one: see [`RedLock`](crate::RedLock).
    pub const fn lease(mut self, lease: Duration) -> Self {
        self.lease = if lease.is_zero() { None } else { Some(lease) };
        self
    }

    pub(crate) fn none_ttl_or_ttl(&self) -> Ttl {
        self.none_ttl.unwrap_or(self.ttl)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new()
    }
}

type AnyError = Box<dyn Any + Send + Sync>;

/// A function that clones an error of the type it knows.
#[derive(Clone, Copy)]
pub(crate) struct ShareError(fn(&dyn Any) -> Option<AnyError>);

impl ShareError {
    /// A clone of the error, if it has that type.
    pub(crate) fn copy(self, error: &dyn Any) -> Option<AnyError> {
        (self.0)(error)
    }
}

impl std::fmt::Debug for ShareError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShareError")
    }
}

/// What the macros write.
impl Policy {
    #[doc(hidden)]
    pub const fn __ttl_nanos(mut self, nanos: u64) -> Self {
        self.ttl = Ttl::After(Duration::from_nanos(nanos));
        self
    }

    #[doc(hidden)]
    pub const fn __ttl_never(mut self) -> Self {
        self.ttl = Ttl::Never;
        self
    }

    #[doc(hidden)]
    pub fn __ttl(self, ttl: impl Into<Ttl>) -> Self {
        self.ttl(ttl)
    }

    #[doc(hidden)]
    pub const fn __none_ttl_nanos(mut self, nanos: u64) -> Self {
        self.none_ttl = Some(Ttl::After(Duration::from_nanos(nanos)));
        self
    }

    #[doc(hidden)]
    pub const fn __none_ttl_never(mut self) -> Self {
        self.none_ttl = Some(Ttl::Never);
        self
    }

    #[doc(hidden)]
    pub fn __none_ttl(self, ttl: impl Into<Ttl>) -> Self {
        self.none_ttl(ttl)
    }

    #[doc(hidden)]
    pub const fn __lease_nanos(self, nanos: u64) -> Self {
        self.lease(Duration::from_nanos(nanos))
    }

    #[doc(hidden)]
    pub const fn __max_wait_nanos(self, nanos: u64) -> Self {
        self.max_wait(Duration::from_nanos(nanos))
    }
}
