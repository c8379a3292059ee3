//! Counters: how an integer becomes a value of any integer type, and back.

use std::any::Any;
use std::cell::Cell;

use serde::de::value::Error as ValueError;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

use super::{LEVELS, wrong_type};
#[cfg(any(feature = "msgpack", feature = "postcard"))]
use crate::backend::parse_decimal;
use crate::error::Result;
#[cfg(any(feature = "msgpack", feature = "postcard"))]
use crate::error::{Error, ErrorKind};

macro_rules! integer_types {
    ($apply:ident) => {
        $apply!(i64, u64, i32, u32, usize, isize, i16, u16, i8, u8, i128, u128)
    };
}

/// The number in a value of an integer type, if it is one and fits an `i64`. The comparison of types is decided
/// when the code is compiled.
pub(crate) fn integer_of<T: Any>(value: &T) -> Option<i64> {
    macro_rules! try_each {
        ($($int:ty),*) => {
            $(if let Some(&number) = (value as &dyn Any).downcast_ref::<$int>() {
                return i64::try_from(number).ok();
            })*
        };
    }
    integer_types!(try_each);
    None
}

/// The number as a `T`, if that is an integer type which can hold it.
pub(crate) fn of_integer<T: Any>(integer: i64) -> Option<T> {
    macro_rules! try_each {
        ($($int:ty),*) => {
            $(if let Some(number) = same_type::<$int, T>(<$int>::try_from(integer).ok()) {
                return Some(number);
            })*
        };
    }
    integer_types!(try_each);
    None
}

fn same_type<A: Any, B: Any>(value: Option<A>) -> Option<B> {
    let mut slot = Some(value?);
    (&mut slot as &mut dyn Any).downcast_mut::<Option<B>>()?.take()
}

/// The number as whatever a serde type makes of an `i64`, as JSON would.
pub(super) fn deserialize<T: DeserializeOwned>(integer: i64) -> Result<T> {
    T::deserialize(Counter::new(integer, &Cell::new(false))).map_err(|_| wrong_type::<T>("a counter"))
}

/// The counter that a wire keeps as decimal text, for a codec whose own integers look otherwise. `None` if the
/// bytes are not such text, or if `T` is not an integer type (nor a newtype around one).
#[cfg(any(feature = "msgpack", feature = "postcard"))]
pub(super) fn from_decimal<T: DeserializeOwned>(bytes: &[u8]) -> Option<Result<T>> {
    let asked = Cell::new(false);
    let counter = Counter::new(parse_decimal(bytes)?, &asked);
    let value = T::deserialize(counter).map_err(|_| {
        let wanted = std::any::type_name::<T>();
        Error::new(
            ErrorKind::Decode,
            format!("it is a counter that does not fit {wanted}"),
        )
    });
    asked.get().then_some(value)
}

/// Deserializes a counter, and tells whether the type asked for an integer.
struct Counter<'a> {
    number: i64,
    asked: &'a Cell<bool>,
    /// An `Option` of an integer is not an integer type: a bare MsgPack number has to stay what it is there.
    optional: bool,
    /// A type that is an `Option` or a newtype of itself asks for no integer, however deep.
    levels: u16,
}

impl<'a> Counter<'a> {
    const fn new(number: i64, asked: &'a Cell<bool>) -> Self {
        Self {
            number,
            asked,
            optional: false,
            levels: LEVELS,
        }
    }

    fn enter(mut self) -> Result<Self, ValueError> {
        self.levels = self
            .levels
            .checked_sub(1)
            .ok_or_else(|| ValueError::custom("nests too deep"))?;
        Ok(self)
    }
}

macro_rules! integer {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            self.asked.set(!self.optional);
            visitor.visit_i64(self.number)
        }
    )*};
}

impl<'de> Deserializer<'de> for Counter<'_> {
    type Error = ValueError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_i64(self.number)
    }

    integer! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self.enter()?)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, ValueError> {
        self.optional = true;
        visitor.visit_some(self.enter()?)
    }

    forward_to_deserialize_any! {
        bool f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct enum
        identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_all_types_go_there_and_back() {
        assert_eq!(integer_of(&7u8), Some(7));
        assert_eq!(integer_of(&u64::MAX), None);
        assert_eq!(integer_of(&"7"), None);
        assert_eq!(of_integer::<u16>(7), Some(7));
        assert_eq!(of_integer::<u16>(-7), None);
        assert_eq!(of_integer::<String>(7), None);
        assert_eq!(deserialize::<u32>(7).ok(), Some(7));
    }
}
