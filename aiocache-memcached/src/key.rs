//! Keys that memcached can hold, and nothing else.

use aiocache_core::{Error, ErrorKind, Result};

use crate::ring;

/// The longest key (`protocol.txt`).
pub(crate) const MAX_KEY_BYTES: usize = 250;

/// A key of 1 to 250 bytes of visible ASCII. Every command takes its keys in this form: a longer key or one with a
/// space or a control character would make the server read a part of the request as another command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(Box<str>);

impl Key {
    /// # Errors
    /// `InvalidKey`, which carries the key but does not print it.
    pub(crate) fn new(key: &str) -> Result<Self> {
        let why = if key.is_empty() {
            "it is empty".into()
        } else if key.len() > MAX_KEY_BYTES {
            format!("it has {} bytes, and {MAX_KEY_BYTES} is the most", key.len())
        } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            "only visible ASCII without spaces is accepted".into()
        } else {
            return Ok(Self(key.into()));
        };
        Err(Error::new(ErrorKind::InvalidKey, why).with_key(key))
    }

    /// All keys, or the error of the first that is none, with its index.
    pub(crate) fn all(keys: &[&str]) -> Result<Vec<Self>> {
        keys.iter()
            .enumerate()
            .map(|(index, key)| Self::new(key).map_err(|error| error.with_index(index)))
            .collect()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The same in every process and release.
    pub(crate) fn hash(&self) -> u64 {
        ring::hash(self.as_bytes())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii_of_the_right_length_is_a_key() {
        for good in ["a", "~!", &"k".repeat(250)] {
            assert_eq!(Key::new(good).expect(good).as_str(), good);
        }
        for bad in [
            "",
            "a b",
            "a\r\nb",
            "a\0",
            "\u{7f}",
            "caf\u{e9}",
            &"k".repeat(251),
        ] {
            let error = Key::new(bad).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::InvalidKey, "{bad:?}");
            assert_eq!(error.key(), Some(bad));
        }
    }
}
