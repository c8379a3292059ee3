//! How much a memory store may hold.

use std::fmt;
use std::sync::Arc;

use super::shard::Shard;

/// What a user's weigher looks like: the key as stored, and the value.
pub(super) type Weigher<R> = Arc<dyn Fn(&str, &R) -> u32 + Send + Sync>;

/// The bound of a memory store.
#[derive(Clone)]
pub(super) enum Bound<R> {
    Entries(u64),
    Weight { max: u64, weigher: Weigher<R> },
    None,
}

/// A shard of fewer entries than this gives up too much where the hash spreads them unevenly.
const LEAST_PER_SHARD: u64 = 256;

const MOST_SHARDS: u64 = 64;

impl<R> Bound<R> {
    /// How many shards, a power of two. A store bounded by weight has one: its heaviest value may need all of it.
    pub(super) fn shards(&self) -> u64 {
        match self {
            Self::Entries(max) => 1 << (max / LEAST_PER_SHARD).clamp(1, MOST_SHARDS).ilog2(),
            Self::Weight { .. } => 1,
            Self::None => MOST_SHARDS,
        }
    }

    /// The empty shard of this number, with its part of the bound: all parts together are the bound.
    pub(super) fn shard(&self, number: u64) -> Shard<R> {
        match self {
            Self::Entries(max) => {
                let share = max / self.shards() + u64::from(number < max % self.shards());
                Shard::new(Some(share), usize::try_from(share).unwrap_or(usize::MAX))
            }
            // Entries are not known beforehand; the filter of the policy is sized for many.
            Self::Weight { max, .. } => Shard::new(Some(*max), 1 << 14),
            Self::None => Shard::new(None, 0),
        }
    }

    pub(super) fn weigh(&self, key: &str, raw: &R) -> u32 {
        match self {
            Self::Weight { weigher, .. } => weigher(key, raw),
            Self::Entries(_) | Self::None => 1,
        }
    }
}

impl<R> fmt::Debug for Bound<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entries(max) => write!(f, "at most {max} entries"),
            Self::Weight { max, .. } => write!(f, "at most {max} of weight"),
            Self::None => f.write_str("unbounded"),
        }
    }
}
