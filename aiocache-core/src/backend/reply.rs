//! The answer to a raw command, one type for every backend.

use bytes::Bytes;

/// What a store answered to [`Cache::raw`](crate::Cache::raw).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// Nothing there.
    Nil,
    /// A whole number.
    Integer(i64),
    /// Bytes of a value.
    Bytes(Bytes),
    /// A status or another line of text.
    Text(String),
    /// Several answers in order.
    List(Vec<Self>),
    /// Pairs in the order they came.
    Map(Vec<(Self, Self)>),
}

impl Reply {
    /// The whole number, if it is one.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is text or bytes of it.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }
}
