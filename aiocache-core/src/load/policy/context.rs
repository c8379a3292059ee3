//! What a load is told, and what it says of its value.

use std::fmt;
use std::sync::{Arc, PoisonError};

use crate::load::{Hooks, Outcome};
use crate::sync::{Mutex, MutexGuard};
use crate::ttl::Ttl;

/// What a load is told of the value that is there, and what it says of the one it returns.
///
/// It is given by [`Loading::get_with`](crate::Loading::get_with), and by the option `context` of `#[cached]`. A clone
/// speaks of the same load.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use aiocache_core::{Cache, LoadContext, MemoryBackend, Policy};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// static PATIENT: Policy = Policy::new().grace(Duration::from_secs(3600));
/// let cache: Cache<MemoryBackend> = Cache::new();
/// let load = async |context: LoadContext<String>| {
///     assert_eq!(context.stale(), None); // nothing was there
///     context.set_ttl(Duration::from_secs(300)); // the source said so
///     Ok::<_, String>("page".to_owned())
/// };
/// let page = cache.loading("/", &PATIENT).get_with(load).await;
/// assert_eq!(page.as_deref(), Ok("page"));
/// # }
/// ```
pub struct LoadContext<T>(Arc<Mutex<Said<T>>>);

struct Said<T> {
    old: Option<T>,
    ttl: Option<Ttl>,
    skips: bool,
    renews: bool,
}

impl<T> LoadContext<T> {
    /// One that knows of no value, and that nobody listens to: for a load that is called by itself.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(Said {
            old: None,
            ttl: None,
            skips: false,
            renews: false,
        })))
    }

    /// How long the value lives that this load returns, in place of what the policy says. With a `refresh_ahead`, which
    /// is a share of the policy's ttl, a much shorter one is loaded anew at once.
    pub fn set_ttl(&self, ttl: impl Into<Ttl>) {
        self.said().ttl = Some(ttl.into());
    }

    /// The value that this load returns is not stored. An old one is removed.
    pub fn skip_store(&self) {
        self.said().skips = true;
    }

    /// A clone of the value that is there: one beyond its ttl but within its grace, or one that is loaded ahead of its
    /// end. `None` on a miss.
    #[must_use]
    pub fn stale(&self) -> Option<T>
    where
        T: Clone,
    {
        self.said().old.clone()
    }

    /// The same value itself; a second call has none. If the load fails all the same, its caller still has its own.
    #[must_use]
    pub fn take_stale(&self) -> Option<T> {
        self.said().old.take()
    }

    /// The source says that the old value is still good: gives it, to be returned, and has only its ttl written, where
    /// it is still there. `None`, and nothing is said, where there is no old value, or it was taken.
    #[must_use = "the load returns the old value"]
    pub fn not_modified(&self) -> Option<T> {
        let mut said = self.said();
        let old = said.old.take();
        said.renews |= old.is_some();
        old
    }

    fn said(&self) -> MutexGuard<'_, Said<T>> {
        // A `Clone` of the value that panics changes nothing here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for LoadContext<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for LoadContext<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for LoadContext<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadContext").finish_non_exhaustive()
    }
}

/// The engine's end of a context.
#[derive(Debug)]
pub struct Contextual<T>(LoadContext<T>);

impl<T> Contextual<T> {
    pub(crate) fn new(context: &LoadContext<T>) -> Self {
        Self(context.clone())
    }
}

impl<K: Outcome<Value = T>, T> Hooks<K> for Contextual<T> {
    fn skips(&self, _: &T) -> bool {
        self.0.said().skips
    }

    fn ttl(&self, _: &T) -> Option<Ttl> {
        self.0.said().ttl
    }

    fn wants_old(&self) -> bool {
        true
    }

    fn offer_old(&self, old: T) {
        self.0.said().old = Some(old);
    }

    fn renews(&self) -> bool {
        self.0.said().renews
    }
}
