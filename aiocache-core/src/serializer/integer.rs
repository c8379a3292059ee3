//! Counters: how an integer becomes a value of any integer type, and back.

use std::any::Any;

use serde::de::value::{Error as ValueError, I64Deserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use super::wrong_type;
use crate::error::Result;

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

/// The number as whatever a serde type makes of an `i64`.
pub(super) fn deserialize<T: DeserializeOwned>(integer: i64) -> Result<T> {
    let number: I64Deserializer<ValueError> = integer.into_deserializer();
    T::deserialize(number).map_err(|_| wrong_type::<T>("a counter"))
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
