//! What a decorated function's value needs, asked before anything else: one mistake is then one message for each
//! generated function, and the compiler is silent about the calls that follow.
//!
//! The bounds are those of the blocks, and the names of the methods are the message: "the method
//! `__value_can_be_stored` exists, but its trait bounds were not satisfied", and which.

use crate::backend::Backend;
use crate::load::many::bulk::{PairHooks, ValueOf};
use crate::load::{Bulk, BulkOutcome, Call, Hooks, Outcome, Share};
use crate::serializer::{Dump, Load};

#[doc(hidden)]
impl<B, S, K, X, H> Call<'_, B, S, K, X, H>
where
    B: Backend,
    S: Load<K::Value, B::Raw> + Dump<K::Value, B::Raw>,
    K: Outcome,
{
    #[must_use]
    pub fn __value_can_be_stored(self) -> Self {
        self
    }
}

#[doc(hidden)]
impl<B, S, K, X, H> Call<'_, B, S, K, X, H>
where
    B: Backend,
    K: Outcome,
    X: Share<K::Rest>,
    H: Hooks<K>,
{
    #[must_use]
    pub fn __closures_fit(self) -> Self {
        self
    }
}

#[doc(hidden)]
impl<B, S, K, X, H> Bulk<'_, B, S, K, X, H>
where
    B: Backend,
    K: BulkOutcome,
    X: Share<K::Rest>,
    H: PairHooks<K>,
{
    #[must_use]
    pub fn __closures_fit(self) -> Self {
        self
    }
}

#[doc(hidden)]
impl<B: Backend, S, K: BulkOutcome, X, H> Bulk<'_, B, S, K, X, H> {
    #[must_use]
    pub fn __pairs_are_returned(self) -> Self {
        self
    }
}

#[doc(hidden)]
impl<B, S, K, X, H> Bulk<'_, B, S, K, X, H>
where
    B: Backend,
    S: Load<ValueOf<K>, B::Raw> + Dump<ValueOf<K>, B::Raw>,
    K: BulkOutcome,
{
    #[must_use]
    pub fn __value_can_be_stored(self) -> Self {
        self
    }
}
