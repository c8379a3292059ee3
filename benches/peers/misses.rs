//! A miss: a lookup, a load that has nothing to wait for, and a store into a full cache; and nine hits to one miss.

use std::sync::Arc;

use crate::contenders;
use crate::contest::{self, Contender, Unit};
use crate::options::Options;
use crate::samples::Sample;
use crate::table::count;
use crate::workload::{self, Record, Streams, Value};

pub(crate) const MIXED: &str = "nine hits to one miss";
/// Keys among which the hits are.
const KEYS: u32 = 100_000;
const TASKS: [usize; 3] = [1, 2, 8];

pub(crate) fn what(value: &str) -> String {
    format!("miss, {value}")
}

/// Gives keys that nobody has asked for.
struct Fresh(u32);

impl Fresh {
    fn streams(&mut self, tasks: usize, calls: usize) -> Streams {
        let streams = workload::ascending(self.0, tasks, calls);
        self.0 += u32::try_from(calls).expect("keys are below 2^32");
        streams
    }
}

/// Misses of both values, and the mixed load of one.
pub(crate) fn run(options: &Options) -> Vec<Sample> {
    let mut fresh = Fresh(KEYS);
    let runtime = contest::runtime();
    let mut samples = Vec::new();
    for (value, contenders) in [
        (String::NAME, contenders::text()),
        (Record::NAME, contenders::record()),
    ] {
        runtime.block_on(async {
            // Full, so that every store has to evict where there is a bound.
            fill(&mut fresh, &contenders).await;
            samples.extend(misses(options, value, &mut fresh, &contenders).await);
            if value == String::NAME {
                samples.extend(mixed(options, &mut fresh, &contenders).await);
            }
        });
    }
    samples
}

async fn fill(fresh: &mut Fresh, contenders: &[Contender]) {
    let streams = fresh.streams(1, workload::capacity() * 11 / 10);
    for contender in contenders.iter().filter(|contender| contender.is_bounded()) {
        contender.run(streams.clone()).await;
    }
}

async fn misses(options: &Options, value: &str, fresh: &mut Fresh, contenders: &[Contender]) -> Vec<Sample> {
    let mut samples = Vec::new();
    let what = what(value);
    // Fewer than of hits, for what has no bound keeps them all.
    let calls = options.calls() / 5;
    for tasks in TASKS {
        let streams = |_| (fresh.streams(tasks, calls / 10), fresh.streams(tasks, calls));
        let point = count(tasks, "task");
        let measured = contest::rounds(
            options.rounds(),
            (&what, &point),
            Unit::Nanoseconds,
            contenders,
            streams,
        );
        samples.extend(measured.await);
    }
    samples
}

async fn mixed(options: &Options, fresh: &mut Fresh, contenders: &[Contender]) -> Vec<Sample> {
    let mut samples = Vec::new();
    for contender in contenders {
        contender.run(workload::ascending(0, 1, KEYS as usize)).await;
    }
    for tasks in TASKS {
        let hits = workload::zipf(KEYS, tasks, options.calls(), 90);
        let streams = |_| {
            let misses = fresh.streams(tasks, options.calls() / 10);
            let both = hits.iter().zip(&misses).map(|(hits, misses)| woven(hits, misses));
            (contest::tenth(&hits), both.collect())
        };
        let point = count(tasks, "task");
        let measured = contest::rounds(
            options.rounds(),
            (MIXED, &point),
            Unit::Nanoseconds,
            contenders,
            streams,
        );
        samples.extend(measured.await);
    }
    samples
}

/// Each tenth of the hits is a miss.
fn woven(hits: &[u32], misses: &[u32]) -> Arc<[u32]> {
    let mut misses = misses.iter();
    let key = |(at, &hit): (usize, &u32)| match at % 10 {
        9 => misses.next().copied().unwrap_or(hit),
        _ => hit,
    };
    hits.iter().enumerate().map(key).collect()
}
