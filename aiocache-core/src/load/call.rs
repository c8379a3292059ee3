//! One call of a cached function: what is decorated, and how its result is told apart.

use std::marker::PhantomData;

use super::policy::hooks::{FailIf, Fallback, OnTimeout, ShareWith, SkipIf, TtlWith};
use super::policy::mode::Mode;
use super::policy::timeout::{FromTimeout, SaysTimeout};
use super::{Policy, Prime};
use crate::backend::Backend;
use crate::cache::Cache;
use crate::ttl::Ttl;

/// A call of a cached function on its way: the cache, the kind `K` of its return type, how errors are shared (`X`),
/// and what else decides over the value (`H`).
pub struct Call<'a, B: Backend, S, K, X, H = ()> {
    pub(super) cache: &'a Cache<B, S>,
    pub(super) share: X,
    pub(crate) hooks: H,
    kind: PhantomData<fn() -> K>,
}

impl<'a, B: Backend, S, K, X> Call<'a, B, S, K, X> {
    pub(crate) const fn new(cache: &'a Cache<B, S>, share: X) -> Self {
        Self {
            cache,
            share,
            hooks: (),
            kind: PhantomData,
        }
    }
}

impl<'a, B: Backend, S, K, X, H> Call<'a, B, S, K, X, H> {
    /// A call that is told all there is.
    pub(super) const fn with_hooks(cache: &'a Cache<B, S>, share: X, hooks: H) -> Self {
        Self {
            cache,
            share,
            hooks,
            kind: PhantomData,
        }
    }
}

/// What generated code adds to a call.
#[doc(hidden)]
impl<'a, B: Backend, S, K: super::Outcome, X, H> Call<'a, B, S, K, X, H> {
    pub fn __skip_if<F: Fn(&K::Value) -> bool>(self, skip: F) -> Call<'a, B, S, K, X, (H, SkipIf<F>)> {
        self.with(SkipIf(skip))
    }

    pub fn __ttl_with<F: Fn(&K::Value) -> T, T: Into<Ttl>>(
        self,
        ttl: F,
    ) -> Call<'a, B, S, K, X, (H, TtlWith<F>)> {
        self.with(TtlWith(ttl))
    }

    pub fn __share_error<F>(self, share: F) -> Call<'a, B, S, K, ShareWith<F>, H>
    where
        F: Fn(&K::Rest) -> K::Rest,
        K::Rest: Send + Sync + 'static,
    {
        Call {
            cache: self.cache,
            share: ShareWith(share),
            hooks: self.hooks,
            kind: PhantomData,
        }
    }

    pub fn __fail_if<F: Fn(&K::Rest) -> bool>(self, fails: F) -> Call<'a, B, S, K, X, (H, FailIf<F>)> {
        self.with(FailIf(fails))
    }

    pub fn __fallback<F: Fn() -> V, V: Prime<K::Return>>(
        self,
        fallback: F,
    ) -> Call<'a, B, S, K, X, (H, Fallback<F>)> {
        self.with(Fallback(fallback))
    }

    pub fn __on_timeout<F: Fn() -> V, V: Prime<K::Return>>(
        self,
        answer: F,
    ) -> Call<'a, B, S, K, X, (H, OnTimeout<F>)> {
        self.with(OnTimeout(answer))
    }

    /// For what is served in place of an error.
    #[must_use]
    pub fn __can_fail(self) -> Self
    where
        K: super::CanFail,
    {
        self
    }

    /// For a hard timeout without an answer of its own.
    pub fn __error_on_timeout(self) -> Call<'a, B, S, K, X, (H, FromTimeout)>
    where
        K::Rest: SaysTimeout,
    {
        self.with(FromTimeout)
    }

    /// The same for a policy that may have a hard timeout.
    pub fn __answer_of<M: Mode>(self, _: &Policy<M>) -> Call<'a, B, S, K, X, (H, M::Answer)> {
        self.with(M::Answer::default())
    }

    pub(crate) fn with<N>(self, hook: N) -> Call<'a, B, S, K, X, (H, N)> {
        Call {
            cache: self.cache,
            share: self.share,
            hooks: (self.hooks, hook),
            kind: PhantomData,
        }
    }
}

impl<'a, B: Backend, S, K, X, H> Call<'a, B, S, K, X, H> {
    pub(crate) const fn cache(&self) -> &'a Cache<B, S> {
        self.cache
    }
}

impl<B: Backend, S, K, X, H> std::fmt::Debug for Call<'_, B, S, K, X, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
