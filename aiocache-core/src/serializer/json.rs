//! JSON, the default on a wire.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::Codec;
use crate::error::{Error, ErrorKind, Result};

/// JSON through `serde_json`: readable, shared with other languages, at most 128 levels deep.
///
/// Numbers come back exactly, 128-bit integers and floats included. What JSON has no form for does not come back:
/// a float that is infinite or not a number is written as `null`, and `Some(None)` and `Some(())` read back as `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonSerializer;

impl Codec for JsonSerializer {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>> {
        serde_json::to_vec(value).map_err(|error| {
            // A type's own message may quote the value, so only the kind is kept.
            let what = match error.classify() {
                Category::Syntax => "a map has keys that are not strings, numbers or booleans",
                Category::Data | Category::Eof | Category::Io => "its own Serialize refused",
            };
            let written = std::any::type_name::<T>();
            Error::new(ErrorKind::Encode, format!("{written} as JSON: {what}"))
        })
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| {
            // serde's own message may quote the value, so only the place and the kind are kept.
            let (line, column) = (error.line(), error.column());
            let what = match error.classify() {
                Category::Eof => "it ends too early",
                Category::Data => "it is JSON of another shape",
                Category::Syntax | Category::Io => "it is not JSON",
            };
            let wanted = std::any::type_name::<T>();
            Error::new(
                ErrorKind::Decode,
                format!("{what} at line {line} column {column}; expected {wanted}"),
            )
        })
    }
}
