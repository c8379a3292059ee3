//! From a value to what a store holds, and back.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::backend::Raw;
use crate::error::{Error, ErrorKind, Result};

mod functions;
mod integer;
// What is public in these modules says its feature again: re-exported by another crate, an item is documented with what
// stands at its definition alone.
#[cfg(feature = "json")]
mod json;
#[cfg(any(feature = "json", feature = "msgpack", feature = "postcard"))]
mod limit;
#[cfg(feature = "msgpack")]
mod msgpack;
mod null;
mod object;
#[cfg(feature = "postcard")]
mod postcard;
mod string;
mod typed;

pub use functions::Functions;
pub(crate) use integer::{integer_of, of_integer};
#[cfg(feature = "json")]
pub use json::JsonSerializer;
#[cfg(feature = "msgpack")]
pub use msgpack::MsgPackSerializer;
pub use null::NullSerializer;
pub use object::Object;
#[cfg(feature = "postcard")]
pub use postcard::PostcardSerializer;
pub use string::StringSerializer;
pub use typed::Typed;

/// How deep values may nest: each `Option`, newtype, sequence, map, struct and enum is a level.
const LEVELS: u16 = 128;

/// Writes a `T` to a store that holds `R`.
///
/// Two traits instead of one, so that `set("key", "text")` takes a `str` and `get::<String>` gives a `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot write a `{T}` to a store that holds `{R}`",
    note = "JsonSerializer, MsgPackSerializer and PostcardSerializer write what implements serde::Serialize",
    note = "StringSerializer writes what implements Display",
    note = "NullSerializer writes any Clone + Send + Sync + 'static value to memory, and only strings and bytes to a wire"
)]
pub trait Dump<T: ?Sized, R> {
    /// Writes the value.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`] if the value cannot be written.
    fn dump(&self, value: &T) -> Result<R>;
}

/// Reads a `T` from what a store holds as `R`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot read a `{T}` from a store that holds `{R}`",
    note = "JsonSerializer, MsgPackSerializer and PostcardSerializer read what implements serde::Deserialize for every lifetime",
    note = "StringSerializer reads what implements FromStr",
    note = "NullSerializer reads any Clone + Send + Sync + 'static value from memory, and only strings and bytes from a wire"
)]
pub trait Load<T, R> {
    /// Reads the value.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the bytes are not a `T`; [`ErrorKind::Type`] if memory holds another type, with
    /// the names of both.
    fn load(&self, raw: &R) -> Result<T>;

    /// The same where nobody asks why it cannot be read: without an error beside it, a large value is moved less often.
    #[doc(hidden)]
    #[inline]
    fn __value(&self, raw: &R) -> Option<T> {
        self.load(raw).ok()
    }
}

/// Has a form for a cached `None` that is told apart from every value it writes.
///
/// A memory store has a slot for it whatever the serializer is. On a wire every [`Codec`] writes its `None`
/// (JSON: `null`); a string has no such form.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no form for a cached `None` in a store that holds `{R}`",
    note = "`cache_none` works with JsonSerializer, MsgPackSerializer and PostcardSerializer, and with every serializer in memory"
)]
pub trait NoneForm<R> {
    /// What is stored for a `None`.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`] if it cannot be written.
    fn dump_none(&self) -> Result<R>;

    /// Whether this is a stored `None`.
    fn is_none(&self, raw: &R) -> bool;
}

/// The easy way to a serializer for everything that serde knows: bytes out, bytes in.
///
/// Every `Codec` is a [`Dump`] and a [`Load`] for each serde type, over memory and wires alike.
///
/// # Examples
/// ```
/// use aiocache_core::{Codec, Error, ErrorKind, JsonSerializer, Result};
/// use serde::{Serialize, de::DeserializeOwned};
///
/// /// JSON that ends in a line feed, and reads nothing else.
/// struct Lines;
///
/// impl Codec for Lines {
///     fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>> {
///         let mut bytes = JsonSerializer.encode(value)?;
///         bytes.push(b'\n');
///         Ok(bytes)
///     }
///
///     fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T> {
///         let line = bytes.strip_suffix(b"\n");
///         JsonSerializer.decode(line.ok_or_else(|| Error::new(ErrorKind::Decode, "no line feed at the end"))?)
///     }
/// }
/// # assert_eq!(Lines.decode::<u8>(&Lines.encode(&7).unwrap()).unwrap(), 7);
/// ```
pub trait Codec: Send + Sync + 'static {
    /// Writes a value.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`] if the value cannot be written.
    fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Vec<u8>>;

    /// Reads a value; all bytes have to be used. Decimal text is read as the integer it is, because that is how
    /// counters are stored.
    ///
    /// # Errors
    /// [`ErrorKind::Decode`] if the bytes are not a `T`.
    fn decode<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T>;
}

/// A store's value that can carry encoded bytes.
pub trait Carrier: Raw {
    /// Wraps what a codec wrote.
    fn from_bytes(bytes: Bytes) -> Self;

    /// What it carries.
    fn carried(&self) -> Carried<'_>;
}

/// What a [`Carrier`] carries.
#[derive(Debug)]
#[non_exhaustive]
pub enum Carried<'a> {
    /// Encoded bytes.
    Bytes(&'a Bytes),
    /// A counter of the memory store.
    Integer(i64),
    /// A cached `None`, or a value kept as it is: this is its type.
    Other(&'a str),
}

impl Carrier for Bytes {
    fn from_bytes(bytes: Bytes) -> Self {
        bytes
    }

    fn carried(&self) -> Carried<'_> {
        Carried::Bytes(self)
    }
}

#[diagnostic::do_not_recommend]
impl<C: Codec, T: Serialize + ?Sized, R: Carrier> Dump<T, R> for C {
    fn dump(&self, value: &T) -> Result<R> {
        self.encode(value).map(|bytes| R::from_bytes(bytes.into()))
    }
}

#[diagnostic::do_not_recommend]
impl<C: Codec, T: DeserializeOwned, R: Carrier> Load<T, R> for C {
    fn load(&self, raw: &R) -> Result<T> {
        match raw.carried() {
            Carried::Bytes(bytes) => self.decode(bytes),
            Carried::Integer(integer) => integer::deserialize(integer),
            Carried::Other(found) => Err(wrong_type::<T>(found)),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<C: Codec> NoneForm<Bytes> for C {
    fn dump_none(&self) -> Result<Bytes> {
        self.encode(&None::<()>).map(Bytes::from)
    }

    fn is_none(&self, raw: &Bytes) -> bool {
        // A few bytes at most, and only where `cache_none` is on.
        self.encode(&None::<()>).is_ok_and(|none| none == raw.as_ref())
    }
}

/// The error for a value of another type than the one asked for.
pub(crate) fn wrong_type<T>(found: &str) -> Error {
    let wanted = std::any::type_name::<T>();
    Error::new(
        ErrorKind::Type,
        format!("the store holds {found}, but {wanted} was asked for; read it as what was written"),
    )
}
