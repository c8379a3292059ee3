//! Keeps bytes from a cache from overflowing the stack or from claiming more than they hold.
//!
//! [`Limited`] goes around a deserializer and around all that it hands out: visitors, seeds and accesses. Every
//! container is one level further down; every item of a sequence or map takes one from a common store of as many
//! items as there are bytes. An item that is not zero-sized takes a byte of its own, so only zero-sized ones, which
//! could be claimed in any number, ever run out of it.

use std::cell::Cell;

use serde::de;

mod access;
mod visitor;

/// What one decoding may still use, and the limit that it broke.
#[derive(Debug)]
pub(super) struct Limits {
    levels: u16,
    items: Cell<usize>,
    broken: Cell<Option<&'static str>>,
}

impl Limits {
    /// The limits for an input of that many bytes.
    pub(super) const fn new(levels: u16, bytes: usize) -> Self {
        Self {
            levels,
            items: Cell::new(bytes),
            broken: Cell::new(None),
        }
    }

    /// The limit that was broken, since not every deserializer keeps the text of an error.
    pub(super) const fn broken(&self) -> Option<&'static str> {
        self.broken.get()
    }

    fn refuse<T, E: de::Error>(&self, limit: &'static str) -> Result<T, E> {
        self.broken.set(Some(limit));
        Err(E::custom(limit))
    }
}

/// A deserializer, visitor, seed or access with limits.
#[derive(Debug)]
pub(super) struct Limited<'l, T> {
    inner: T,
    limits: &'l Limits,
    levels: u16,
    /// Whether the input says how many items follow; a tuple or struct has as many as its type says.
    counted: bool,
}

impl<'l, D> Limited<'l, D> {
    /// Puts limits around a deserializer.
    pub(super) const fn new(inner: D, limits: &'l Limits) -> Self {
        Self {
            inner,
            limits,
            levels: limits.levels,
            counted: true,
        }
    }
}

impl<'l, T> Limited<'l, T> {
    /// Around something at the same level.
    const fn around<U>(&self, inner: U) -> Limited<'l, U> {
        Limited {
            inner,
            limits: self.limits,
            levels: self.levels,
            counted: true,
        }
    }

    /// Around the visitor of something with a length of its own.
    const fn fixed<U>(&self, inner: U) -> Limited<'l, U> {
        Limited {
            inner,
            limits: self.limits,
            levels: self.levels,
            counted: false,
        }
    }

    /// Around what is inside a container: one level less is left.
    fn inside<U, E: de::Error>(&self, inner: U) -> Result<Limited<'l, U>, E> {
        match self.levels.checked_sub(1) {
            Some(levels) => Ok(Limited {
                inner,
                limits: self.limits,
                levels,
                counted: self.counted,
            }),
            None => self.limits.refuse("it nests too deep"),
        }
    }

    fn take_item<E: de::Error>(&self) -> Result<(), E> {
        match self.limits.items.get().checked_sub(1) {
            Some(left) => {
                self.limits.items.set(left);
                Ok(())
            }
            None => self.limits.refuse("it claims more items than it has bytes"),
        }
    }

    /// A length to reserve room for: never more than what can still come.
    fn capped(&self, hint: Option<usize>) -> Option<usize> {
        hint.map(|items| items.min(self.limits.items.get()))
    }
}
