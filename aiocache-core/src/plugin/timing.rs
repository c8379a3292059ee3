//! How long commands take.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::{Command, CommandName, Outcome, Plugin};

/// Keeps how often each command ran and how long it took. Clone it to keep a handle for reading.
///
/// # Examples
/// ```
/// use aiocache_core::{Cache, CommandName, MemoryBackend, TimingPlugin};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// let timing = TimingPlugin::new();
/// let cache = Cache::<MemoryBackend>::new().with_plugin(timing.clone()); // clones share what they measure
/// cache.set("a", &1).await?;
/// assert_eq!(timing.snapshot()[&CommandName::Set].count, 1);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct TimingPlugin(Arc<[Counters; CommandName::ALL.len()]>);

/// The durations of one command so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// How many commands.
    pub count: u64,
    /// All of them together.
    pub total: Duration,
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

/// The same while it is counted, in nanoseconds: 584 years fit.
#[derive(Debug)]
struct Counters {
    count: AtomicU64,
    total: AtomicU64,
    min: AtomicU64,
    max: AtomicU64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            count: AtomicU64::new(0),
            total: AtomicU64::new(0),
            min: AtomicU64::new(u64::MAX),
            max: AtomicU64::new(0),
        }
    }
}

impl Counters {
    fn add(&self, took: Duration) {
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.total.fetch_add(nanos, Ordering::Relaxed);
        self.min.fetch_min(nanos, Ordering::Relaxed);
        self.max.fetch_max(nanos, Ordering::Relaxed);
        // Last, so that who sees the count sees the rest.
        self.count.fetch_add(1, Ordering::Release);
    }

    fn timing(&self) -> Option<Timing> {
        let count = self.count.load(Ordering::Acquire);
        let read = |counter: &AtomicU64| Duration::from_nanos(counter.load(Ordering::Relaxed));
        (count > 0).then(|| Timing {
            count,
            total: read(&self.total),
            min: read(&self.min),
            max: read(&self.max),
        })
    }
}

impl Timing {
    /// The mean.
    #[must_use]
    pub fn avg(&self) -> Duration {
        // One command at least, or there is no Timing.
        let nanos = self.total.as_nanos() / u128::from(self.count.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

impl TimingPlugin {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was measured for each command that ran. While commands run, the numbers of one may be of slightly different
    /// moments.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<CommandName, Timing> {
        let measured = CommandName::ALL.into_iter().zip(self.0.iter());
        measured
            .filter_map(|(name, counters)| Some((name, counters.timing()?)))
            .collect()
    }
}

impl Plugin for TimingPlugin {
    async fn post(&self, command: &Command<'_>, _outcome: &Outcome<'_>, took: Duration) {
        self.0[command.name as usize].add(took);
    }
}
