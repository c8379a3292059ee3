//! What a load borrowed, taken along by one that can outlive its caller.

use std::borrow::Borrow;
use std::marker::PhantomData;

use crate::backend::Backend;
use crate::cache::Cache;

/// A borrowed `T`, taken along as an `O` by a load that can outlive its caller.
pub struct TakenAlong<T: ?Sized, O>(O, PhantomData<fn(&T)>);

impl<T: ?Sized, O> std::fmt::Debug for TakenAlong<T, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TakenAlong")
    }
}

#[doc(hidden)]
impl<T: ?Sized, O: Borrow<T>> TakenAlong<T, O> {
    pub fn __lend(&self) -> &T {
        self.0.borrow()
    }
}

/// Can be taken along: what is behind the `&` can be cloned.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken along by a detached load",
    label = "this is borrowed, and the load can outlive its caller",
    note = "take it by value or in an `Arc`, or make `{Self}` implement `Clone`"
)]
pub trait TakeAlong {
    /// What owns a copy of it.
    type Owned;
    /// The copy.
    fn owned(&self) -> Self::Owned;
}

#[diagnostic::do_not_recommend]
impl<T: ToOwned + ?Sized> TakeAlong for T {
    type Owned = T::Owned;

    fn owned(&self) -> T::Owned {
        self.to_owned()
    }
}

#[doc(hidden)]
impl<B: Backend, S> Cache<B, S> {
    pub fn __taken_along<T: TakeAlong + ?Sized>(&self, borrowed: &T) -> TakenAlong<T, T::Owned> {
        TakenAlong(borrowed.owned(), PhantomData)
    }
}
