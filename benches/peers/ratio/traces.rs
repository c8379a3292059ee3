//! Sequences of keys.

use crate::workload::{self, Random};

pub(crate) const ZIPF: &str = "Zipf 0.99";
pub(crate) const SCANS: &str = "Zipf 0.99 with scans";
pub(crate) const LOOPS: &str = "loops";
pub(crate) const MIXED: &str = "Zipf 0.99 with loops";
pub(crate) const UNIFORM: &str = "uniform";

pub(crate) const NAMES: [&str; 5] = [ZIPF, SCANS, LOOPS, MIXED, UNIFORM];

const KEYS: u32 = 100_000;
/// Keys of a loop: larger than most of the caches.
const LOOP: u32 = 15_000;
/// Keys of a scan.
const SCAN: u32 = 5_000;
/// Other keys between two scans.
const BETWEEN: usize = 10_000;

/// The keys of a trace of about this length.
pub(crate) fn keys(trace: &str, length: usize, seed: u64) -> Vec<u32> {
    let zipf = || workload::zipf(KEYS, 1, length, seed + 1).concat();
    match trace {
        ZIPF => zipf(),
        SCANS => with_scans(&zipf()),
        LOOPS => (0..LOOP).cycle().take(length).collect(),
        MIXED => with_loops(&zipf()),
        _ => uniform(length, seed),
    }
}

/// Keys that nobody asks for again, all at once, now and then.
fn with_scans(zipf: &[u32]) -> Vec<u32> {
    let mut next = KEYS;
    let mut keys = Vec::new();
    for between in zipf.chunks(BETWEEN) {
        keys.extend_from_slice(between);
        keys.extend(next..next + SCAN);
        next += SCAN;
    }
    keys
}

/// The same keys in the same order, over and over, among the others.
fn with_loops(zipf: &[u32]) -> Vec<u32> {
    let mut around = (KEYS..KEYS + LOOP).cycle();
    let mut keys = Vec::new();
    for pair in zipf.chunks(2) {
        keys.extend_from_slice(pair);
        keys.extend(around.next());
    }
    keys
}

fn uniform(length: usize, seed: u64) -> Vec<u32> {
    let mut random = Random(seed);
    let key = |_| u32::try_from(random.below(KEYS as usize)).expect("below a u32");
    (0..length).map(key).collect()
}
