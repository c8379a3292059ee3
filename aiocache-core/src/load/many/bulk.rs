//! A call of a cached function over several keys, as generated code makes it.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::pairs::{BulkOutcome, Pairs};
use crate::backend::Backend;
use crate::cache::{Cache, Namespace};
use crate::key::KeyBuf;
use crate::load::policy::hooks::{FailIf, OnTimeout, ShareWith, SkipIf};
use crate::load::{FromTimeout, Mode, Policy, Prime, SaysTimeout};

/// A call of a cached function over several keys.
pub struct Bulk<'a, B: Backend, S, K, X, H = ()> {
    pub(in crate::load) cache: &'a Cache<B, S>,
    pub(in crate::load) share: X,
    pub(in crate::load) hooks: H,
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

    pub fn __fail_if<F: Fn(&K::Rest) -> bool>(self, fails: F) -> Bulk<'a, B, S, K, X, (H, FailIf<F>)> {
        self.with(FailIf(fails))
    }

    pub fn __on_timeout<F: Fn() -> V, V: Prime<K::Return>>(
        self,
        answer: F,
    ) -> Bulk<'a, B, S, K, X, (H, OnTimeout<F>)> {
        self.with(OnTimeout(answer))
    }

    /// For a hard timeout without an answer of its own.
    pub fn __error_on_timeout(self) -> Bulk<'a, B, S, K, X, (H, FromTimeout)>
    where
        K::Rest: SaysTimeout,
    {
        self.with(FromTimeout)
    }

    /// The same for a policy that may have a hard timeout.
    pub fn __answer_of<M: Mode>(self, _: &Policy<M>) -> Bulk<'a, B, S, K, X, (H, M::Answer)> {
        self.with(M::Answer::default())
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

    pub(crate) fn with<N>(self, hook: N) -> Bulk<'a, B, S, K, X, (H, N)> {
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

/// What the closures of a call decide: over a loaded pair, and over a load that failed.
pub trait PairHooks<K: BulkOutcome> {
    /// Whether the value is not to be stored.
    fn skips(&self, key: &KeyOf<K>, value: &ValueOf<K>) -> bool {
        let _ = (key, value);
        false
    }

    /// Whether the error is a failure of the source; every error is, if nobody says otherwise.
    fn fails(&self, error: &K::Rest) -> Option<bool> {
        let _ = error;
        None
    }

    /// What a call answers whose load took longer than `after`, if not every key has an old value.
    fn timed_out(&self, after: Duration) -> Option<K::Return> {
        let _ = after;
        None
    }
}

impl<K: BulkOutcome> PairHooks<K> for () {}

/// The newer one goes first.
impl<K: BulkOutcome, A: PairHooks<K>, N: PairHooks<K>> PairHooks<K> for (A, N) {
    fn skips(&self, key: &KeyOf<K>, value: &ValueOf<K>) -> bool {
        self.1.skips(key, value) || self.0.skips(key, value)
    }

    fn fails(&self, error: &K::Rest) -> Option<bool> {
        self.1.fails(error).or_else(|| self.0.fails(error))
    }

    fn timed_out(&self, after: Duration) -> Option<K::Return> {
        self.1.timed_out(after).or_else(|| self.0.timed_out(after))
    }
}

impl<K: BulkOutcome, F: Fn(&KeyOf<K>, &ValueOf<K>) -> bool> PairHooks<K> for SkipIf<F> {
    fn skips(&self, key: &KeyOf<K>, value: &ValueOf<K>) -> bool {
        (self.0)(key, value)
    }
}

impl<K: BulkOutcome, F: Fn(&K::Rest) -> bool> PairHooks<K> for FailIf<F> {
    fn fails(&self, error: &K::Rest) -> Option<bool> {
        Some((self.0)(error))
    }
}

impl<K: BulkOutcome, F: Fn() -> V, V: Prime<K::Return>> PairHooks<K> for OnTimeout<F> {
    fn timed_out(&self, _: Duration) -> Option<K::Return> {
        Some((self.0)().into_returned())
    }
}

impl<K: BulkOutcome<Rest: SaysTimeout>> PairHooks<K> for FromTimeout {
    fn timed_out(&self, after: Duration) -> Option<K::Return> {
        Some(K::rest(K::Rest::timed_out(after)))
    }
}
