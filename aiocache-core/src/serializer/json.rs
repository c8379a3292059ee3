//! JSON, the default on a wire.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Codec;
use super::LEVELS;
use super::limit::{Limited, Limits};
use crate::error::{Error, ErrorKind, Result};

/// JSON through `serde_json`: readable, shared with other languages, at most 128 levels deep.
///
/// Numbers come back exactly, 128-bit integers and floats included. What JSON has no form for does not come back:
/// a float that is infinite or not a number is written as `null`, and `Some(None)` and `Some(())` read back as
/// `None`.
#[cfg(feature = "json")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonSerializer;

/// `serde_json` itself stops at 128 lists and objects, but an `Option` or a newtype is no level to it: a type that
/// contains itself through these alone would go down for ever without reading a byte.
const MORE_LEVELS: u16 = 2 * LEVELS;

impl Codec for JsonSerializer {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>> {
        serde_json::to_vec(value).map_err(|error| unwritable::<T>(&error))
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        let limits = Limits::new(MORE_LEVELS, bytes.len());
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        T::deserialize(Limited::new(&mut reader, &limits))
            .and_then(|value| reader.end().map(|()| value))
            .map_err(|error| unreadable::<T>(&error, limits.broken()))
    }
}

// The messages of serde and of the types may quote the value, so only their kind is kept.

fn unwritable<T: ?Sized>(error: &serde_json::Error) -> Error {
    let what = match error.classify() {
        Category::Syntax => "a map has keys that are not strings, numbers or booleans",
        Category::Data | Category::Eof | Category::Io => "its own Serialize refused",
    };
    let written = std::any::type_name::<T>();
    Error::new(ErrorKind::Encode, format!("{written} as JSON: {what}"))
}

fn unreadable<T>(error: &serde_json::Error, limit: Option<&'static str>) -> Error {
    let what = limit.unwrap_or_else(|| match error.classify() {
        Category::Eof => "it ends too early",
        Category::Data => "it is JSON of another shape",
        Category::Syntax | Category::Io => "it is not JSON, or nests too deep",
    });
    let (line, column) = (error.line(), error.column());
    let wanted = std::any::type_name::<T>();
    Error::new(
        ErrorKind::Decode,
        format!("as JSON: {what} at line {line} column {column}; expected {wanted}"),
    )
}
