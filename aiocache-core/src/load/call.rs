//! One call of a cached function: what is decorated, and how its result is told apart.

use std::any::Any;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Share;
use super::policy::ShareError;
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

    fn with<N>(self, hook: N) -> Call<'a, B, S, K, X, (H, N)> {
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

/// What decides over a loaded value.
pub trait Hooks<V> {
    /// Whether the value is not to be stored.
    fn skips(&self, value: &V) -> bool {
        let _ = value;
        false
    }

    /// How long the value lives, if that depends on it.
    fn ttl(&self, value: &V) -> Option<Ttl> {
        let _ = value;
        None
    }
}

impl<V> Hooks<V> for () {}

/// The newer one goes first.
impl<V, A: Hooks<V>, N: Hooks<V>> Hooks<V> for (A, N) {
    fn skips(&self, value: &V) -> bool {
        self.1.skips(value) || self.0.skips(value)
    }

    fn ttl(&self, value: &V) -> Option<Ttl> {
        self.1.ttl(value).or_else(|| self.0.ttl(value))
    }
}

macro_rules! closure {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<F>(pub(super) F);

        impl<F> std::fmt::Debug for $name<F> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

closure! {
    /// A user's predicate.
    SkipIf
}
closure! {
    /// A user's rule for the time to live.
    TtlWith
}
closure! {
    /// A user's way to make one error out of another.
    ShareWith
}

impl<V, F: Fn(&V) -> bool> Hooks<V> for SkipIf<F> {
    fn skips(&self, value: &V) -> bool {
        (self.0)(value)
    }
}

impl<V, F: Fn(&V) -> T, T: Into<Ttl>> Hooks<V> for TtlWith<F> {
    fn ttl(&self, value: &V) -> Option<Ttl> {
        Some((self.0)(value).into())
    }
}

impl<X: Send + Sync + 'static, F: Fn(&X) -> X> Share<X> for ShareWith<F> {
    fn share(&self, error: &X) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::new((self.0)(error)))
    }

    fn take(&self, shared: &Arc<dyn Any + Send + Sync>) -> Option<X> {
        shared.downcast_ref().map(&self.0)
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
