//! What a typed memory store holds.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use super::{Dump, Load, NoneForm, NullSerializer, integer_of, of_integer, wrong_type};
use crate::backend::Raw;
use crate::error::Result;

/// A slot of a typed memory store: a `V` kept inline, a cached `None`, a counter or a lock's token.
pub struct Typed<V>(Slot<V>);

enum Slot<V> {
    Value(V),
    None,
    Integer(i64),
    Token(Arc<str>),
}

impl<V> Typed<V> {
    /// A slot that holds `value`.
    pub const fn of(value: V) -> Self {
        Self(Slot::Value(value))
    }

    fn content(&self) -> &'static str {
        match &self.0 {
            Slot::Value(_) => type_name::<V>(),
            Slot::None => "a cached None",
            Slot::Integer(_) => "a counter",
            Slot::Token(_) => "a lock",
        }
    }
}

impl<V> fmt::Debug for Typed<V> {
    /// Shows the type, not the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Typed({})", self.content())
    }
}

impl<V: Any + Send + Sync> Raw for Typed<V> {
    fn share(&self) -> Option<Self> {
        None
    }

    fn integer(&self) -> Option<i64> {
        match &self.0 {
            Slot::Value(value) => integer_of(value),
            Slot::Integer(integer) => Some(*integer),
            Slot::None | Slot::Token(_) => None,
        }
    }

    fn from_integer(integer: i64) -> Self {
        Self(of_integer(integer).map_or(Slot::Integer(integer), Slot::Value))
    }

    fn token(&self) -> Option<&str> {
        match &self.0 {
            Slot::Token(token) => Some(token),
            _ => None,
        }
    }

    fn from_token(token: &str) -> Self {
        Self(Slot::Token(token.into()))
    }

    fn byte_len(&self) -> usize {
        0
    }
}

impl<S, V> NoneForm<Typed<V>> for S {
    fn dump_none(&self) -> Result<Typed<V>> {
        Ok(Typed(Slot::None))
    }

    fn is_none(&self, raw: &Typed<V>) -> bool {
        matches!(raw.0, Slot::None)
    }
}

impl<T: ?Sized + ToOwned> Dump<T, Typed<T::Owned>> for NullSerializer {
    fn dump(&self, value: &T) -> Result<Typed<T::Owned>> {
        Ok(Typed::of(value.to_owned()))
    }
}

impl<V: Any + Clone> Load<V, Typed<V>> for NullSerializer {
    #[inline]
    fn load(&self, raw: &Typed<V>) -> Result<V> {
        match &raw.0 {
            Slot::Value(value) => Ok(value.clone()),
            Slot::Integer(integer) => of_integer(*integer).ok_or_else(|| wrong_type::<V>("a counter")),
            Slot::None | Slot::Token(_) => Err(wrong_type::<V>(raw.content())),
        }
    }

    #[inline]
    fn __value(&self, raw: &Typed<V>) -> Option<V> {
        match &raw.0 {
            Slot::Value(value) => Some(value.clone()),
            Slot::Integer(integer) => of_integer(*integer),
            Slot::None | Slot::Token(_) => None,
        }
    }
}
