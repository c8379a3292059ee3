//! What a call's closures decide: over a loaded value, and over a load that failed.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use crate::load::{Outcome, Prime, Share};
use crate::ttl::Ttl;

/// What is asked in the course of a call. Each has an answer if nobody else has one.
pub trait Hooks<K: Outcome> {
    /// Whether the value is not to be stored.
    fn skips(&self, value: &K::Value) -> bool {
        let _ = value;
        false
    }

    /// How long the value lives, if that depends on it.
    fn ttl(&self, value: &K::Value) -> Option<Ttl> {
        let _ = value;
        None
    }

    /// Whether the error is a failure of the source; every error is, if nobody says otherwise.
    fn fails(&self, error: &K::Rest) -> Option<bool> {
        let _ = error;
        None
    }

    /// What a call answers whose load failed, if there is no old value.
    fn fallback(&self) -> Option<K::Return> {
        None
    }

    /// What a call answers whose load took longer than `after`, if there is no old value.
    fn timed_out(&self, after: Duration) -> Option<K::Return> {
        let _ = after;
        None
    }

    /// Whether the load is to be given the old value.
    fn wants_old(&self) -> bool {
        false
    }

    /// The old value, for the load.
    fn offer_old(&self, old: K::Value) {
        drop(old);
    }

    /// Whether the value returned is the old one, so that its ttl is all there is to write.
    fn renews(&self) -> bool {
        false
    }
}

impl<K: Outcome> Hooks<K> for () {}

/// The newer one goes first.
impl<K: Outcome, A: Hooks<K>, N: Hooks<K>> Hooks<K> for (A, N) {
    fn skips(&self, value: &K::Value) -> bool {
        self.1.skips(value) || self.0.skips(value)
    }

    fn ttl(&self, value: &K::Value) -> Option<Ttl> {
        self.1.ttl(value).or_else(|| self.0.ttl(value))
    }

    fn fails(&self, error: &K::Rest) -> Option<bool> {
        self.1.fails(error).or_else(|| self.0.fails(error))
    }

    fn fallback(&self) -> Option<K::Return> {
        self.1.fallback().or_else(|| self.0.fallback())
    }

    fn timed_out(&self, after: Duration) -> Option<K::Return> {
        self.1.timed_out(after).or_else(|| self.0.timed_out(after))
    }

    fn wants_old(&self) -> bool {
        self.1.wants_old() || self.0.wants_old()
    }

    fn offer_old(&self, old: K::Value) {
        if self.1.wants_old() {
            self.1.offer_old(old);
        } else {
            self.0.offer_old(old);
        }
    }

    fn renews(&self) -> bool {
        self.1.renews() || self.0.renews()
    }
}

macro_rules! closure {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<F>(pub(crate) F);

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
    /// A user's rule for which errors are failures.
    FailIf
}
closure! {
    /// A user's value in place of one that could not be loaded.
    Fallback
}
closure! {
    /// A user's answer where a load takes too long.
    OnTimeout
}
closure! {
    /// A user's way to make one error out of another.
    ShareWith
}

impl<K: Outcome, F: Fn(&K::Value) -> bool> Hooks<K> for SkipIf<F> {
    fn skips(&self, value: &K::Value) -> bool {
        (self.0)(value)
    }
}

impl<K: Outcome, F: Fn(&K::Value) -> T, T: Into<Ttl>> Hooks<K> for TtlWith<F> {
    fn ttl(&self, value: &K::Value) -> Option<Ttl> {
        Some((self.0)(value).into())
    }
}

impl<K: Outcome, F: Fn(&K::Rest) -> bool> Hooks<K> for FailIf<F> {
    fn fails(&self, error: &K::Rest) -> Option<bool> {
        Some((self.0)(error))
    }
}

impl<K: Outcome, F: Fn() -> V, V: Prime<K::Return>> Hooks<K> for Fallback<F> {
    fn fallback(&self) -> Option<K::Return> {
        Some((self.0)().into_returned())
    }
}

impl<K: Outcome, F: Fn() -> V, V: Prime<K::Return>> Hooks<K> for OnTimeout<F> {
    fn timed_out(&self, _: Duration) -> Option<K::Return> {
        Some((self.0)().into_returned())
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
