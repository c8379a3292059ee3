//! The handle that everything goes through.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::{Backend, Capabilities, KeyRule};
use crate::background::Background;
use crate::breaker::Breaker;
use crate::events::Watchers;
use crate::key::KeyBuf;
use crate::load::Flights;
use crate::lock::Locks;
use crate::plugin::ErasedPlugin;
use crate::recovery::Recovery;
use crate::stats::Counts;
use crate::trouble::Trouble;

// In the order in which the documentation is to list the public methods.
mod handle;

mod commands;
mod multi;
mod whole;

mod call;
mod loading;

mod bulk;
mod tell;

// The rest.
mod ask;
mod builder;
mod evict;
mod namespace;
mod now;
mod run;
mod turn;

pub use builder::CacheBuilder;
pub use evict::{AnyReturned, Entries, Evicting, Returned};
pub use loading::Loading;
pub(crate) use namespace::Namespace;

/// A user's rule for stored keys: namespace (empty if there is none) and key in, stored key out.
type KeyBuilder = dyn Fn(&str, &str) -> String + Send + Sync;

/// A user's rule for what the log shows of a stored key.
type ShowKey = dyn Fn(&str) -> String + Send + Sync;

/// A cache over a backend: a handle that is cheap to clone and can live in a `static`.
///
/// Commands have the names and the meaning they have in aiocache. A miss is `None`; what can go wrong is an
/// [`Error`](crate::Error). `with_…` derives a handle that differs in one thing and shares everything else, so
/// `cache.with_ttl(ttl).set(…)` is a call with its own ttl.
///
/// Make one cache of a backend and derive the others from it: single flight, and the rule that a write beats a
/// load under way, hold among handles that come from one [`Cache::builder`].
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use aiocache_core::{Cache, MemoryBackend};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// let cache: Cache<MemoryBackend> = Cache::builder(MemoryBackend::new()).namespace("users").build();
/// cache.set("42", "Ada").await?;
/// assert_eq!(cache.get::<String>("42").await?.as_deref(), Some("Ada"));
/// cache.with_ttl(Duration::from_secs(5)).set("7", "Max").await?; // a ttl for this call
/// # Ok(()) }
/// ```
pub struct Cache<B: Backend, S = <B as Backend>::Serializer> {
    pub(crate) core: Arc<Core<B>>,
    pub(crate) serializer: Arc<S>,
    extras: Arc<Extras>,
    namespace: Option<Arc<Namespace>>,
    ttl: Option<Duration>,
    timeout: Option<Duration>,
    disabled: bool,
    /// A read is nothing but the store's own work, under the key as it was built.
    plain: bool,
}

/// What all handles of a cache share.
pub(crate) struct Core<B: Backend> {
    pub(crate) backend: B,
    pub(crate) capabilities: Capabilities,
    pub(crate) name: Box<str>,
    pub(crate) flights: Arc<Flights<B::Raw>>,
    pub(crate) locks: Arc<Locks>,
    pub(crate) trouble: Arc<Trouble>,
    pub(crate) watchers: Arc<Watchers>,
    pub(crate) counts: Counts,
    pub(crate) background: Arc<Background>,
    /// A store in process has none.
    breaker: Option<Breaker>,
    /// Likewise.
    pub(crate) recovery: Option<Arc<Recovery<B::Raw>>>,
    /// The timeout given to the builder.
    timeout: Option<Duration>,
    /// The longest that a command takes by the store's own deadlines, if it has such.
    longest: Option<Duration>,
}

/// What few handles have.
#[derive(Clone, Default)]
struct Extras {
    plugins: Vec<Arc<dyn ErasedPlugin>>,
    key_builder: Option<Arc<KeyBuilder>>,
    /// What the log may show of a stored key.
    show_key: Option<Arc<ShowKey>>,
}

impl<B: Backend, S> Cache<B, S> {
    /// Whether this handle, or every cache, is switched off.
    pub(crate) fn is_off(&self) -> bool {
        self.disabled || crate::disabled::is_disabled()
    }

    /// Whether a read is nothing but the store's own work, and nobody listens.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
            && self.core.watchers.leave_it_bare()
            && !crate::trace::is_on()
            && crate::disabled::are_on()
    }

    pub(crate) fn namespace_arc(&self) -> Option<Arc<Namespace>> {
        self.namespace.clone()
    }

    /// A key buffer that starts with the namespace.
    pub(crate) fn key_buffer(&self) -> KeyBuf {
        KeyBuf::with_prefix(self.prefix())
    }

    /// What stands in front of this handle's keys, empty without a namespace.
    #[inline]
    fn prefix(&self) -> &str {
        self.namespace.as_ref().map_or("", |namespace| namespace.prefix())
    }

    fn stored(&self, key: &str) -> KeyBuf {
        let mut buffer = self.key_buffer();
        buffer.__text(key);
        self.finish(&mut buffer);
        buffer
    }

    /// Applies the user's rule, and the store's own.
    pub(crate) fn finish(&self, key: &mut KeyBuf) {
        if let Some(build) = &self.extras.key_builder {
            // A call may name another namespace than its cache; that one is known only as it is stored.
            let own = self.prefix() == key.prefix();
            let namespace = if own {
                self.namespace().unwrap_or_default()
            } else {
                key.namespace()
            };
            let stored = build(namespace, key.bare());
            key.set_text(&stored);
        }
        key.fit(self.core.capabilities.keys);
    }

    /// Whether [`finish`](Self::finish) could change a key.
    pub(crate) fn has_key_rules(&self) -> bool {
        self.extras.key_builder.is_some() || self.core.capabilities.keys != crate::backend::KeyRule::Any
    }
}

impl<B: Backend, S> Clone for Cache<B, S> {
    fn clone(&self) -> Self {
        Self {
            core: Arc::clone(&self.core),
            serializer: Arc::clone(&self.serializer),
            extras: Arc::clone(&self.extras),
            namespace: self.namespace.clone(),
            ttl: self.ttl,
            timeout: self.timeout,
            disabled: self.disabled,
            plain: self.plain,
        }
    }
}

impl<B: Backend> Drop for Core<B> {
    fn drop(&mut self) {
        if let Some(recovery) = &self.recovery {
            // Its task is to see that there is nothing to do any more.
            recovery.wake();
        }
    }
}

impl<B: Backend> Core<B> {
    /// Whether a handle with these extras reads as [`Cache::plain`] says.
    fn is_plain(&self, extras: &Extras) -> bool {
        let Capabilities { local, keys, .. } = self.capabilities;
        local && keys == KeyRule::Any && extras.key_builder.is_none() && extras.plugins.is_empty()
    }
}

impl<B: Backend, S> fmt::Debug for Cache<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("name", &self.core.name)
            .field("backend", &self.core.backend.name())
            .field("namespace", &self.namespace())
            .field("ttl", &self.ttl)
            .field("timeout", &self.timeout)
            .field("plugins", &self.extras.plugins.len())
            .finish_non_exhaustive()
    }
}
