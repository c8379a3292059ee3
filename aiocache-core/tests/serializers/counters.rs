//! What `increment` left is read by every integer type.

use aiocache_core::{
    Codec, ErrorKind, JsonSerializer, Load, MsgPackSerializer, NullSerializer, Object, PostcardSerializer,
    Raw, Result, StringSerializer,
};
use bytes::Bytes;

use crate::{Rich, Views};

macro_rules! read_as {
    ($serializer:expr, $raw:expr, $number:expr => $($int:ty)*) => {$(
        let read: Result<$int> = $serializer.load($raw);
        match <$int>::try_from($number) {
            Ok(number) => assert_eq!(read.unwrap(), number),
            Err(_) => assert!(read.is_err(), "{} is no {}", $number, stringify!($int)),
        }
    )*};
}

macro_rules! counters_are_read {
    ($serializer:expr) => {{
        let serializer = $serializer;
        for number in [0i64, 1, 9, 10, 48, 57, 127, 128, -1, -5, 300, 70_000, 5_000_000_000, i64::MAX, i64::MIN] {
            let (wire, memory) = (<Bytes as Raw>::from_integer(number), <Object as Raw>::from_integer(number));
            read_as!(serializer, &wire, number => i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);
            read_as!(serializer, &memory, number => i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);
        }
    }};
}

#[test]
fn counters_are_read_by_every_integer_type_with_every_serializer() {
    counters_are_read!(JsonSerializer);
    counters_are_read!(MsgPackSerializer);
    counters_are_read!(PostcardSerializer::new().version(3));
    counters_are_read!(StringSerializer);
    counters_are_read!(NullSerializer);
}

fn newtypes_read_counters(codec: &impl Codec) {
    assert_eq!(codec.load(&<Bytes as Raw>::from_integer(7)).ok(), Some(Views(7)));
    assert_eq!(codec.load(&<Object as Raw>::from_integer(7)).ok(), Some(Views(7)));
    let negative: Result<Views> = codec.load(&<Bytes as Raw>::from_integer(-7));
    assert_eq!(negative.unwrap_err().kind(), ErrorKind::Decode);
    let rich: Result<Rich> = codec.load(&<Bytes as Raw>::from_integer(7));
    assert_eq!(rich.unwrap_err().kind(), ErrorKind::Decode);
    let text: Result<String> = codec.load(&<Object as Raw>::from_integer(7));
    assert_eq!(text.unwrap_err().kind(), ErrorKind::Type);
}

#[test]
fn newtypes_of_integers_read_counters_and_other_types_do_not() {
    newtypes_read_counters(&JsonSerializer);
    newtypes_read_counters(&MsgPackSerializer);
    newtypes_read_counters(&PostcardSerializer::new());
}

#[test]
fn a_zero_that_does_not_fit_is_not_taken_for_the_fixint_of_its_digit() {
    use std::num::NonZeroU8;
    assert!(MsgPackSerializer.decode::<NonZeroU8>(b"0").is_err());
    assert_eq!(MsgPackSerializer.decode::<NonZeroU8>(b"9").unwrap().get(), 9);
    // An Option is not an integer type: a bare fixint stays what it is.
    assert_eq!(MsgPackSerializer.decode::<Option<u8>>(b"9").unwrap(), Some(57));
    assert_eq!(MsgPackSerializer.decode::<f64>(b"9").unwrap(), 57.0);
}
