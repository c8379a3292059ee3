//! Postcard: the smallest and fastest, for caches that only Rust programs of one origin share.

use postcard::ser_flavors::{AllocVec, Flavor};
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::shape::Shape;
use super::LEVELS;
use super::limit::{Limited, Limits};
use super::{Codec, integer};
use crate::error::{Error, ErrorKind, Result};

mod read;
mod shape;
mod write;

/// Postcard, with a header that tells a value of another type or release from one that can be read.
///
/// Postcard's bytes name nothing: a struct whose fields were swapped or added would be read into wrong values. So a
/// fingerprint goes before them: of [`version`](Self::version) and of the outermost type's shape. What does not
/// agree is an [`ErrorKind::Decode`] error, which the decorators take for a miss.
///
/// At most 128 levels deep, and never more items than bytes: a long `Vec<()>` is written but not read.
///
/// # What the fingerprint covers
///
/// The name of a struct and the names of its fields in order; the name of an enum, and the index, name and fields of
/// the variant at hand (so variants may be added at the end); which primitive it is; the length of a tuple or array.
/// Through `Option`, newtypes and newtype variants it looks inside, and into the first item of a sequence or
/// tuple: a `Vec<User>` is told from a `Vec<Account>`. `&str` and `String`, `&[T]`, `Vec<T>` and sets, and `T`,
/// `&T`, `Box<T>` and `Arc<T>` are the same.
///
/// What it does not cover: the types of a struct's fields, what is below them, the items of a map, and further items
/// of a sequence or tuple. **When one of those changes, give the serializer a new version.**
///
/// # What cannot be used with it
///
/// Postcard knows no `flatten`, `untagged`, internal `tag` or `skip_serializing_if`: the outermost struct is not
/// written if it leaves a field out ([`ErrorKind::Encode`]), a nested one must not. A type whose `Serialize` and
/// `Deserialize` describe themselves differently is written, but never read back: hand-written pairs, `alias`,
/// `rename(serialize = …)` with another name for reading, a skipped variant before others.
///
/// # Format
///
/// `0xC1`, with which no MsgPack, UTF-8 text (JSON, decimal counters) or pickle begins; the format's own version, 1;
/// eight bytes of fingerprint, little-endian; what postcard writes. A counter is decimal text without any of this,
/// which every integer type and every newtype around one reads.
///
/// # Examples
///
/// ```
/// use aiocache_core::{Codec, PostcardSerializer};
///
/// let serializer = PostcardSerializer::new().version(2);
/// let bytes = serializer.encode("text")?;
/// assert_eq!(serializer.decode::<String>(&bytes)?, "text");
/// assert!(PostcardSerializer::new().decode::<String>(&bytes).is_err());
/// # Ok::<(), aiocache_core::Error>(())
/// ```
#[cfg(feature = "postcard")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PostcardSerializer {
    version: u32,
}

const MAGIC: u8 = 0xC1;
const FORMAT: u8 = 1;
const HEADER: usize = 2 + size_of::<u64>();

impl PostcardSerializer {
    /// Version 0.
    #[must_use]
    pub const fn new() -> Self {
        Self { version: 0 }
    }

    /// The version of the types stored: whatever was written under another one is not read. Count it up when
    /// something changes that the fingerprint does not cover. Default 0.
    #[must_use]
    pub const fn version(self, version: u32) -> Self {
        Self { version }
    }
}

impl Codec for PostcardSerializer {
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>> {
        let mut shape = Shape::new(self.version);
        write::describe(value, &mut shape);
        if shape.left_out {
            return Err(unwritable::<T>(
                "it leaves out a field, which Postcard could not read back",
            ));
        }
        let mut bytes = AllocVec::new();
        bytes
            .try_extend(&[MAGIC, FORMAT])
            .and_then(|()| bytes.try_extend(&shape.fingerprint().to_le_bytes()))
            .and_then(|()| postcard::serialize_with_flavor(value, bytes))
            .map_err(|error| {
                unwritable::<T>(match error {
                    postcard::Error::SerializeSeqLengthUnknown => {
                        "it has a sequence or map of unknown length, as `flatten` makes"
                    }
                    _ => "its own Serialize refused",
                })
            })
    }

    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
        let (fingerprint, payload) = match bytes.split_first_chunk::<HEADER>() {
            Some(([MAGIC, FORMAT, fingerprint @ ..], payload)) => (u64::from_le_bytes(*fingerprint), payload),
            _ => {
                return integer::from_decimal(bytes)
                    .unwrap_or_else(|| Err(unreadable::<T>("it has no header of this format")));
            }
        };
        let mut shape = Shape::new(self.version);
        read::describe::<T>(payload, &mut shape);
        if shape.fingerprint() != fingerprint {
            return Err(unreadable::<T>("it was written from another type or version"));
        }
        let limits = Limits::new(LEVELS, payload.len());
        let mut reader = postcard::Deserializer::from_bytes(payload);
        let value = T::deserialize(Limited::new(&mut reader, &limits))
            .map_err(|error| unreadable::<T>(limits.broken().unwrap_or_else(|| what_is_wrong(&error))))?;
        match reader.finalize() {
            Ok([]) => Ok(value),
            _ => Err(unreadable::<T>("bytes are left after the value")),
        }
    }
}

fn unwritable<T: ?Sized>(what: &str) -> Error {
    let written = std::any::type_name::<T>();
    Error::new(ErrorKind::Encode, format!("{written} as Postcard: {what}"))
}

fn what_is_wrong(error: &postcard::Error) -> &'static str {
    match error {
        postcard::Error::DeserializeUnexpectedEnd => "it ends too early",
        postcard::Error::DeserializeBadUtf8 => "its text is not UTF-8",
        postcard::Error::WontImplement => "the type needs a format that describes itself",
        _ => "it is of another shape",
    }
}

fn unreadable<T>(what: &'static str) -> Error {
    let wanted = std::any::type_name::<T>();
    Error::new(
        ErrorKind::Decode,
        format!("as Postcard: {what}; expected {wanted}"),
    )
}
