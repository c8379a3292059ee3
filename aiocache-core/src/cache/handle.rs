//! Handles: how one is made, derived from another, and asked for what it is.

use std::sync::Arc;
use std::time::Duration;

use super::{Cache, CacheBuilder, Extras, Namespace};
use crate::backend::Backend;
use crate::key::Key;
use crate::plugin::Plugin;
use crate::ttl::Ttl;

impl<B: Backend> Cache<B, B::Serializer> {
    /// Starts a cache over `backend`, with the backend's own serializer.
    pub fn builder(backend: B) -> CacheBuilder<B, B::Serializer> {
        CacheBuilder::new(backend)
    }
}

impl<B: Backend + Default> Cache<B, B::Serializer> {
    /// A cache over a new backend with every default.
    #[must_use]
    pub fn new() -> Self {
        Self::builder(B::default()).build()
    }
}

impl<B: Backend + Default> Default for Cache<B, B::Serializer> {
    fn default() -> Self {
        Self::new()
    }
}

impl<B: Backend, S> Cache<B, S> {
    /// The same cache under another namespace, in front of every key.
    ///
    /// `:` and `%` in it are percent-escaped, so no two pairs of namespace and key meet. An empty one is none: the
    /// handle then addresses the whole store.
    #[must_use]
    pub fn with_namespace(&self, namespace: impl AsRef<str>) -> Self {
        Self {
            namespace: Namespace::escaped(namespace.as_ref()),
            ..self.clone()
        }
    }

    /// The same cache with another time to live for what this handle writes.
    ///
    /// [`Ttl::Default`] leaves it as it is. A zero is refused by each write with
    /// [`ErrorKind::InvalidTtl`](crate::ErrorKind::InvalidTtl).
    #[must_use]
    pub fn with_ttl(&self, ttl: impl Into<Ttl>) -> Self {
        Self {
            ttl: ttl.into().resolve(self.ttl),
            ..self.clone()
        }
    }

    /// The same cache with another timeout for each command; `None` and zero turn it off.
    ///
    /// Where there are no timers (outside a tokio runtime, or in one built without `enable_time`) it never passes.
    #[must_use]
    pub fn with_timeout(&self, timeout: impl Into<Option<Duration>>) -> Self {
        Self {
            timeout: timeout.into().filter(|timeout| !timeout.is_zero()),
            ..self.clone()
        }
    }

    /// The same cache with one plugin more, after the others.
    #[must_use]
    pub fn with_plugin(&self, plugin: impl Plugin) -> Self {
        let mut extras = Extras::clone(&self.extras);
        extras.plugins.push(Arc::new(plugin));
        Self {
            extras: Arc::new(extras),
            plain: false,
            ..self.clone()
        }
    }

    /// The same store through another serializer.
    pub fn with_serializer<S2>(&self, serializer: S2) -> Cache<B, S2> {
        Cache {
            core: Arc::clone(&self.core),
            serializer: Arc::new(serializer),
            extras: Arc::clone(&self.extras),
            namespace: self.namespace.clone(),
            ttl: self.ttl,
            timeout: self.timeout,
            disabled: self.disabled,
            plain: self.plain,
        }
    }

    /// The same cache, switched off or on: when off, it answers as if it were empty and every write had succeeded.
    #[must_use]
    pub fn with_disabled(&self, disabled: bool) -> Self {
        Self {
            disabled,
            plain: !disabled && self.core.is_plain(&self.extras),
            ..self.clone()
        }
    }

    /// The name in logs and metrics.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// The handle's namespace as it was given, if it has one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_ref().map(|namespace| namespace.name())
    }

    /// What this handle's writes live for when nothing else is said; `None` is for ever.
    #[must_use]
    pub fn ttl_default(&self) -> Option<Duration> {
        self.ttl
    }

    /// The backend below, for what only it can tell.
    #[must_use]
    pub fn backend(&self) -> &B {
        &self.core.backend
    }

    /// How many loads are under way in this process.
    #[must_use]
    pub fn loads_under_way(&self) -> usize {
        self.core.flights.len()
    }

    /// The serializer.
    #[must_use]
    pub fn serializer(&self) -> &S {
        &self.serializer
    }

    /// The key under which the store holds `key`: with the namespace, and hashed if the store cannot hold it as it
    /// is.
    #[must_use]
    pub fn stored_key<'k>(&self, key: impl Into<Key<'k>>) -> String {
        self.stored(key.into().as_str()).as_str().to_owned()
    }
}
