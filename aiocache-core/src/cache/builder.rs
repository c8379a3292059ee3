//! How a cache is put together.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{Cache, Core, Extras, Namespace};
use crate::backend::Backend;
use crate::breaker::{Breaker, BreakerSettings};
use crate::error::{Error, ErrorKind, Result};
use crate::events::{StoreWatch, Watchers};
use crate::load::Flights;
use crate::plugin::Plugin;
use crate::recovery::{Recovery, RecoverySettings};
use crate::stats::Counts;
use crate::trouble::Trouble;
use crate::ttl::{self, Ttl};

/// As in aiocache.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Puts a [`Cache`] together. Nothing connects before the first command.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use aiocache_core::{Bytes, Cache, HitMissRatioPlugin, JsonSerializer, MemoryBackend};
///
/// let cache = Cache::builder(MemoryBackend::<Bytes>::new())
///     .namespace("users")
///     .ttl(Duration::from_secs(600))
///     .serializer(JsonSerializer)
///     .plugin(HitMissRatioPlugin::new())
///     .name("users")
///     .build();
/// assert_eq!(cache.stored_key("42"), "users:42");
/// ```
#[must_use]
pub struct CacheBuilder<B: Backend, S> {
    backend: B,
    serializer: S,
    extras: Extras,
    namespace: Option<Arc<Namespace>>,
    name: Option<Box<str>>,
    ttl: Ttl,
    timeout: Option<Duration>,
    breaker: Option<BreakerSettings>,
    recovery: Option<RecoverySettings>,
    #[cfg(feature = "metrics")]
    metrics: bool,
}

impl<B: Backend> CacheBuilder<B, B::Serializer> {
    pub(super) fn new(backend: B) -> Self {
        Self {
            backend,
            serializer: B::Serializer::default(),
            extras: Extras::default(),
            namespace: None,
            name: None,
            ttl: Ttl::Never,
            timeout: Some(DEFAULT_TIMEOUT),
            breaker: Some(BreakerSettings::new()),
            recovery: None,
            #[cfg(feature = "metrics")]
            metrics: false,
        }
    }
}

impl<B: Backend, S> CacheBuilder<B, S> {
    /// Another serializer than the backend's own.
    pub fn serializer<S2>(self, serializer: S2) -> CacheBuilder<B, S2> {
        CacheBuilder {
            backend: self.backend,
            serializer,
            extras: self.extras,
            namespace: self.namespace,
            name: self.name,
            ttl: self.ttl,
            timeout: self.timeout,
            breaker: self.breaker,
            recovery: self.recovery,
            #[cfg(feature = "metrics")]
            metrics: self.metrics,
        }
    }

    /// A namespace in front of every key. `:` and `%` in it are percent-escaped, so that no two pairs of namespace
    /// and key meet. Without one, and with an empty one, the cache addresses the whole store.
    pub fn namespace(mut self, namespace: impl AsRef<str>) -> Self {
        self.namespace = Namespace::escaped(namespace.as_ref());
        self
    }

    /// A namespace stored as it is, for keys shared with other programs. With a `:` in it, namespace `a` with key
    /// `b:c` and namespace `a:b` with key `c` are the same entry.
    pub fn namespace_verbatim(mut self, namespace: impl AsRef<str>) -> Self {
        self.namespace = Namespace::verbatim(namespace.as_ref());
        self
    }

    /// The rule that makes the stored key from the namespace (empty if there is none) and the key; without one it
    /// is `namespace:key`.
    ///
    /// `clear` deletes what begins with `namespace:`, so with another rule it deletes other keys than this handle
    /// writes.
    pub fn key_builder(mut self, build: impl Fn(&str, &str) -> String + Send + Sync + 'static) -> Self {
        self.extras.key_builder = Some(Arc::new(build));
        self
    }

    /// One plugin more, after the others.
    pub fn plugin(mut self, plugin: impl Plugin) -> Self {
        self.extras.plugins.push(Arc::new(plugin));
        self
    }

    /// Lets the debug events and spans of `tracing` show what `show` makes of a stored key: all of it with
    /// `str::to_owned`, or as much as holds no personal data. Without this they show no keys. Values are never shown.
    pub fn log_keys(mut self, show: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.extras.show_key = Some(Arc::new(show));
        self
    }

    /// Measures this cache through the `metrics` facade: commands, loads, evictions, sizes, the breaker. The guide's
    /// page about observability lists the names.
    ///
    /// Install the recorder before the first command: what was looked up before it came stays silent. A hit in
    /// process costs somewhat more with it.
    #[cfg(feature = "metrics")]
    #[cfg_attr(docsrs, doc(cfg(feature = "metrics")))]
    pub fn metrics(mut self) -> Self {
        self.metrics = true;
        self
    }

    /// How long values live unless a call says otherwise; for ever if this is not called.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// How long each command may take, plugins included; 5 s if this is not called. `None` and zero turn it off.
    ///
    /// A store in process is timed only when a plugin is attached.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into().filter(|timeout| !timeout.is_zero());
        self
    }

    /// When to stop asking a store that does not answer; `None` asks it every time. A store in process is always
    /// asked.
    pub fn breaker(mut self, breaker: impl Into<Option<BreakerSettings>>) -> Self {
        self.breaker = breaker.into();
        self
    }

    /// Keeps writes and deletes that fail because the store does not answer, and repeats them when it does; not done if
    /// this is not called. A store in process needs none.
    ///
    /// The caller gets its error all the same, and need not do anything about it: this is for invalidations above all,
    /// whose loss would leave something old in the store. The last `set`, `multi_set`, `delete` or `multi_delete` of each
    /// key counts, and the store of what a cached function returned; a later one that succeeds takes an earlier one out.
    /// A value is written for what is left of its ttl, and a delete takes its place when that is over.
    ///
    /// Until a key is repeated, reads of it repeat it first, and so do `add`, `increment`, `expire` and comparing writes. If
    /// that fails they fail, and a cached function runs: nothing older is served. Those commands are not kept themselves,
    /// because one whose answer was lost would be done twice. A `clear` takes out what is kept in its namespace; it is
    /// not kept either, and one that fails leaves deletes of those keys.
    ///
    /// What is kept is in this process, for as long as the cache lives; [`close`](Cache::close) tries it once more.
    /// Another process that writes the same keys meanwhile is not known of, and is overwritten.
    /// [`Cache::stats`] counts what waits, what was repeated and what was lost.
    pub fn recover(mut self, recovery: impl Into<Option<RecoverySettings>>) -> Self {
        self.recovery = recovery.into();
        self
    }

    /// The name in logs and metrics; the backend's name if this is not called.
    pub fn name(mut self, name: impl Into<Box<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The cache.
    ///
    /// # Panics
    /// If the options make no sense, with what to do instead; [`try_build`](Self::try_build) gives that as an error.
    #[must_use]
    pub fn build(self) -> Cache<B, S> {
        match self.try_build() {
            Ok(cache) => cache,
            Err(error) => panic!("{error}"),
        }
    }

    /// The cache, for options that come from outside.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidTtl`] if the ttl is zero, or finer than the store counts; [`ErrorKind::InvalidConfig`] if the
    /// name is empty.
    pub fn try_build(self) -> Result<Cache<B, S>> {
        let capabilities = self.backend.capabilities();
        let ttl = self.ttl.resolve(None);
        ttl::check(ttl, capabilities.ttl_resolution)?;
        if self.name.as_deref() == Some("") {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "the name of a cache is empty; leave it out instead",
            ));
        }
        let name = self.name.unwrap_or_else(|| self.backend.name().into());
        let breaker = self.breaker.filter(|_| !capabilities.local).map(Breaker::new);
        let flights = Flights::new(&capabilities);
        let recovery = self.recovery.filter(|_| !capabilities.local);
        // A write waits for a store of the same key, and then for its own answer. Where failed writes are repeated, a
        // command may wait for several replays, which no deadline of the store bounds.
        let longest = capabilities
            .deadline
            .filter(|_| recovery.is_none())
            .and_then(|deadline| deadline.checked_add(flights.store_wait().unwrap_or_default()));
        let trouble: Arc<Trouble> = Arc::default();
        let plugins = self.extras.plugins.clone();
        #[cfg_attr(
            not(feature = "metrics"),
            expect(unused_mut, reason = "the metrics are set afterwards")
        )]
        let mut watchers = Watchers::new(&name, capabilities.local, plugins, Arc::clone(&trouble));
        #[cfg(feature = "metrics")]
        if self.metrics {
            watchers.measure();
        }
        let watchers = Arc::new(watchers);
        self.backend.watch(StoreWatch::new(Arc::clone(&watchers)));
        let core = Core {
            backend: self.backend,
            flights: Arc::new(flights),
            longest,
            locks: Arc::default(),
            capabilities,
            name,
            trouble,
            watchers,
            counts: Counts::default(),
            background: Arc::default(),
            breaker,
            recovery: recovery.map(|settings| Arc::new(Recovery::new(settings))),
            timeout: self.timeout,
        };
        Ok(Cache {
            plain: core.is_plain(&self.extras),
            core: Arc::new(core),
            serializer: Arc::new(self.serializer),
            extras: Arc::new(self.extras),
            namespace: self.namespace,
            ttl,
            timeout: self.timeout,
            disabled: false,
        })
    }
}

impl<B: Backend, S> fmt::Debug for CacheBuilder<B, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheBuilder")
            .field("backend", &self.backend.name())
            .field("name", &self.name)
            .field("ttl", &self.ttl)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
