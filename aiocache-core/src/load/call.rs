//! One call of a cached function: what is decorated, and how its result is told apart.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use super::{Share, policy::ShareError};
use crate::backend::Backend;
use crate::cache::Cache;

/// A call of a cached function on its way: the cache, the kind `K` of its return type, how errors are shared (`X`),
/// and what else decides over the value (`H`).
pub struct Call<'a, B: Backend, S, K, X, H = ()> {
    pub(super) cache: &'a Cache<B, S>,
    pub(super) share: X,
    pub(super) hooks: H,
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

    #[doc(hidden)]
    pub fn __skip_if<F: Fn(&K::Value) -> bool>(self, skip: F) -> Call<'a, B, S, K, X, SkipIf<F>>
    where
        K: super::Outcome,
    {
        Call {
            cache: self.cache,
            share: self.share,
            hooks: SkipIf(skip),
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

/// What decides over a loaded value.
pub trait Hooks<V> {
    /// Whether the value is not to be stored.
    fn skips(&self, value: &V) -> bool;
}

impl<V> Hooks<V> for () {
    fn skips(&self, _: &V) -> bool {
        false
    }
}

/// A user's predicate.
pub struct SkipIf<F>(F);

impl<F> SkipIf<F> {
    pub(super) const fn new(predicate: F) -> Self {
        Self(predicate)
    }

    pub(super) const fn call(&self) -> &F {
        &self.0
    }
}

impl<F> std::fmt::Debug for SkipIf<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SkipIf")
    }
}

impl<V, F: Fn(&V) -> bool> Hooks<V> for SkipIf<F> {
    fn skips(&self, value: &V) -> bool {
        (self.0)(value)
    }
}

/// Shares an error as the policy says, which is known only when it runs.
pub(crate) struct AsPolicySays(pub(crate) Option<ShareError>);

impl<X: 'static> Share<X> for AsPolicySays {
    fn share(&self, error: &X) -> Option<Arc<dyn Any + Send + Sync>> {
        self.0?.copy(error).map(Arc::from)
    }

    fn take(&self, shared: &Arc<dyn Any + Send + Sync>) -> Option<X> {
        let copy = self.0?.copy(&**shared)?;
        copy.downcast().ok().map(|error| *error)
    }
}
