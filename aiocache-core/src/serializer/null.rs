//! No serializer: values as they are.

use bytes::Bytes;

use super::{Dump, Load, Object};
use crate::backend::Raw;
use crate::error::{Error, ErrorKind, Result};

/// Stores values as they are: any `Clone + Send + Sync + 'static` value in memory, and only strings and bytes on
/// a wire, which the compiler checks.
///
/// A read gives a clone. An [`Arc`](std::sync::Arc) is stored and handed out without cloning what it points to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NullSerializer;

impl<T: ?Sized + ToOwned> Dump<T, Object> for NullSerializer
where
    T::Owned: Send + Sync + 'static,
{
    fn dump(&self, value: &T) -> Result<Object> {
        Ok(Object::of(value.to_owned()))
    }
}

macro_rules! dump_bytes {
    ($($text:ty),*) => {$(
        impl Dump<$text, Bytes> for NullSerializer {
            fn dump(&self, value: &$text) -> Result<Bytes> {
                Ok(Bytes::copy_from_slice(value.as_ref()))
            }
        }
    )*};
}

dump_bytes!(str, String, [u8], Vec<u8>);

impl Dump<Bytes, Bytes> for NullSerializer {
    fn dump(&self, value: &Bytes) -> Result<Bytes> {
        Ok(value.clone())
    }
}

impl Load<Bytes, Bytes> for NullSerializer {
    fn load(&self, raw: &Bytes) -> Result<Bytes> {
        Ok(raw.clone())
    }
}

impl Load<Vec<u8>, Bytes> for NullSerializer {
    fn load(&self, raw: &Bytes) -> Result<Vec<u8>> {
        Ok(raw.to_vec())
    }
}

impl Load<String, Bytes> for NullSerializer {
    fn load(&self, raw: &Bytes) -> Result<String> {
        let text = std::str::from_utf8(raw);
        text.map(str::to_owned)
            .map_err(|error| Error::new(ErrorKind::Decode, "the bytes are not UTF-8 text").with_source(error))
    }
}

macro_rules! load_counter {
    ($($int:ty),*) => {$(
        /// A counter, which a wire keeps as decimal text.
        impl Load<$int, Bytes> for NullSerializer {
            fn load(&self, raw: &Bytes) -> Result<$int> {
                let number = raw.integer().and_then(|integer| <$int>::try_from(integer).ok());
                number.ok_or_else(|| {
                    Error::new(ErrorKind::Decode, concat!("the bytes are not the decimal text of a ", stringify!($int)))
                })
            }
        }
    )*};
}

load_counter!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
