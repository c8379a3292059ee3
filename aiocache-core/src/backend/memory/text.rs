//! The key of an entry, beside its value while it is short.

use arrayvec::ArrayString;

/// How many bytes lie in the entry. With the hash they fill a cache line, and most calls of a function fit.
const NEAR: usize = 48;

/// The key of an entry.
#[derive(Debug)]
pub(super) enum KeyText {
    /// In the entry: comparing it waits for no other memory than the entry's own.
    Near(ArrayString<NEAR>),
    Far(Box<str>),
}

impl KeyText {
    #[inline]
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Near(text) => text,
            Self::Far(text) => text,
        }
    }
}

impl From<&str> for KeyText {
    fn from(text: &str) -> Self {
        match ArrayString::from(text) {
            Ok(near) => Self::Near(near),
            Err(_) => Self::Far(text.into()),
        }
    }
}
