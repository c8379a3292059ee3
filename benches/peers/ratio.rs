//! Hit ratios of caches much smaller than the set of keys, on traces that are the same for all.

pub(crate) mod policies;
mod traces;

use policies::Policy;
pub(crate) use traces::{LOOPS, MIXED, NAMES, SCANS, ZIPF};

use crate::contest;
use crate::options::Options;
use crate::samples::Sample;
use crate::table::count;

/// Of 100,000 keys.
const CAPACITIES: [usize; 5] = [500, 2_000, 5_000, 10_000, 20_000];

pub(crate) fn what(trace: &str) -> String {
    format!("hit ratio, {trace}")
}

/// Every trace at every capacity.
pub(crate) fn run(options: &Options) -> Vec<Sample> {
    let runtime = contest::single_threaded();
    let (length, seeds) = if options.is_quick() {
        (200_000, 1)
    } else {
        (500_000, 3)
    };
    let mut samples = Vec::new();
    for trace in traces::NAMES {
        let keys: Vec<Vec<u32>> = (0..seeds).map(|seed| traces::keys(trace, length, seed)).collect();
        for capacity in CAPACITIES {
            let point = count(capacity, "entry");
            eprintln!("{}: {point}", what(trace));
            for name in policies::NAMES {
                let mut sample = Sample::new(&what(trace), &point, name, "%");
                for keys in &keys {
                    let policy = policies::new(name, capacity);
                    sample.push(100.0 * runtime.block_on(hits(policy, keys)));
                }
                samples.push(sample);
            }
        }
    }
    samples
}

async fn hits(policy: Policy, keys: &[u32]) -> f64 {
    let mut hits = 0_u64;
    for &key in keys {
        hits += u64::from(policy.access(key).await);
    }
    hits as f64 / keys.len() as f64
}
