//! How a function's return type falls apart into what is cached and what is not.
//!
//! Rust has no specialization, so the kind of a type is found by method lookup: it walks the `Deref` levels below
//! and takes the first whose `impl` fits. It sees through aliases, and needs no trait in scope.

use std::any::Any;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use crate::error::Result;
use crate::serializer::NoneForm;

/// The parts of a function's return type.
pub trait Outcome {
    /// The return type.
    type Return;
    /// What is cached.
    type Value;
    /// What is not: an error.
    type Rest;
    /// [`StoreNone`] or [`SkipNone`].
    type None;

    /// Takes a return value apart.
    fn split(returned: Self::Return) -> Split<Self::Value, Self::Rest>;
    /// A return value from a cached value.
    fn value(value: Self::Value) -> Self::Return;
    /// A return value that says there is none, if the type has one.
    fn none() -> Option<Self::Return>;
    /// A return value from an error.
    fn rest(rest: Self::Rest) -> Self::Return;
    /// Whether a return value is an error.
    fn is_rest(returned: &Self::Return) -> bool;
}

/// A return value, taken apart.
#[derive(Debug)]
pub enum Split<V, X> {
    /// What is cached.
    Value(V),
    /// `None`.
    None,
    /// An error.
    Rest(X),
}

/// The error of a function that has none.
#[derive(Debug, Clone, Copy)]
pub enum Never {}

/// What happens with a `None`: nothing.
#[derive(Debug)]
pub enum SkipNone {}

/// What happens with a `None`: it is stored, and told apart from a miss.
#[derive(Debug)]
pub enum StoreNone {}

/// How a `None` is stored and recognised.
pub trait NoneRule<S, R> {
    /// What is stored for a `None`, if it is stored.
    fn dump(serializer: &S) -> Option<Result<R>>;
    /// Whether this is a stored `None`.
    fn is_none(serializer: &S, raw: &R) -> bool;
}

impl<S, R> NoneRule<S, R> for SkipNone {
    fn dump(_: &S) -> Option<Result<R>> {
        None
    }

    fn is_none(_: &S, _: &R) -> bool {
        false
    }
}

impl<S: NoneForm<R>, R> NoneRule<S, R> for StoreNone {
    fn dump(serializer: &S) -> Option<Result<R>> {
        Some(serializer.dump_none())
    }

    fn is_none(serializer: &S, raw: &R) -> bool {
        serializer.is_none(raw)
    }
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident<$($param:ident),*>: $return:ty, $value:ty, $rest:ty, $none:ty;
     split($returned:ident) $split:expr; value($v:ident) $join:expr; none $no:expr; rest($x:ident) $fail:expr;
     is_rest $is_rest:expr;) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<$($param),*>(PhantomData<fn() -> ($($param,)*)>);

        impl<$($param),*> Outcome for $name<$($param),*> {
            type Return = $return;
            type Value = $value;
            type Rest = $rest;
            type None = $none;

            fn split($returned: $return) -> Split<$value, $rest> {
                $split
            }

            fn value($v: $value) -> $return {
                $join
            }

            fn none() -> Option<$return> {
                $no
            }

            fn rest($x: $rest) -> $return {
                $fail
            }

            fn is_rest(returned: &$return) -> bool {
                let is_rest: fn(&$return) -> bool = $is_rest;
                is_rest(returned)
            }
        }
    };
}

kind! {
    /// Any other type: cached as it is.
    Plain<T>: T, T, Never, SkipNone;
    split(returned) Split::Value(returned); value(v) v; none None; rest(x) match x {};
    is_rest |_| false;
}

kind! {
    /// `Result<T, E>`: `Ok` is cached.
    Res<T, E>: Result<T, E>, T, E, SkipNone;
    split(returned) returned.map_or_else(Split::Rest, Split::Value); value(v) Ok(v); none None; rest(x) Err(x);
    is_rest Result::is_err;
}

kind! {
    /// `Option<T>`: `Some` is cached, and `None` as `N` says.
    Opt<T, N>: Option<T>, T, Never, N;
    split(returned) returned.map_or(Split::None, Split::Value); value(v) Some(v); none Some(None); rest(x) match x {};
    is_rest |_| false;
}

kind! {
    /// `Result<Option<T>, E>`: both.
    ResOpt<T, E, N>: Result<Option<T>, E>, T, E, N;
    split(returned) match returned {
        Ok(Some(value)) => Split::Value(value),
        Ok(None) => Split::None,
        Err(error) => Split::Rest(error),
    };
    value(v) Ok(Some(v)); none Some(Ok(None)); rest(x) Err(x);
    is_rest Result::is_err;
}

/// A return type that can say of itself that the load failed.
#[diagnostic::on_unimplemented(
    message = "a load of this type never fails, so nothing is served in its place",
    note = "return a `Result`; of slow loads, `soft_timeout` and `hard_timeout` speak"
)]
pub trait CanFail {}

impl<T, E> CanFail for Res<T, E> {}
impl<T, E, N> CanFail for ResOpt<T, E, N> {}

/// Finds the kind of `R`; `NONE` says whether a `None` is cached. The first level: `Result<Option<_>, _>`.
#[derive(Debug)]
pub struct Kind<R, const NONE: bool>(Kind1<R, NONE>);
/// The second level: `Result` and `Option`.
#[derive(Debug)]
pub struct Kind1<R, const NONE: bool>(Kind2<R>);
/// The last level: everything.
#[derive(Debug)]
pub struct Kind2<R>(PhantomData<fn() -> R>);

impl<R, const NONE: bool> Kind<R, NONE> {
    pub(crate) const fn new() -> Self {
        Self(Kind1(Kind2(PhantomData)))
    }
}

impl<R, const NONE: bool> Deref for Kind<R, NONE> {
    type Target = Kind1<R, NONE>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<R, const NONE: bool> Deref for Kind1<R, NONE> {
    type Target = Kind2<R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<T, E> Kind<Result<Option<T>, E>, false> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __kind(&self) -> Rest<ResOpt<T, E, SkipNone>, E> {
        Rest::new()
    }
}

impl<T, E> Kind<Result<Option<T>, E>, true> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __kind(&self) -> Rest<ResOpt<T, E, StoreNone>, E> {
        Rest::new()
    }
}

impl<T, E, const NONE: bool> Kind1<Result<T, E>, NONE> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __kind(&self) -> Rest<Res<T, E>, E> {
        Rest::new()
    }
}

impl<T> Kind1<Option<T>, false> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __kind(&self) -> Rest<Opt<T, SkipNone>, Never> {
        Rest::new()
    }
}

impl<T> Kind1<Option<T>, true> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __kind(&self) -> Rest<Opt<T, StoreNone>, Never> {
        Rest::new()
    }
}

impl<R> Kind2<R> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __kind(&self) -> Rest<Plain<R>, Never> {
        Rest::new()
    }
}

/// Finds out whether an error can be given to those who wait.
#[derive(Debug)]
pub struct Rest<K, X>(Rest1<K, X>);
/// The last level: it cannot.
#[derive(Debug)]
pub struct Rest1<K, X>(PhantomData<fn() -> (K, X)>);

/// Errors are cloned for those who wait.
#[derive(Debug)]
pub struct Cloned;
/// Each caller has its own error.
#[derive(Debug)]
pub struct Alone;

impl<K, X> Rest<K, X> {
    pub(super) const fn new() -> Self {
        Self(Rest1(PhantomData))
    }
}

impl<K, X> Deref for Rest<K, X> {
    type Target = Rest1<K, X>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<K, X: Clone + Send + Sync + 'static> Rest<K, X> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __share(&self) -> (PhantomData<fn() -> K>, Cloned) {
        (PhantomData, Cloned)
    }
}

impl<K, X> Rest1<K, X> {
    #[doc(hidden)]
    #[must_use]
    pub const fn __share(&self) -> (PhantomData<fn() -> K>, Alone) {
        (PhantomData, Alone)
    }

    #[doc(hidden)]
    #[must_use]
    pub const fn __alone(&self) -> (PhantomData<fn() -> K>, Alone) {
        (PhantomData, Alone)
    }
}

/// Gives an error to those who wait, or does not.
pub trait Share<X> {
    /// What they get, if it can be shared.
    fn share(&self, error: &X) -> Option<Arc<dyn Any + Send + Sync>>;
    /// One caller's own error out of it.
    fn take(&self, shared: &Arc<dyn Any + Send + Sync>) -> Option<X>;
}

impl<X: Clone + Send + Sync + 'static> Share<X> for Cloned {
    fn share(&self, error: &X) -> Option<Arc<dyn Any + Send + Sync>> {
        Some(Arc::new(error.clone()))
    }

    fn take(&self, shared: &Arc<dyn Any + Send + Sync>) -> Option<X> {
        shared.downcast_ref::<X>().cloned()
    }
}

impl<X> Share<X> for Alone {
    fn share(&self, _: &X) -> Option<Arc<dyn Any + Send + Sync>> {
        None
    }

    fn take(&self, _: &Arc<dyn Any + Send + Sync>) -> Option<X> {
        None
    }
}

/// What the control `set` takes: a function's return type, or the bare value in it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what the function returns",
    note = "give the function's own return type, `{R}`, or the value inside its Result or Option"
)]
#[doc(hidden)]
pub trait Prime<R> {
    /// The return type.
    fn into_returned(self) -> R;
}

impl<T> Prime<T> for T {
    fn into_returned(self) -> T {
        self
    }
}

impl<T, E> Prime<Result<T, E>> for T {
    fn into_returned(self) -> Result<T, E> {
        Ok(self)
    }
}

impl<T> Prime<Option<T>> for T {
    fn into_returned(self) -> Option<T> {
        Some(self)
    }
}

impl<T, E> Prime<Result<Option<T>, E>> for T {
    fn into_returned(self) -> Result<Option<T>, E> {
        Ok(Some(self))
    }
}
