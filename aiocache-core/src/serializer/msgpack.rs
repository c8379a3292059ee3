//! MsgPack: compact, and shared with other languages.

use rmp_serde::decode::Error as DecodeError;
use rmp_serde::encode::Error as EncodeError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::LEVELS;
use super::limit::{Limited, Limits};
use super::{Codec, integer};
use crate::error::{Error, ErrorKind, Result};

/// MsgPack through `rmp-serde`: structs are maps with named fields, so that Python's `msgpack` reads them as `dict`s
/// and a field may be added or moved.
///
/// At most 128 levels deep, and never more items than bytes. As in JSON, `Some(None)` and `Some(())` read back as
/// `None`.
///
/// # Counters
///
/// A counter is decimal text on a wire, whatever the serializer, and so every integer type reads such text as the
/// number it says. One value could be taken for another: the byte of a digit is also MsgPack's shortest form of 48
/// to 57. This serializer writes those numbers in two bytes where they are the whole value, which every MsgPack
/// reader accepts. A bare 48 to 57 that another client wrote in one byte is read as its digit, 0 to 9, by integer
/// types (and newtypes around them) alone.
#[cfg(feature = "msgpack")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MsgPackSerializer;

/// Says that one byte with a number follows.
const UINT_8: u8 = 0xcc;

impl Codec for MsgPackSerializer {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>> {
        let bytes = rmp_serde::to_vec_named(value).map_err(|error| unwritable::<T>(&error))?;
        Ok(match bytes[..] {
            [digit @ b'0'..=b'9'] => vec![UINT_8, digit],
            _ => bytes,
        })
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        if let Some(counter) = integer::from_decimal(bytes) {
            return counter;
        }
        let limits = Limits::new(LEVELS, bytes.len());
        let mut reader = rmp_serde::Deserializer::from_read_ref(bytes);
        let value = T::deserialize(Limited::new(&mut reader, &limits))
            .map_err(|error| unreadable::<T>(limits.broken().unwrap_or_else(|| what_is_wrong(&error))))?;
        // The reader does not tell where it is: one value more has to find nothing at all.
        match bool::deserialize(&mut reader) {
            Err(DecodeError::InvalidMarkerRead(_)) => Ok(value),
            _ => Err(unreadable::<T>("bytes are left after the value")),
        }
    }
}

// The errors of serde and of the types may quote the value, so only their class is kept.

fn unwritable<T: ?Sized>(error: &EncodeError) -> Error {
    let what = match error {
        EncodeError::InvalidValueWrite(_) => "it is too long",
        EncodeError::UnknownLength => "it has a part of unknown length",
        EncodeError::InvalidDataModel(_) => "it is not a value that serde describes",
        EncodeError::DepthLimitExceeded => "it nests too deep",
        EncodeError::Syntax(_) => "its own Serialize refused",
    };
    let written = std::any::type_name::<T>();
    Error::new(ErrorKind::Encode, format!("{written} as MsgPack: {what}"))
}

fn what_is_wrong(error: &DecodeError) -> &'static str {
    match error {
        DecodeError::InvalidMarkerRead(_) | DecodeError::InvalidDataRead(_) => "it ends too early",
        DecodeError::TypeMismatch(_)
        | DecodeError::OutOfRange
        | DecodeError::LengthMismatch(_)
        | DecodeError::Uncategorized(_)
        | DecodeError::Syntax(_) => "it is MsgPack of another shape, or not MsgPack",
        DecodeError::Utf8Error(_) => "its text is not UTF-8",
        DecodeError::DepthLimitExceeded => "it nests too deep",
    }
}

fn unreadable<T>(what: &'static str) -> Error {
    let wanted = std::any::type_name::<T>();
    Error::new(
        ErrorKind::Decode,
        format!("as MsgPack: {what}; expected {wanted}"),
    )
}
