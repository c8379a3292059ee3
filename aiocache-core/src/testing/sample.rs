//! Values for the cases, for whatever a store holds.

use bytes::Bytes;

use crate::backend::Raw;
use crate::serializer::{Carried, Carrier, Object, Typed};

/// A raw value that the conformance suite can make and look into. A backend with a raw type of its own implements
/// it for that type, in its tests.
pub trait Sample: Raw {
    /// A value with this content; `None` if this type cannot hold such content, which text never is.
    fn sample(content: &[u8]) -> Option<Self>;

    /// The content of a value that [`Sample::sample`] made; `None` for a counter or a token, if that can be told.
    fn content(&self) -> Option<Vec<u8>>;
}

impl Sample for Bytes {
    fn sample(content: &[u8]) -> Option<Self> {
        Some(Self::copy_from_slice(content))
    }

    fn content(&self) -> Option<Vec<u8>> {
        Some(self.to_vec())
    }
}

impl Sample for Object {
    /// Text is kept as the `String` it is, everything else as bytes, so that both kinds of slot are tried.
    fn sample(content: &[u8]) -> Option<Self> {
        Some(match String::from_utf8(content.to_vec()) {
            Ok(text) => Self::of(text),
            Err(_) => Self::from_bytes(Bytes::copy_from_slice(content)),
        })
    }

    fn content(&self) -> Option<Vec<u8>> {
        match self.carried() {
            Carried::Bytes(bytes) => Some(bytes.to_vec()),
            Carried::Other(_) => self.get::<String>().ok().map(String::into_bytes),
            Carried::Integer(_) => None,
        }
    }
}

impl Sample for Typed<String> {
    fn sample(content: &[u8]) -> Option<Self> {
        String::from_utf8(content.to_vec()).ok().map(Self::of)
    }

    fn content(&self) -> Option<Vec<u8>> {
        use crate::serializer::{Load, NullSerializer};
        NullSerializer.load(self).ok().map(String::into_bytes)
    }
}
