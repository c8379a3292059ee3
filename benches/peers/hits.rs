//! A hit: every key is there before the first measured call.

use std::sync::Arc;

use crate::contenders;
use crate::contest::{self, Contender, Unit};
use crate::options::Options;
use crate::samples::Sample;
use crate::table::count;
use crate::workload::{self, Record, Value};

/// Keys of a working set.
const KEYS: [u32; 2] = [1_000, 100_000];
const TASKS: [usize; 3] = [1, 2, 8];

/// Both values at the six points.
pub(crate) fn run(options: &Options) -> Vec<Sample> {
    let runtime = contest::runtime();
    let mut samples = Vec::new();
    for (value, contenders) in [
        (String::NAME, contenders::text()),
        (Record::NAME, contenders::record()),
    ] {
        for keys in KEYS {
            samples.extend(runtime.block_on(points(options, value, keys, &contenders)));
        }
    }
    samples
}

async fn points(options: &Options, value: &str, keys: u32, contenders: &[Contender]) -> Vec<Sample> {
    for contender in contenders {
        contender.run(vec![Arc::from_iter(0..keys)]).await;
    }
    let loads = workload::loads();
    let mut samples = Vec::new();
    for tasks in TASKS {
        let what = format!("hit, {value}");
        let point = format!("{}, {}", count(keys as usize, "key"), count(tasks, "task"));
        let streams = workload::zipf(keys, tasks, options.calls(), u64::from(keys));
        let warmth = contest::tenth(&streams);
        let streams = |_| (warmth.clone(), streams.clone());
        samples.extend(
            contest::rounds(
                options.rounds(),
                (&what, &point),
                Unit::Nanoseconds,
                contenders,
                streams,
            )
            .await,
        );
    }
    assert_eq!(workload::loads(), loads, "every call was a hit");
    samples
}
