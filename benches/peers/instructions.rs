//! Instructions of a hit, counted by callgrind where it is installed: noise does not move them.

use tokio::runtime::Runtime;

use crate::contest::{self, Contender};
use crate::job::{self, Job};
use crate::samples::Sample;
use crate::workload::{self, Record, Streams, Value};

pub(crate) const KIND: &str = "instructions";
pub(crate) const WHAT: &str = "instructions of a hit";

const KEYS: u32 = 100;
const FEW: usize = 500;
const MANY: usize = 2_500;

/// Both values; nothing where valgrind is missing.
pub(crate) fn run() -> Vec<Sample> {
    let mut samples = Vec::new();
    for value in [String::NAME, Record::NAME] {
        eprintln!("{WHAT}, {value}");
        for name in job::names(value) {
            // The difference, so that starting a task does not count.
            let few = collected(&Job::new(KIND, value, name, FEW));
            let many = collected(&Job::new(KIND, value, name, MANY));
            if let (Some(few), Some(many)) = (few, many) {
                let mut sample = Sample::new(WHAT, value, name, "");
                sample.push((many - few) / (MANY - FEW) as f64);
                samples.push(sample);
            }
        }
    }
    samples
}

fn collected(job: &Job) -> Option<f64> {
    let options = [
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        "--toggle-collect=*instructions*measured*",
    ];
    let told = job.under("valgrind", &options).ok()?;
    told.lines()
        .find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok())
}

/// The work of one process.
pub(crate) fn child(job: &Job) {
    let contender = job.contender();
    // Smaller, so that tables made in advance take no time under valgrind.
    workload::set_capacity(10 * KEYS as usize);
    let runtime = contest::single_threaded();
    runtime.block_on(contender.run(workload::ascending(0, 1, KEYS as usize)));
    measured(&runtime, &contender, workload::zipf(KEYS, 1, job.number, 3));
}

/// What callgrind counts, found by this name.
#[inline(never)]
fn measured(runtime: &Runtime, contender: &Contender, streams: Streams) {
    runtime.block_on(contender.run(streams));
}
