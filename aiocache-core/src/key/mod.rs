//! Keys: what a caller may use as one, and how a call's arguments become one.

use std::borrow::Cow;

mod arg;
mod buf;
mod digits;
mod escape;
mod fit;
mod list;
mod small;
mod sorted;
mod text;
mod view;

pub use arg::KeyArg;
pub use buf::KeyBuf;
pub(crate) use escape::escape_namespace;
#[cfg(test)]
pub(crate) use fit::fit_key;

/// A key of a cache command, before the namespace is put in front.
///
/// Text and whole numbers convert into it. For an enum of keys, write `impl From<MyKey> for Key<'static>`.
///
/// # Examples
/// ```
/// use aiocache_core::{Cache, Key, MemoryBackend};
///
/// enum Page {
///     Home,
///     Article(u64),
/// }
///
/// impl From<Page> for Key<'_> {
///     fn from(page: Page) -> Self {
///         match page {
///             Page::Home => "home".into(),
///             Page::Article(id) => format!("article:{id}").into(),
///         }
///     }
/// }
///
/// let cache: Cache<MemoryBackend> = Cache::new();
/// assert_eq!(cache.stored_key(Page::Home), "home");
/// assert_eq!(cache.stored_key(Page::Article(7)), "article:7");
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key<'a>(Cow<'a, str>);

impl Key<'_> {
    /// The text of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Key<'_> {
    /// Shows the length only: a key can hold personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({} bytes)", self.0.len())
    }
}

impl<'a> From<&'a str> for Key<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a &str> for Key<'a> {
    fn from(text: &'a &str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl<'a> From<&'a String> for Key<'a> {
    fn from(text: &'a String) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Key<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl<'a> From<Cow<'a, str>> for Key<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl<'a> From<&'a Key<'_>> for Key<'a> {
    fn from(key: &'a Key<'_>) -> Self {
        Self(Cow::Borrowed(key.as_str()))
    }
}

macro_rules! from_integer {
    ($($int:ty),*) => {$(
        impl From<$int> for Key<'_> {
            fn from(number: $int) -> Self {
                Self(Cow::Owned(number.to_string()))
            }
        }
    )*};
}

from_integer!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);
