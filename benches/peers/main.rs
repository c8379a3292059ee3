//! The same work in aiocache and in every peer, in one run.
//!
//! cargo bench --manifest-path benches/peers/Cargo.toml -- --write         every part, into docs/performance.md
//! cargo bench --manifest-path benches/peers/Cargo.toml -- hits wire       these parts; their figures replace those of the last run
//! cargo bench --manifest-path benches/peers/Cargo.toml -- --quick         fewer rounds, for development
//! cargo bench --manifest-path benches/peers/Cargo.toml -- --render        runs nothing, renders the figures that are there
//!
//! The figures of each part are kept in target/peers/. `AIOCACHE_PYTHON` names a Python with what
//! python/requirements.txt lists; without it Python's libraries are not measured.
#![expect(clippy::print_stdout, reason = "the tables are what the program is for")]

mod allocations;
mod contenders;
mod contest;
mod counting;
mod hits;
mod instructions;
mod job;
mod machine;
mod memory;
mod misses;
mod options;
mod python;
mod ratio;
mod report;
mod samples;
mod scale;
mod stampede;
mod store;
mod svg;
mod table;
mod targets;
mod wire;
mod workload;

use job::Job;
use options::{Options, PARTS};
use samples::Sample;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(job) = Job::from_arguments(&arguments) {
        return work(&job);
    }
    let options = Options::from_arguments(&arguments);
    for part in PARTS {
        if options.wants(part) {
            let samples = run(part, &options);
            store::save(part, &options, &samples);
        }
    }
    let parts = store::load();
    println!("{}", report::page(&parts));
    if options.writes() {
        report::write(&parts);
        // rustdoc has copies of the pictures, which a test compares.
        eprintln!("docs/ is written; now UPDATE_SNAPSHOTS=1 cargo test --test docs");
    }
}

fn run(part: &str, options: &Options) -> Vec<Sample> {
    match part {
        "hits" => hits::run(options),
        "allocations" => allocations::run(),
        "instructions" => instructions::run(),
        "misses" => misses::run(options),
        "stampede" => stampede::run(options),
        "memory" => memory::run(),
        "ratio" => ratio::run(options),
        "scale" => scale::run(options),
        _ => wire::run(options),
    }
}

/// What a process of its own does for its parent.
fn work(job: &Job) {
    let samples = match job.kind.as_str() {
        memory::KIND => memory::child(job),
        scale::KIND => scale::child(job),
        _ => {
            instructions::child(job);
            Vec::new()
        }
    };
    print!("{}", samples::write(&samples));
}
