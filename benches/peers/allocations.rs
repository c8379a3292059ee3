//! What a hit allocates.

use crate::contenders;
use crate::contest::{self, Contender};
use crate::counting::{self, Counts};
use crate::samples::Sample;
use crate::workload::{self, Record, Value};

const KEYS: u32 = 1_000;
const FEW: usize = 1_000;
const MANY: usize = 11_000;

pub(crate) fn count(value: &str) -> String {
    format!("allocations of a hit, {value}")
}

/// Allocations and bytes of a hit, of both values.
pub(crate) fn run() -> Vec<Sample> {
    let runtime = contest::runtime();
    let mut samples = Vec::new();
    for (value, contenders) in [
        (String::NAME, contenders::text()),
        (Record::NAME, contenders::record()),
    ] {
        for contender in contenders {
            samples.extend(runtime.block_on(one(value, &contender)));
        }
    }
    samples
}

async fn one(value: &str, contender: &Contender) -> [Sample; 2] {
    contender.run(workload::ascending(0, 1, KEYS as usize)).await;
    // What a thread allocates once, such as tokio for the first task that has had its turn, is no hit's.
    counted(contender, MANY).await;
    // The difference, so that starting a task does not count.
    let (few, many) = (counted(contender, FEW).await, counted(contender, MANY).await);
    let hits = (MANY - FEW) as f64;
    let mut allocations = Sample::new(&count(value), "number", contender.name(), "");
    allocations.push((many.allocations as f64 - few.allocations as f64) / hits);
    let mut bytes = Sample::new(&count(value), "bytes", contender.name(), "");
    bytes.push((many.allocated as f64 - few.allocated as f64) / hits);
    [allocations, bytes]
}

async fn counted(contender: &Contender, calls: usize) -> Counts {
    let streams = workload::zipf(KEYS, 1, calls, 7);
    let before = counting::counts();
    counting::start();
    contender.run(streams).await;
    counting::stop();
    let after = counting::counts();
    Counts {
        allocations: after.allocations - before.allocations,
        allocated: after.allocated - before.allocated,
        freed: after.freed - before.freed,
    }
}
