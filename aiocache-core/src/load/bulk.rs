//! A call of a cached function over several keys, as generated code makes it.

use std::marker::PhantomData;
use std::sync::Arc;

use super::hooks::{ShareWith, SkipIf};
use super::pairs::{BulkOutcome, Pairs};
use crate::backend::Backend;
use crate::cache::{Cache, Namespace};
use crate::key::KeyBuf;

/// A call of a cached function over several keys.
pub struct Bulk<'a, B: Backend, S, K, X, H = ()> {
    pub(super) cache: &'a Cache<B, S>,
    pub(super) share: X,
    pub(super) hooks: H,
    namespace: Option<Arc<Namespace>>,
    kind: PhantomData<fn() -> K>,
}

pub(crate) type KeyOf<K> = <<K as BulkOutcome>::Map as Pairs>::Key;
pub(crate) type ValueOf<K> = <<K as BulkOutcome>::Map as Pairs>::Value;

impl<'a, B: Backend, S, K, X> Bulk<'a, B, S, K, X> {
    pub(crate) fn new(cache: &'a Cache<B, S>, share: X) -> Self {
        Self {
            cache,
            share,
            hooks: (),
            namespace: cache.namespace_arc(),
            kind: PhantomData,
        }
    }
}

/// What generated code adds to a call.
#[doc(hidden)]
impl<'a, B: Backend, S, K: BulkOutcome, X, H> Bulk<'a, B, S, K, X, H> {
    #[must_use]
    pub fn __namespace(mut self, namespace: &str) -> Self {
        self.namespace = Namespace::escaped(namespace);
        self
    }

    pub fn __skip_if<F: Fn(&KeyOf<K>, &ValueOf<K>) -> bool>(
        self,
        skip: F,
    ) -> Bulk<'a, B, S, K, X, (H, SkipIf<F>)> {
        self.with(SkipIf(skip))
    }

    pub fn __share_error<F: Fn(&K::Rest) -> K::Rest>(self, share: F) -> Bulk<'a, B, S, K, ShareWith<F>, H> {
        let Self {
            cache,
            hooks,
            namespace,
            ..
        } = self;
        Bulk {
            cache,
            share: ShareWith(share),
            hooks,
            namespace,
            kind: PhantomData,
        }
    }

    fn with<N>(self, hook: N) -> Bulk<'a, B, S, K, X, (H, N)> {
        let Self {
            cache,
            share,
            hooks,
            namespace,
            ..
        } = self;
        Bulk {
            cache,
            share,
            hooks: (hooks, hook),
            namespace,
            kind: PhantomData,
        }
    }
}

impl<'a, B: Backend, S, K, X, H> Bulk<'a, B, S, K, X, H> {
    pub(crate) const fn cache(&self) -> &'a Cache<B, S> {
        self.cache
    }

    pub(crate) fn namespace(&self) -> &str {
        self.namespace.as_ref().map_or("", |namespace| namespace.name())
    }

    /// One key as it is stored.
    pub(crate) fn stored<T: ?Sized>(&self, build: impl Fn(&mut KeyBuf, &T), of: &T) -> KeyBuf {
        let mut key = KeyBuf::with_prefix(self.namespace.as_ref().map_or("", |namespace| namespace.prefix()));
        build(&mut key, of);
        self.cache.finish(&mut key);
        key
    }
}

impl<B: Backend, S, K, X, H> std::fmt::Debug for Bulk<'_, B, S, K, X, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bulk")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

/// What decides over a loaded pair.
pub trait PairHooks<K, V> {
    /// Whether the value is not to be stored.
    fn skips(&self, key: &K, value: &V) -> bool;
}

impl<K, V> PairHooks<K, V> for () {
    fn skips(&self, _: &K, _: &V) -> bool {
        false
    }
}

/// The newer one goes first.
impl<K, V, A: PairHooks<K, V>, N: PairHooks<K, V>> PairHooks<K, V> for (A, N) {
    fn skips(&self, key: &K, value: &V) -> bool {
        self.1.skips(key, value) || self.0.skips(key, value)
    }
}

impl<K, V, F: Fn(&K, &V) -> bool> PairHooks<K, V> for SkipIf<F> {
    fn skips(&self, key: &K, value: &V) -> bool {
        (self.0)(key, value)
    }
}
