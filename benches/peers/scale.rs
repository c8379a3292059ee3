//! Hits of ever larger caches, each contender in a process of its own, for the largest fill the machine.

use crate::contenders::{cached, floor, moka, ours, quick};
use crate::contest::{self, Unit};
use crate::job::Job;
use crate::options::Options;
use crate::samples::Sample;
use crate::table::count;
use crate::workload::{self, Random, Streams, Value};

pub(crate) const KIND: &str = "scale";
pub(crate) const WHAT: &str = "hit by number of entries";

const NAMES: [&str; 6] = [
    ours::DEFAULT,
    ours::TYPED,
    cached::CONCURRENT,
    moka::STRING,
    quick::STRING,
    floor::NAME,
];
const SIZES: [u32; 6] = [100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

/// Strings, up to ten million entries.
pub(crate) fn run(options: &Options) -> Vec<Sample> {
    let samples = NAMES.iter().flat_map(|name| {
        eprintln!("{WHAT}: {name}");
        Job::new(KIND, String::NAME, name, usize::from(options.is_quick())).samples()
    });
    samples.collect()
}

/// The work of one process.
pub(crate) fn child(job: &Job) -> Vec<Sample> {
    let options = Options::quick(job.number > 0);
    let largest = if options.is_quick() { 4 } else { SIZES.len() };
    // Room for all, whatever the shards do.
    workload::set_capacity(SIZES[largest - 1] as usize * 5 / 4 + 10_000);
    let contenders = [job.contender()];
    let runtime = contest::runtime();
    let mut samples = Vec::new();
    let mut there = 0;
    for size in SIZES.into_iter().take(largest) {
        let more = workload::ascending(there, 1, (size - there) as usize);
        runtime.block_on(contenders[0].run(more));
        there = size;
        let streams = |round| {
            (
                uniform(size, &options, round),
                uniform(size, &options, round + 100),
            )
        };
        let point = count(size as usize, "entry");
        let measured = contest::rounds(
            options.rounds(),
            (WHAT, &point),
            Unit::Nanoseconds,
            &contenders,
            streams,
        );
        samples.extend(runtime.block_on(measured));
    }
    samples
}

/// Any key as often as any other, so that the processor's caches help as little as they can.
fn uniform(size: u32, options: &Options, seed: usize) -> Streams {
    let mut random = Random(seed as u64);
    let mut key = || u32::try_from(random.below(size as usize)).expect("below a u32");
    vec![(0..options.calls() / 2).map(|_| key()).collect()]
}
