//! JSON, the default on a wire.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Codec;
use crate::error::{Error, ErrorKind, Result};

/// JSON through `serde_json`: readable, shared with other languages, at most 128 levels deep.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JsonSerializer;

impl Codec for JsonSerializer {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>> {
        serde_json::to_vec(value).map_err(|error| Error::new(ErrorKind::Encode, "as JSON").with_source(error))
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        serde_json::from_slice(bytes).map_err(|error| {
            // serde's own message may quote the value, so only the place and the kind are kept.
            let (line, column) = (error.line(), error.column());
            let what = match error.classify() {
                serde_json::error::Category::Eof => "it ends too early",
                serde_json::error::Category::Data => "it is JSON of another shape",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON",
            };
            let wanted = std::any::type_name::<T>();
            Error::new(
                ErrorKind::Decode,
                format!("{what} at line {line} column {column}; expected {wanted}"),
            )
        })
    }
}
