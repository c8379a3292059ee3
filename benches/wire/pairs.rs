//! Two contenders, one operation each in turn.

use std::future::Future;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

/// Rounds of a run that measures throughput.
const ROUNDS: usize = 11;

/// What a run of pairs measured.
pub(crate) struct Paired {
    /// The median operation of the client alone, in nanoseconds.
    pub(crate) bare: f64,
    /// The median of the differences, and the ends of its 95 % interval, in nanoseconds.
    pub(crate) difference: f64,
    pub(crate) interval: (f64, f64),
    /// Processor time of one operation of each, in nanoseconds, from blocks of their own.
    pub(crate) cpu: (f64, f64),
}

impl Paired {
    pub(crate) fn ratio(&self) -> f64 {
        1.0 + self.difference / self.bare
    }

    pub(crate) fn ratio_interval(&self) -> (f64, f64) {
        (
            1.0 + self.interval.0 / self.bare,
            1.0 + self.interval.1 / self.bare,
        )
    }
}

/// Runs `pairs` operations of each; which one goes first alternates too.
pub(crate) async fn paired(pairs: usize, bare: impl AsyncFn(), cache: impl AsyncFn()) -> Paired {
    for _ in 0..pairs / 20 {
        bare().await;
        cache().await;
    }
    let (mut alone, mut differences) = (Vec::with_capacity(pairs), Vec::with_capacity(pairs));
    for pair in 0..pairs {
        let (first, second) = if pair % 2 == 0 {
            let first = timed(&bare).await;
            (first, timed(&cache).await)
        } else {
            let second = timed(&cache).await;
            (timed(&bare).await, second)
        };
        alone.push(first);
        differences.push(second - first);
    }
    let cpu = (cpu(pairs / 4, &bare).await, cpu(pairs / 4, &cache).await);
    let (difference, interval) = median_with_interval(&mut differences);
    Paired {
        bare: median_with_interval(&mut alone).0,
        difference,
        interval,
        cpu,
    }
}

/// Rounds of `tasks` tasks with `each` operations, the contenders in turn; gives the median round of each.
pub(crate) async fn throughput<A, B>(
    tasks: usize,
    each: usize,
    bare: impl Fn() -> A + Copy + Send + 'static,
    cache: impl Fn() -> B + Copy + Send + 'static,
) -> (Duration, Duration)
where
    A: Future<Output = ()> + Send,
    B: Future<Output = ()> + Send,
{
    let (mut alone, mut cached) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(round(tasks, each, bare).await);
        cached.push(round(tasks, each, cache).await);
    }
    alone.sort_unstable();
    cached.sort_unstable();
    (alone[ROUNDS / 2], cached[ROUNDS / 2])
}

pub(crate) async fn round<F: Future<Output = ()> + Send>(
    tasks: usize,
    each: usize,
    operation: impl Fn() -> F + Copy + Send + 'static,
) -> Duration {
    let start = Instant::now();
    let mut set = JoinSet::new();
    for _ in 0..tasks {
        // Made one by one: to hold those of a whole round at once would weigh their size, not their speed.
        set.spawn(async move {
            for _ in 0..each {
                operation().await;
            }
        });
    }
    set.join_all().await;
    start.elapsed()
}

async fn timed(operation: &impl AsyncFn()) -> f64 {
    let start = Instant::now();
    operation().await;
    start.elapsed().as_secs_f64() * 1e9
}

/// Processor time of one operation on this thread.
async fn cpu(operations: usize, operation: &impl AsyncFn()) -> f64 {
    let before = on_processor();
    for _ in 0..operations {
        operation().await;
    }
    (on_processor() - before) / operations as f64
}

/// Nanoseconds that this thread has run, by Linux's account.
fn on_processor() -> f64 {
    let account = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = account
        .split_whitespace()
        .next()
        .and_then(|nanos| nanos.parse().ok());
    nanos.unwrap_or(f64::NAN)
}

/// The median, and the order statistics between which it lies with 95 %.
fn median_with_interval(values: &mut [f64]) -> (f64, (f64, f64)) {
    values.sort_by(f64::total_cmp);
    let (last, half) = (values.len() - 1, values.len() / 2);
    // 1.96 standard deviations of a binomial of a half.
    let reach = values.len().isqrt() * 98 / 100 + 1;
    (
        values[half],
        (
            values[half.saturating_sub(reach)],
            values[(half + reach).min(last)],
        ),
    )
}
