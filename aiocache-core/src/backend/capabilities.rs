//! What a store can and cannot do.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// What a store can do; the conformance suite picks its cases by it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// Lives in this process: no wire, so no timeout is put around it.
    pub local: bool,
    /// Only this process can reach it, so `clear` without a namespace may empty it.
    pub private: bool,
    /// The smallest step of a ttl. Where it is a second or more, a ttl with a fraction is refused.
    pub ttl_resolution: Duration,
    /// Which keys it can hold.
    pub keys: KeyRule,
    /// `clear` of one namespace.
    pub clear_namespace: bool,
    /// `clear` of any prefix, and not only of a namespace with the colon that ends it.
    pub clear_any_prefix: bool,
    /// `compare_and_set`, `compare_and_delete`, and versions on reads.
    pub compare: bool,
    /// The remaining ttl, by `ttl` and on reads.
    pub remaining_ttl: bool,
    /// The largest value that is sent, in bytes.
    pub max_value_bytes: Option<usize>,
    /// The longest that any command but `clear` and `close` takes, by deadlines of the store's own. A cache whose
    /// timeout is longer sets no timer beside them, and a write waits at least this long for a load's store of the
    /// same key. `None` where there is no such time.
    pub deadline: Option<Duration>,
}

/// Which keys a store can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRule {
    /// Any text.
    Any,
    /// Printable ASCII without spaces, up to this many bytes (memcached's `protocol.txt`).
    VisibleAscii {
        /// The longest key, in bytes.
        max_bytes: usize,
    },
}

impl KeyRule {
    /// # Errors
    /// `InvalidKey`, which carries the key but does not print it.
    pub(super) fn check(self, key: &str) -> Result<()> {
        let fits = match self {
            Self::Any => true,
            Self::VisibleAscii { max_bytes } => {
                (1..=max_bytes).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
            }
        };
        if fits {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::InvalidKey, self.text()).with_key(key))
        }
    }

    fn text(self) -> String {
        match self {
            Self::Any => "the store takes any text".to_owned(),
            Self::VisibleAscii { max_bytes } => {
                format!(
                    "the store takes 1 to {max_bytes} bytes of visible ASCII; a Cache hashes what does not fit"
                )
            }
        }
    }
}

impl Capabilities {
    /// Those of a store in this process that can do everything.
    #[must_use]
    pub const fn local() -> Self {
        Self {
            local: true,
            private: true,
            ttl_resolution: Duration::from_nanos(1),
            keys: KeyRule::Any,
            clear_namespace: true,
            clear_any_prefix: true,
            compare: true,
            remaining_ttl: true,
            max_value_bytes: None,
            deadline: None,
        }
    }

    /// Those of a store behind a wire that can do everything and counts in milliseconds.
    #[must_use]
    pub const fn remote() -> Self {
        Self {
            local: false,
            private: false,
            ttl_resolution: Duration::from_millis(1),
            keys: KeyRule::Any,
            clear_namespace: true,
            clear_any_prefix: true,
            compare: true,
            remaining_ttl: true,
            max_value_bytes: None,
            deadline: None,
        }
    }
}
