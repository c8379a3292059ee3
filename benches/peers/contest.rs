//! Contenders take turns at the same work, round by round, so that a noisy machine disturbs them alike.

use std::future::Future;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::samples::Sample;
use crate::workload::Streams;

type Boxed<T> = Pin<Box<dyn Future<Output = T>>>;

/// One library in one of its forms.
pub(crate) struct Contender {
    name: &'static str,
    bounded: bool,
    run: Box<dyn Fn(Streams) -> Boxed<Duration>>,
    held: Box<dyn Fn() -> Boxed<Option<usize>>>,
}

impl Contender {
    /// A contender whose cached function is `call`.
    pub(crate) fn new<F, Fut>(name: &'static str, call: F) -> Self
    where
        F: Fn(u64) -> Fut + Copy + Send + Sync + 'static,
        Fut: Future + Send + 'static,
        Fut::Output: Send,
    {
        Self {
            name,
            bounded: true,
            run: Box::new(move |streams| Box::pin(all(streams, call))),
            held: Box::new(|| Box::pin(std::future::ready(None))),
        }
    }

    /// It has no bound to evict at.
    pub(crate) fn unbounded(mut self) -> Self {
        self.bounded = false;
        self
    }

    /// `held` counts its entries.
    pub(crate) fn holds(mut self, held: impl AsyncFn() -> usize + Copy + 'static) -> Self {
        self.held = Box::new(move || Box::pin(async move { Some(held().await) }));
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn is_bounded(&self) -> bool {
        self.bounded
    }

    /// How many entries it has, if it can tell.
    pub(crate) async fn held(&self) -> Option<usize> {
        (self.held)().await
    }

    /// Asks for every key of every stream, a task each, and tells how long that took.
    pub(crate) async fn run(&self, streams: Streams) -> Duration {
        (self.run)(streams).await
    }
}

// The loop knows the call's type: nothing is boxed between two calls.
async fn all<F, Fut>(streams: Streams, call: F) -> Duration
where
    F: Fn(u64) -> Fut + Copy + Send + Sync + 'static,
    Fut: Future + Send + 'static,
    Fut::Output: Send,
{
    let mut tasks = JoinSet::new();
    let start = Instant::now();
    for stream in streams {
        tasks.spawn(async move {
            for &key in stream.iter() {
                black_box(call(black_box(u64::from(key))).await);
            }
        });
    }
    tasks.join_all().await;
    start.elapsed()
}

/// The runtime of every contender: a worker for each core.
pub(crate) fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
}

/// The runtime of contenders that are counted or judged by what they keep, not timed.
pub(crate) fn single_threaded() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts")
}

/// Cores that so many tasks can keep busy.
pub(crate) fn busy_cores(tasks: usize) -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(tasks)
}

/// How a round's time is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// Nanoseconds of a core for each call.
    Nanoseconds,
    /// Calls of all tasks in a second.
    PerSecond,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::PerSecond => "/s",
        }
    }

    fn figure(self, took: Duration, calls: usize, cores: usize) -> f64 {
        let seconds = took.as_secs_f64();
        match self {
            Self::Nanoseconds => seconds * 1e9 * cores as f64 / calls as f64,
            Self::PerSecond => calls as f64 / seconds,
        }
    }
}

/// Round by round, every contender at the same streams.
///
/// `streams` gives those of a round: the first are run unmeasured.
pub(crate) async fn rounds(
    rounds: usize,
    (what, point): (&str, &str),
    unit: Unit,
    contenders: &[Contender],
    mut streams: impl FnMut(usize) -> (Streams, Streams),
) -> Vec<Sample> {
    eprintln!("{what}: {point}");
    let new = |contender: &Contender| Sample::new(what, point, contender.name(), unit.name());
    let mut samples: Vec<Sample> = contenders.iter().map(new).collect();
    for round in 0..rounds {
        let (warmth, streams) = streams(round);
        let calls: usize = streams.iter().map(|stream| stream.len()).sum();
        let cores = busy_cores(streams.len());
        for turn in order(round, contenders.len()) {
            contenders[turn].run(warmth.clone()).await;
            let took = contenders[turn].run(streams.clone()).await;
            samples[turn].push(unit.figure(took, calls, cores));
        }
    }
    samples
}

/// The turns of a round. Each round has another order, so that none always runs in the wake of the same other.
pub(crate) fn order(round: usize, contenders: usize) -> impl Iterator<Item = usize> {
    // With no divisor in common, a step comes past each of them once.
    let steps: Vec<usize> = (1..=contenders)
        .filter(|&step| divisor(step, contenders) == 1)
        .collect();
    let step = steps[round % steps.len()];
    (0..contenders).map(move |turn| (round + turn * step) % contenders)
}

/// The greatest common one.
fn divisor(one: usize, other: usize) -> usize {
    if other == 0 {
        one
    } else {
        divisor(other, one % other)
    }
}

/// The first tenth of each stream.
pub(crate) fn tenth(streams: &Streams) -> Streams {
    let first = |stream: &Arc<[u32]>| Arc::from(&stream[..stream.len() / 10]);
    streams.iter().map(first).collect()
}
