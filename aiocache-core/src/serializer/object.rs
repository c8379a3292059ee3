//! What the type-erased memory store holds.

use std::any::{Any, type_name};
use std::fmt;
use std::mem::needs_drop;
use std::sync::Arc;

use bytes::Bytes;

use super::{Carried, Carrier, Load, wrong_type};
use crate::backend::Raw;
use crate::error::{Error, Result};

/// A slot of the type-erased memory store: a value as it is, encoded bytes, a cached `None`, a counter or a
/// lock's token.
#[derive(Clone)]
pub struct Object(pub(super) Slot);

#[derive(Clone)]
pub(super) enum Slot {
    /// A value that is cloned where it lies.
    Plain(Arc<dyn Held>),
    /// A value whose clone may take long, or run anything.
    Value(Arc<dyn Held>),
    /// The value most often cached, one pointer nearer, as long as it is short.
    Text(String),
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

/// The most bytes that are cloned under a store's lock.
const MOST_PLAIN: usize = 1024;

impl Object {
    /// A slot that holds `value` as it is; an integer becomes a counter.
    pub fn of<T: Any + Send + Sync>(value: T) -> Self {
        if let Some(integer) = super::integer_of(&value) {
            return Self(Slot::Integer(integer));
        }
        let mut value = Some(value);
        if let Some(text) = (&mut value as &mut dyn Any).downcast_mut::<Option<String>>()
            && let Some(text) = text.take_if(|text| text.len() <= MOST_PLAIN)
        {
            return Self(Slot::Text(text));
        }
        match value {
            // What has nothing to drop owns nothing, so its clone is a copy.
            Some(value) if !needs_drop::<T>() && size_of::<T>() <= MOST_PLAIN => {
                Self(Slot::Plain(Arc::new(value)))
            }
            Some(value) => Self(Slot::Value(Arc::new(value))),
            None => Self(Slot::None),
        }
    }

    /// A clone of the value, if it is a `T`.
    ///
    /// # Errors
    /// [`ErrorKind::Type`](crate::ErrorKind::Type) names both types.
    #[inline]
    pub fn get<T: Any + Clone>(&self) -> Result<T> {
        match self.value() {
            Some(value) => Ok(T::clone(value)),
            None => self.counter().ok_or_else(|| self.is_no::<T>()),
        }
    }

    /// The value, if it is a `T` and no number.
    #[inline]
    fn value<T: Any>(&self) -> Option<&T> {
        // Each by itself, so that the comparison with the type of text is decided when the code is compiled.
        match &self.0 {
            Slot::Text(text) => (text as &dyn Any).downcast_ref(),
            Slot::Plain(value) | Slot::Value(value) => (&**value as &dyn Any).downcast_ref(),
            _ => None,
        }
    }

    /// The number in it, if it is one and a `T` can hold it.
    fn counter<T: Any>(&self) -> Option<T> {
        match &self.0 {
            Slot::Integer(integer) => super::of_integer(*integer),
            _ => None,
        }
    }

    #[cold]
    fn is_no<T>(&self) -> Error {
        wrong_type::<T>(self.content())
    }

    fn content(&self) -> &'static str {
        match &self.0 {
            Slot::Plain(value) | Slot::Value(value) => (**value).type_name(),
            Slot::Text(_) => type_name::<String>(),
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
    #[inline]
    fn share(&self) -> Option<Self> {
        match &self.0 {
            Slot::Plain(_) | Slot::Text(_) | Slot::Integer(_) | Slot::None => None,
            Slot::Value(_) | Slot::Bytes(_) | Slot::Token(_) => Some(self.clone()),
        }
    }

    fn integer(&self) -> Option<i64> {
        match &self.0 {
            Slot::Integer(integer) => Some(*integer),
            Slot::Bytes(bytes) => bytes.integer(),
            Slot::Plain(_) | Slot::Value(_) | Slot::Text(_) | Slot::None | Slot::Token(_) => None,
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
            Slot::Plain(_) | Slot::Value(_) | Slot::Text(_) | Slot::None | Slot::Token(_) => {
                Carried::Other(self.content())
            }
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
    #[inline]
    fn load(&self, raw: &Object) -> Result<T> {
        raw.get()
    }

    #[inline]
    fn __value(&self, raw: &Object) -> Option<T> {
        match raw.value() {
            Some(value) => Some(T::clone(value)),
            None => raw.counter(),
        }
    }
}
