//! Keys that memcached can hold, and nothing else.

use aiocache_core::{Error, ErrorKind, Result};

use crate::ring;

/// The longest key (`protocol.txt`).
pub(crate) const MAX_KEY_BYTES: usize = 250;

/// The longest namespace that can be cleared. A cache replaces a key that is too long, or has more than visible ASCII in
/// it, and keeps the first 64 bytes: the namespace and its colon have to be among them, as they are.
const MAX_NAMESPACE_BYTES: usize = 63;

/// A key of 1 to 250 bytes of visible ASCII. Every command takes its keys in this form: a longer key or one with a
/// space or a control character would make the server read a part of the request as another command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(Box<str>);

impl Key {
    /// # Errors
    /// `InvalidKey`, which carries the key but does not print it.
    pub(crate) fn new(key: &str, max_bytes: usize) -> Result<Self> {
        let why = if key.is_empty() {
            "it is empty".into()
        } else if key.len() > max_bytes {
            format!("it has {} bytes, and {max_bytes} is the most", key.len())
        } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            "only visible ASCII without spaces is accepted".into()
        } else {
            return Ok(Self(key.into()));
        };
        Err(Error::new(ErrorKind::InvalidKey, why).with_key(key))
    }

    /// All keys, or the error of the first that is none, with its index.
    pub(crate) fn all(keys: &[&str], max_bytes: usize) -> Result<Vec<Self>> {
        keys.iter()
            .enumerate()
            .map(|(index, key)| Self::new(key, max_bytes).map_err(|error| error.with_index(index)))
            .collect()
    }

    /// Where the generation of a namespace is. No key in a generation is this one, for it has digits after the first
    /// colon.
    pub(crate) fn of_generation(namespace: &str) -> Self {
        Self(format!("{namespace}:generation").into())
    }

    /// The namespace, which the first colon ends, and the rest.
    pub(crate) fn in_namespace(&self) -> Option<(&str, &str)> {
        self.0
            .split_once(':')
            .filter(|(namespace, _)| !namespace.is_empty())
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

/// The namespace that keys with this prefix are in.
///
/// # Errors
/// `Unsupported` if it is none, or one that cannot be cleared.
pub(crate) fn clearable(prefix: &str) -> Result<&str> {
    let is_visible = |byte: u8| byte.is_ascii_graphic() && byte != b':';
    prefix
        .strip_suffix(':')
        .filter(|namespace| (1..=MAX_NAMESPACE_BYTES).contains(&namespace.len()))
        .filter(|namespace| namespace.bytes().all(is_visible))
        .ok_or_else(|| {
            let text = "what memcached can clear is a namespace of 1 to 63 bytes of visible ASCII without a colon in it";
            Error::new(ErrorKind::Unsupported, text)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_visible_ascii_of_the_right_length_is_a_key() {
        for good in ["a", "~!", &"k".repeat(250)] {
            assert_eq!(Key::new(good, MAX_KEY_BYTES).expect(good).as_str(), good);
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
            let error = Key::new(bad, MAX_KEY_BYTES).expect_err(bad);
            assert_eq!(error.kind(), ErrorKind::InvalidKey, "{bad:?}");
            assert_eq!(error.key(), Some(bad));
        }
    }
}
