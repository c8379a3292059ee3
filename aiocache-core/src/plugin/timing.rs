//! How long commands take.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use super::{Command, CommandName, Outcome, Plugin};

/// Keeps how often each command ran and how long it took. Clone it to keep a handle for reading.
#[derive(Debug, Clone, Default)]
pub struct TimingPlugin(std::sync::Arc<Mutex<BTreeMap<CommandName, Timing>>>);

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

impl Timing {
    /// The mean.
    #[must_use]
    pub fn avg(&self) -> Duration {
        // One command at least, or there is no Timing; a count over u32::MAX costs precision, not truth.
        let count = u32::try_from(self.count).unwrap_or(u32::MAX);
        self.total / count.max(1)
    }

    fn add(&mut self, took: Duration) {
        self.count += 1;
        self.total += took;
        self.min = self.min.min(took);
        self.max = self.max.max(took);
    }
}

impl TimingPlugin {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was measured for each command that ran.
    #[must_use]
    pub fn snapshot(&self) -> BTreeMap<CommandName, Timing> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<CommandName, Timing>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Plugin for TimingPlugin {
    async fn post(&self, command: &Command<'_>, _outcome: &Outcome<'_>, took: Duration) {
        let first = Timing {
            count: 0,
            total: Duration::ZERO,
            min: took,
            max: took,
        };
        self.lock().entry(command.name).or_insert(first).add(took);
    }
}
