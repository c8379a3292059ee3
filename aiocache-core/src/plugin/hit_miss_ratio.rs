//! How often a read finds what it looks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Command, CommandName, Outcome, Plugin};

/// Counts the keys that reads asked for and found, `multi_get` key by key. Clone it to keep a handle for reading.
///
/// # Examples
/// ```
/// use aiocache_core::{Cache, HitMissRatioPlugin, MemoryBackend};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// let ratio = HitMissRatioPlugin::new();
/// let cache = Cache::<MemoryBackend>::new().with_plugin(ratio.clone()); // clones share what they count
/// cache.set("a", &1).await?;
/// cache.multi_get::<i32>(["a", "b"]).await?;
/// assert_eq!((ratio.snapshot().hits, ratio.snapshot().total), (1, 2));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct HitMissRatioPlugin(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    total: AtomicU64,
    hits: AtomicU64,
}

/// What was counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HitMissRatio {
    /// How many keys were asked for.
    pub total: u64,
    /// How many of them were there.
    pub hits: u64,
}

impl HitMissRatio {
    /// Hits in total, from 0 to 1; 0 before the first read.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits")]
    pub fn ratio(&self) -> f64 {
        if self.total == 0 {
            0.0
        } else {
            self.hits as f64 / self.total as f64
        }
    }
}

impl HitMissRatioPlugin {
    /// One that has counted nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was counted so far.
    #[must_use]
    pub fn snapshot(&self) -> HitMissRatio {
        // Hits first: a read that ends in between can only make the ratio too small, never above 1.
        let hits = self.0.hits.load(Ordering::Acquire);
        HitMissRatio {
            total: self.0.total.load(Ordering::Acquire),
            hits,
        }
    }
}

impl Plugin for HitMissRatioPlugin {
    async fn post(&self, command: &Command<'_>, outcome: &Outcome<'_>, _took: Duration) {
        let read = matches!(command.name, CommandName::Get | CommandName::MultiGet);
        let (true, Outcome::Read { hits }) = (read, outcome) else {
            return;
        };
        self.0.total.fetch_add(command.items as u64, Ordering::AcqRel);
        self.0.hits.fetch_add(*hits as u64, Ordering::AcqRel);
    }
}
