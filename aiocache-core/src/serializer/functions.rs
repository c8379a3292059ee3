//! A serializer made of two functions.

use super::{Dump, Load};
use crate::error::Result;

/// A serializer made of a pair of functions, for one type.
///
/// Plain function pointers, so that a `static` cache can name the type.
///
/// # Examples
/// ```
/// use aiocache_core::{Cache, Error, ErrorKind, Functions, MemoryBackend};
/// use bytes::Bytes;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// let dump = |celsius: &f64| Ok(Bytes::from(celsius.to_string()));
/// let load = |raw: &Bytes| {
///     let text = std::str::from_utf8(raw).ok();
///     text.and_then(|text| text.parse().ok()).ok_or_else(|| Error::new(ErrorKind::Decode, "expected a number"))
/// };
/// let cache = Cache::builder(MemoryBackend::<Bytes>::new()).serializer(Functions::new(dump, load)).build();
/// cache.set("Wien", &21.5).await?;
/// assert_eq!(cache.get::<f64>("Wien").await?, Some(21.5));
/// # Ok(()) }
/// ```
pub struct Functions<T, R> {
    dump: fn(&T) -> Result<R>,
    load: fn(&R) -> Result<T>,
}

impl<T, R> Functions<T, R> {
    /// Puts the two together.
    pub const fn new(dump: fn(&T) -> Result<R>, load: fn(&R) -> Result<T>) -> Self {
        Self { dump, load }
    }
}

impl<T, R> Clone for Functions<T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, R> Copy for Functions<T, R> {}

impl<T, R> std::fmt::Debug for Functions<T, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Functions")
    }
}

impl<T, R> Dump<T, R> for Functions<T, R> {
    fn dump(&self, value: &T) -> Result<R> {
        (self.dump)(value)
    }
}

impl<T, R> Load<T, R> for Functions<T, R> {
    fn load(&self, raw: &R) -> Result<T> {
        (self.load)(raw)
    }
}
