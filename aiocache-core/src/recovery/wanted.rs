//! What a key is to hold.

use std::time::Duration;

use crate::backend::Raw;
use crate::clock;

/// What a key is to hold after a command.
pub(crate) enum Wanted<R> {
    Value {
        raw: R,
        /// How much room it takes.
        bytes: usize,
        /// When it expires, by [`clock::now`].
        ends: Option<u64>,
    },
    Nothing,
}

impl<R: Raw> Wanted<R> {
    /// A second handle to a value that is about to be written. One that cannot be had is queued as a delete.
    pub(crate) fn value(raw: &R, ttl: Option<Duration>) -> Self {
        let ends = |ttl: Duration| {
            let nanos = u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX);
            clock::now().saturating_add(nanos)
        };
        raw.share().map_or(Self::Nothing, |raw| Self::Value {
            bytes: raw.byte_len(),
            raw,
            ends: ttl.map(ends),
        })
    }

    pub(super) fn share(&self) -> Self {
        match self {
            Self::Value { raw, bytes, ends } => raw.share().map_or(Self::Nothing, |raw| Self::Value {
                raw,
                bytes: *bytes,
                ends: *ends,
            }),
            Self::Nothing => Self::Nothing,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Value { bytes, .. } => *bytes,
            Self::Nothing => 0,
        }
    }

    /// What is to be written, and for how long; `None` is a delete, as of a value whose time is over: something older may
    /// be in its place.
    pub(super) fn left(&self) -> Option<(R, Option<Duration>)> {
        let Self::Value { raw, ends, .. } = self else {
            return None;
        };
        let left = ends.map(|ends| Duration::from_nanos(ends.saturating_sub(clock::now())));
        if left == Some(Duration::ZERO) {
            return None;
        }
        raw.share().map(|raw| (raw, left))
    }
}
