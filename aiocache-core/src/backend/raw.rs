//! What a store holds under a key.

use bytes::Bytes;

/// What a store holds under a key: bytes on a wire, or a slot of the memory store.
///
/// Beside a value, a slot can be an integer (a counter) or a lock's token; in memory it can also be a cached
/// `None`. A wire writes integers as decimal text, which every client reads.
pub trait Raw: Sized + Send + Sync + 'static {
    /// A second handle to the same value if that is cheap, `None` if it would clone a value kept inline.
    fn share(&self) -> Option<Self>;

    /// The integer in this slot, if it is one.
    fn integer(&self) -> Option<i64>;

    /// The slot for an integer.
    fn from_integer(integer: i64) -> Self;

    /// The lock token in this slot, if it is one.
    fn token(&self) -> Option<&str>;

    /// The slot for a lock's token.
    fn from_token(token: &str) -> Self;

    /// Its size in bytes where it is bytes; 0 elsewhere.
    fn byte_len(&self) -> usize;
}

impl Raw for Bytes {
    fn share(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn integer(&self) -> Option<i64> {
        parse_decimal(self)
    }

    fn from_integer(integer: i64) -> Self {
        integer.to_string().into()
    }

    fn token(&self) -> Option<&str> {
        std::str::from_utf8(self).ok()
    }

    fn from_token(token: &str) -> Self {
        Self::copy_from_slice(token.as_bytes())
    }

    fn byte_len(&self) -> usize {
        self.len()
    }
}

/// Reads decimal text as Redis reads a counter: no plus sign, no leading zero, no space.
pub(crate) fn parse_decimal(bytes: &[u8]) -> Option<i64> {
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let canonical = match digits {
        [b'0'] => bytes.len() == 1,
        [first, rest @ ..] => matches!(first, b'1'..=b'9') && rest.iter().all(u8::is_ascii_digit),
        [] => false,
    };
    if canonical {
        std::str::from_utf8(bytes).ok()?.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_decimal_text_is_a_counter() {
        for (text, number) in [("0", 0), ("-7", -7), ("9223372036854775807", i64::MAX)] {
            assert_eq!(parse_decimal(text.as_bytes()), Some(number));
        }
        for text in [
            "",
            "-",
            "-0",
            "+1",
            "01",
            " 1",
            "1 ",
            "1.0",
            "9223372036854775808",
            "abc",
        ] {
            assert_eq!(parse_decimal(text.as_bytes()), None, "{text:?}");
        }
    }
}
