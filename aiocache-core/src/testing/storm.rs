//! Callers who go on while a server is disturbed, and what they saw of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::Sample;
use crate::backend::{Backend, Want};
use crate::error::{Error, Result};

/// Between two commands of a caller.
const PAUSE: Duration = Duration::from_millis(1);

/// Many callers of a backend: each writes, reads and deletes a key of its own in turn, at least once, until the storm
/// ends.
///
/// Meanwhile a test kills or pauses the server, or disturbs the connections, and afterwards looks at what the callers
/// were told. Dropping the storm ends it too.
///
/// # Examples
/// ```
/// # use aiocache_core::testing::Storm;
/// # use aiocache_core::{MemoryBackend, Object};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let storm = Storm::begin(MemoryBackend::<Object>::new(), 50);
/// // … here the server is killed and started again …
/// let report = storm.end().await;
/// assert!(report.commands() >= 50);
/// assert_eq!(report.errors().count(), 0);
/// # }
/// ```
#[derive(Debug)]
pub struct Storm {
    stop: Arc<AtomicBool>,
    callers: JoinSet<Vec<Answer>>,
}

/// What the callers of a [`Storm`] were told, of every command.
#[derive(Debug)]
pub struct StormReport {
    answers: Vec<Answer>,
}

#[derive(Debug)]
struct Answer {
    at: Instant,
    took: Duration,
    error: Option<Error>,
}

impl Storm {
    /// Begins with so many callers, each in a task of this runtime. Their keys are `storm-0` and so on.
    ///
    /// # Panics
    /// Outside a runtime of tokio.
    #[must_use]
    pub fn begin(backend: impl Backend<Raw: Sample> + 'static, callers: u32) -> Self {
        let backend = Arc::new(backend);
        let stop = Arc::<AtomicBool>::default();
        let caller = |n| calls(Arc::clone(&backend), format!("storm-{n}"), Arc::clone(&stop));
        let callers = (0..callers).map(caller).collect();
        Self { stop, callers }
    }

    /// Lets each caller end its command, and gathers what they were told.
    ///
    /// Dropped, it ends the callers in the middle of their commands, and what they were told is lost.
    ///
    /// # Panics
    /// With a command that panicked.
    pub async fn end(self) -> StormReport {
        self.stop.store(true, Relaxed);
        let answers = self.callers.join_all().await.into_iter().flatten().collect();
        StormReport { answers }
    }
}

async fn calls<B: Backend<Raw: Sample>>(backend: Arc<B>, key: String, stop: Arc<AtomicBool>) -> Vec<Answer> {
    let mut answers = Vec::new();
    for round in 0_usize.. {
        let start = Instant::now();
        let result = command(&*backend, &key, round).await;
        answers.push(Answer {
            at: Instant::now(),
            took: start.elapsed(),
            error: result.err(),
        });
        tokio::time::sleep(PAUSE).await;
        if stop.load(Relaxed) {
            break;
        }
    }
    answers
}

async fn command<B: Backend<Raw: Sample>>(backend: &B, key: &str, round: usize) -> Result<()> {
    match round % 3 {
        0 => {
            let value = B::Raw::sample(key.as_bytes()).expect("every raw type of a suite can hold text");
            backend.write(key, value, None).await
        }
        1 => {
            let read = backend.read(key, Want::VALUE, |entry| entry.raw.content());
            read.await.map(drop)
        }
        _ => backend.delete(key).await.map(drop),
    }
}

impl StormReport {
    /// How many commands were answered, with errors or without.
    #[must_use]
    pub fn commands(&self) -> usize {
        self.answers.len()
    }

    /// How long the slowest command took; zero where there was none.
    #[must_use]
    pub fn slowest(&self) -> Duration {
        let times = self.answers.iter().map(|answer| answer.took);
        times.max().unwrap_or_default()
    }

    /// The errors, those of one caller in their order.
    pub fn errors(&self) -> impl Iterator<Item = &Error> + Clone {
        self.answers.iter().filter_map(|answer| answer.error.as_ref())
    }

    /// The errors that were told after this time.
    pub fn errors_after(&self, time: Instant) -> impl Iterator<Item = &Error> + Clone {
        let late = self.answers.iter().filter(move |answer| answer.at > time);
        late.filter_map(|answer| answer.error.as_ref())
    }

    /// When a command first succeeded after this time, if any did.
    #[must_use]
    pub fn success_after(&self, time: Instant) -> Option<Instant> {
        let good = self.answers.iter().filter(|answer| answer.error.is_none());
        good.map(|answer| answer.at).filter(|at| *at > time).min()
    }
}
