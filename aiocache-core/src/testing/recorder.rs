//! What was asked of a backend, in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Call, Intercept, Verdict};

/// Writes down every call of a backend; put it in front of one with [`Intercepted`](super::Intercepted). Clones share
/// what they write down: one goes into the cache, the other is read.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Recorded>>>);

/// A call that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recorded {
    /// The method of [`Backend`](crate::Backend), such as `"read_many"`.
    pub method: &'static str,
    /// The keys as they are stored; of `clear`, the prefix.
    pub keys: Vec<String>,
    /// The ttl that was written, or the lease of a lock.
    pub ttl: Option<Duration>,
}

impl Recorder {
    /// One that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call since the start or the last [`forget`](Self::forget), in the order in which they began.
    #[must_use]
    pub fn calls(&self) -> Vec<Recorded> {
        self.lock().clone()
    }

    /// The methods of these calls.
    #[must_use]
    pub fn methods(&self) -> Vec<&'static str> {
        self.lock().iter().map(|call| call.method).collect()
    }

    /// How often a method was called.
    #[must_use]
    pub fn count(&self, method: &str) -> usize {
        self.lock().iter().filter(|call| call.method == method).count()
    }

    /// Begins anew.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Recorded>> {
        // A list of calls is whole, whatever panicked beside it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Recorder {
    async fn before(&self, call: &Call<'_>) -> Verdict {
        self.lock().push(Recorded {
            method: call.method,
            keys: call.keys.iter().map(|key| (*key).to_owned()).collect(),
            ttl: call.ttl,
        });
        Verdict::Run
    }
}
