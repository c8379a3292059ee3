//! The return type of a function over several keys, and what it falls apart into.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::load::kind::{Never, Rest, SkipNone, StoreNone};

/// Pairs of keys and values: a map, or a `Vec` of pairs.
pub trait Pairs: Sized {
    /// The key.
    type Key;
    /// What is cached for it.
    type Value;

    /// Takes them apart.
    fn into_pairs(self) -> impl Iterator<Item = (Self::Key, Self::Value)>;
    /// Puts them together, in this order.
    fn from_pairs(pairs: impl Iterator<Item = (Self::Key, Self::Value)>) -> Self;
}

impl<M, K, V> Pairs for M
where
    M: IntoIterator<Item = (K, V)> + FromIterator<(K, V)>,
{
    type Key = K;
    type Value = V;

    fn into_pairs(self) -> impl Iterator<Item = (K, V)> {
        self.into_iter()
    }

    fn from_pairs(pairs: impl Iterator<Item = (K, V)>) -> Self {
        pairs.collect()
    }
}

/// The parts of the return type.
pub trait BulkOutcome {
    /// The return type.
    type Return;
    /// The pairs in it.
    type Map: Pairs;
    /// The error, if there is one.
    type Rest;
    /// [`StoreNone`] or [`SkipNone`]: what happens with a key that the function does not return.
    type None;

    /// Takes a return value apart.
    ///
    /// # Errors
    /// The function's own.
    fn split(returned: Self::Return) -> Result<Self::Map, Self::Rest>;
    /// A return value from pairs.
    fn pairs(pairs: Self::Map) -> Self::Return;
    /// A return value from an error.
    fn rest(rest: Self::Rest) -> Self::Return;
    /// Whether a return value is an error.
    fn is_rest(returned: &Self::Return) -> bool;
}

/// A function that returns pairs.
#[derive(Debug)]
pub struct AllPairs<M, N>(PhantomData<fn() -> (M, N)>);

impl<M: Pairs, N> BulkOutcome for AllPairs<M, N> {
    type Return = M;
    type Map = M;
    type Rest = Never;
    type None = N;

    fn split(returned: M) -> Result<M, Never> {
        Ok(returned)
    }

    fn pairs(pairs: M) -> M {
        pairs
    }

    fn rest(rest: Never) -> M {
        match rest {}
    }

    fn is_rest(_: &M) -> bool {
        false
    }
}

/// A function that returns pairs or fails.
#[derive(Debug)]
pub struct ResPairs<M, E, N>(PhantomData<fn() -> (M, E, N)>);

impl<M: Pairs, E, N> BulkOutcome for ResPairs<M, E, N> {
    type Return = Result<M, E>;
    type Map = M;
    type Rest = E;
    type None = N;

    fn split(returned: Result<M, E>) -> Result<M, E> {
        returned
    }

    fn pairs(pairs: M) -> Result<M, E> {
        Ok(pairs)
    }

    fn rest(rest: E) -> Result<M, E> {
        Err(rest)
    }

    fn is_rest(returned: &Result<M, E>) -> bool {
        returned.is_err()
    }
}

/// Finds the parts of `R` by method lookup, as [`Kind`](crate::load::Kind) does. The first level: `Result`.
#[derive(Debug)]
pub struct BulkKind<R, const NONE: bool>(BulkKind1<R, NONE>);
/// The last level: everything.
#[derive(Debug)]
pub struct BulkKind1<R, const NONE: bool>(PhantomData<fn() -> R>);

impl<R, const NONE: bool> BulkKind<R, NONE> {
    pub(crate) const fn new() -> Self {
        Self(BulkKind1(PhantomData))
    }
}

impl<R, const NONE: bool> Deref for BulkKind<R, NONE> {
    type Target = BulkKind1<R, NONE>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

macro_rules! kinds {
    ($none:literal, $rule:ident) => {
        #[doc(hidden)]
        impl<M, E> BulkKind<Result<M, E>, $none> {
            #[must_use]
            pub const fn __kind(&self) -> Rest<ResPairs<M, E, $rule>, E> {
                Rest::new()
            }
        }

        #[doc(hidden)]
        impl<M> BulkKind1<M, $none> {
            #[must_use]
            pub const fn __kind(&self) -> Rest<AllPairs<M, $rule>, Never> {
                Rest::new()
            }
        }
    };
}

kinds!(false, SkipNone);
kinds!(true, StoreNone);
