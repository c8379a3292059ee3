//! Sets in order: a `HashSet` is a sequence in random order to serde, so an argument that is one is sorted.
//!
//! Which view an argument gets is decided by method lookup: [`Of`] has a `__view` for every shape of `HashSet`, and
//! dereferences to [`Unsorted`], which has one for everything. That works for concrete types in generated code
//! without a trait in scope, where specialization would be needed otherwise.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// The newtype name by which the key's serializer recognizes a set.
pub(super) const SORTED: &str = "$aiocache::Sorted";

/// An argument on its way into a key.
#[derive(Debug)]
#[expect(
    unnameable_types,
    reason = "generated code meets it only between two method calls"
)]
pub struct Of<'a, T: ?Sized>(Unsorted<'a, T>);

impl<'a, T: ?Sized> Of<'a, T> {
    pub(super) fn new(value: &'a T) -> Self {
        Self(Unsorted(value))
    }
}

impl<'a, T: ?Sized> Deref for Of<'a, T> {
    type Target = Unsorted<'a, T>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// An argument that goes into a key as it is.
#[derive(Debug)]
#[expect(
    unnameable_types,
    reason = "generated code meets it only between two method calls"
)]
pub struct Unsorted<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> Unsorted<'a, T> {
    /// The argument itself.
    #[doc(hidden)]
    #[must_use]
    pub fn __view(&self) -> &'a T {
        self.0
    }
}

macro_rules! sorted_view {
    ($($set:ty),*) => {$(
        impl<'a, T: Serialize, S> Of<'a, $set> {
            /// The set, sorted by the text of its elements.
            #[doc(hidden)]
            #[must_use]
            pub fn __view(&self) -> SortedView<'a, T, S> {
                SortedView(SortedSet((self.0).0))
            }
        }
    )*};
}

sorted_view!(HashSet<T, S>, &HashSet<T, S>, &&HashSet<T, S>, Arc<HashSet<T, S>>, &Arc<HashSet<T, S>>);

/// The view of a set. It is taken by `&*`, like the reference that is the view of everything else, so that a complaint
/// names the argument's own type.
#[derive(Debug)]
#[expect(
    unnameable_types,
    reason = "generated code meets it only between two method calls"
)]
pub struct SortedView<'a, T, S>(SortedSet<'a, T, S>);

impl<'a, T, S> Deref for SortedView<'a, T, S> {
    type Target = SortedSet<'a, T, S>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A set whose key text does not depend on the order it is walked in.
#[derive(Debug)]
#[expect(
    unnameable_types,
    reason = "generated code meets it only between two method calls"
)]
pub struct SortedSet<'a, T, S>(&'a HashSet<T, S>);

impl<T: Serialize, S> Serialize for SortedSet<'_, T, S> {
    fn serialize<O: Serializer>(&self, serializer: O) -> Result<O::Ok, O::Error> {
        serializer.serialize_newtype_struct(SORTED, &Elements(self.0))
    }
}

/// The elements as a sequence, whatever the hasher.
struct Elements<'a, T, S>(&'a HashSet<T, S>);

impl<T: Serialize, S> Serialize for Elements<'_, T, S> {
    fn serialize<O: Serializer>(&self, serializer: O) -> Result<O::Ok, O::Error> {
        serializer.collect_seq(self.0)
    }
}
