//! The lines of the report. What they say of a step is what was measured around it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::{Duration, Instant};

use aiocache::{CommandName, HitMissRatio, Timing};

use crate::database::DATABASE;

/// What a step cost: time, and queries to the database.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) took: Duration,
    pub(crate) queries: u64,
}

/// Runs a step and measures it.
pub(crate) async fn measured<T>(step: impl Future<Output = T>) -> (T, Cost) {
    let (queries, start) = (DATABASE.queries(), Instant::now());
    let result = step.await;
    let cost = Cost {
        took: start.elapsed(),
        queries: DATABASE.queries() - queries,
    };
    (result, cost)
}

pub(crate) fn heading(text: &str) {
    println!("\n{text}");
}

pub(crate) fn note(text: impl Display) {
    println!("  {text}");
}

/// A step, what it cost, and what came of it.
pub(crate) fn line(step: impl Display, cost: Cost, result: impl Display) {
    let queries = match cost.queries {
        0 => "no query".to_owned(),
        1 => "1 query".to_owned(),
        queries => format!("{queries} queries"),
    };
    let took = time(cost.took);
    println!("  {step:<32} {took:>9}   {queries:<10}  {result}");
}

/// Hits in total.
pub(crate) fn ratio(counted: HitMissRatio) {
    let HitMissRatio { hits, total, .. } = counted;
    println!(
        "  {hits} hits in {total} reads: a ratio of {:.3}",
        counted.ratio()
    );
}

/// How long each command took.
pub(crate) fn timings(timings: &BTreeMap<CommandName, Timing>) {
    println!(
        "  {:<12} {:>8} {:>10} {:>10} {:>10}",
        "command", "count", "min", "mean", "max"
    );
    for (command, timing) in timings {
        let [min, mean, max] = [timing.min, timing.avg(), timing.max].map(time);
        println!(
            "  {:<12} {:>8} {min:>10} {mean:>10} {max:>10}",
            command.as_str(),
            timing.count
        );
    }
}

/// A duration in the unit that suits it.
pub(crate) fn time(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        ..1_000.0 => format!("{micros:.1} µs"),
        ..1_000_000.0 => format!("{:.1} ms", micros / 1e3),
        _ => format!("{:.2} s", micros / 1e6),
    }
}
