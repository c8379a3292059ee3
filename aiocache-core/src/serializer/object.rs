//! What the type-erased memory store holds.

use std::any::{Any, type_name};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{Carried, Carrier, Load, wrong_type};
use crate::backend::Raw;
use crate::error::Result;

/// A slot of the type-erased memory store: a value as it is, encoded bytes, a cached `None`, a counter or a
/// lock's token.
#[derive(Clone)]
pub struct Object(pub(super) Slot);

#[derive(Clone)]
pub(super) enum Slot {
    Value(Arc<dyn Held>),
    Bytes(Bytes),
    None,
    Integer(i64),
    Token(Arc<str>),
}

/// A value that knows the name of its type, for the error when another one is asked for.
pub(super) trait Held: Any + Send + Sync {
    fn type_name(&self) -> &'static str;
}

impl<T: Any + Send + Sync> Held for T {
    fn type_name(&self) -> &'static str {
        type_name::<T>()
    }
}

impl Object {
    /// A slot that holds `value` as it is; an integer becomes a counter.
    pub fn of<T: Any + Send + Sync>(value: T) -> Self {
        Self(match super::integer_of(&value) {
            Some(integer) => Slot::Integer(integer),
            None => Slot::Value(Arc::new(value)),
        })
    }

    /// A clone of the value, if it is a `T`.
    ///
    /// # Errors
    /// [`ErrorKind::Type`](crate::ErrorKind::Type) names both types.
    pub fn get<T: Any + Clone>(&self) -> Result<T> {
        let found = match &self.0 {
            Slot::Value(value) => {
                let value: &dyn Held = &**value;
                if let Some(value) = (value as &dyn Any).downcast_ref::<T>() {
                    return Ok(value.clone());
                }
                value.type_name()
            }
            Slot::Integer(integer) => {
                return super::of_integer(*integer).ok_or_else(|| wrong_type::<T>("a counter"));
            }
            Slot::Bytes(_) => "encoded bytes",
            Slot::None => "a cached None",
            Slot::Token(_) => "a lock",
        };
        Err(wrong_type::<T>(found))
    }

    fn content(&self) -> &'static str {
        match &self.0 {
            Slot::Value(value) => (**value).type_name(),
            Slot::Bytes(_) => "encoded bytes",
            Slot::None => "a cached None",
            Slot::Integer(_) => "a counter",
            Slot::Token(_) => "a lock",
        }
    }
}

impl fmt::Debug for Object {
    /// Shows the type, not the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Object({})", self.content())
    }
}

impl Raw for Object {
    fn share(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn integer(&self) -> Option<i64> {
        match &self.0 {
            Slot::Integer(integer) => Some(*integer),
            Slot::Bytes(bytes) => bytes.integer(),
            Slot::Value(_) | Slot::None | Slot::Token(_) => None,
        }
    }

    fn from_integer(integer: i64) -> Self {
        Self(Slot::Integer(integer))
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
        match &self.0 {
            Slot::Bytes(bytes) => bytes.len(),
            _ => 0,
        }
    }
}

impl Carrier for Object {
    fn from_bytes(bytes: Bytes) -> Self {
        Self(Slot::Bytes(bytes))
    }

    fn carried(&self) -> Carried<'_> {
        match &self.0 {
            Slot::Bytes(bytes) => Carried::Bytes(bytes),
            Slot::Integer(integer) => Carried::Integer(*integer),
            Slot::Value(_) | Slot::None | Slot::Token(_) => Carried::Other(self.content()),
        }
    }
}

impl<S> super::NoneForm<Object> for S {
    fn dump_none(&self) -> Result<Object> {
        Ok(Object(Slot::None))
    }

    fn is_none(&self, raw: &Object) -> bool {
        matches!(raw.0, Slot::None)
    }
}

impl<T: Any + Clone> Load<T, Object> for super::NullSerializer {
    fn load(&self, raw: &Object) -> Result<T> {
        raw.get()
    }
}
