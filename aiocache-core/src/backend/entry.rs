//! What a read asks for and what it hands over.

use bytes::Bytes;

use crate::ttl::Remaining;

/// What a read needs beside the value; each may cost the store something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Want {
    /// How long the value still lives.
    pub remaining: bool,
    /// Which write it came from.
    pub version: bool,
}

impl Want {
    /// The value alone.
    pub const VALUE: Self = Self {
        remaining: false,
        version: false,
    };
    /// The value and its remaining ttl.
    pub const REMAINING: Self = Self {
        remaining: true,
        version: false,
    };
    /// The value and its version.
    pub const VERSION: Self = Self {
        remaining: false,
        version: true,
    };
}

/// What is there under a key.
#[derive(Debug)]
#[non_exhaustive]
pub struct Entry<'a, R> {
    /// The value as the store holds it.
    pub raw: &'a R,
    /// How long it still lives, if that was wanted and the store can tell.
    pub remaining: Option<Remaining>,
    /// Which write it came from, if that was wanted and the store can compare.
    pub version: Option<Version>,
}

impl<'a, R> Entry<'a, R> {
    /// An entry of which only the value is known.
    #[must_use]
    pub const fn new(raw: &'a R) -> Self {
        Self {
            raw,
            remaining: None,
            version: None,
        }
    }

    /// Adds how long it still lives.
    #[must_use]
    pub fn with_remaining(mut self, remaining: Option<Remaining>) -> Self {
        self.remaining = remaining;
        self
    }

    /// Adds which write it came from.
    #[must_use]
    pub fn with_version(mut self, version: Option<Version>) -> Self {
        self.version = version;
        self
    }
}

/// Tells one write of a key from another, for the two compare commands of the same backend.
#[derive(Clone, PartialEq, Eq)]
pub struct Version(Repr);

#[derive(Clone, PartialEq, Eq)]
enum Repr {
    Number { number: u64, epoch: u64 },
    Bytes(Bytes),
}

impl Version {
    /// A number that the store gives to each write, valid within `epoch` (a connection's life, say; 0 where
    /// numbers never repeat).
    #[must_use]
    pub const fn number(number: u64, epoch: u64) -> Self {
        Self(Repr::Number { number, epoch })
    }

    /// The whole value as its own version, for a store that compares bytes.
    #[must_use]
    pub const fn bytes(bytes: Bytes) -> Self {
        Self(Repr::Bytes(bytes))
    }

    /// The number and its epoch, if it is one.
    #[must_use]
    pub fn as_number(&self) -> Option<(u64, u64)> {
        match self.0 {
            Repr::Number { number, epoch } => Some((number, epoch)),
            Repr::Bytes(_) => None,
        }
    }

    /// The bytes, if it is made of them.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Bytes(bytes) => Some(bytes),
            Repr::Number { .. } => None,
        }
    }
}

impl std::fmt::Debug for Version {
    /// Shows no bytes: they are a value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Repr::Number { number, epoch } => write!(f, "Version({number} in {epoch})"),
            Repr::Bytes(bytes) => write!(f, "Version({} bytes)", bytes.len()),
        }
    }
}
