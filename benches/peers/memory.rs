//! What an entry weighs in a full cache, each contender in a process of its own.

use crate::contest;
use crate::counting;
use crate::job::{self, Job};
use crate::samples::Sample;
use crate::workload::{self, Record, Value};

pub(crate) const KIND: &str = "memory";
pub(crate) const WHAT: &str = "memory of an entry";

/// Both values.
pub(crate) fn run() -> Vec<Sample> {
    let mut samples = Vec::new();
    for value in [String::NAME, Record::NAME] {
        eprintln!("{WHAT}, {value}");
        for name in job::names(value) {
            samples.extend(Job::new(KIND, value, name, 0).samples());
        }
    }
    samples
}

/// The work of one process.
pub(crate) fn child(job: &Job) -> Vec<Sample> {
    let contender = job.contender();
    let capacity = workload::capacity();
    // Twice as many as a bounded cache may hold: what it remembers of those that went counts too.
    let keys = if contender.is_bounded() {
        2 * capacity
    } else {
        capacity
    };
    let streams = workload::ascending(0, 1, keys);
    let runtime = contest::runtime();
    let before = resident();
    counting::start();
    runtime.block_on(contender.run(streams));
    let held = runtime.block_on(contender.held()).unwrap_or(capacity) as f64;
    counting::stop();
    let counts = counting::counts();
    let mut asked = Sample::new(WHAT, &job.value, contender.name(), "B");
    asked.push((counts.allocated - counts.freed) as f64 / held);
    let mut resident_bytes = Sample::new(WHAT, &format!("{}, resident", job.value), contender.name(), "B");
    resident_bytes.push((resident() - before) / held);
    vec![asked, resident_bytes]
}

/// Bytes of this process that are in memory, by Linux's account.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .split_whitespace()
            .next()?
            .parse::<f64>()
            .ok()
    });
    kilobytes.map_or(f64::NAN, |kilobytes| kilobytes * 1024.0)
}
