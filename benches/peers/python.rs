//! Python's aiocache and cashews at the same work, for the record.

use std::process::{Command, Stdio};

use crate::options::Options;
use crate::samples::{self, Sample};

pub(crate) const AIOCACHE: &str = "Python aiocache";

/// Nothing where `AIOCACHE_PYTHON` names no Python that has both.
pub(crate) fn run(options: &Options, port: u16) -> Vec<Sample> {
    let Some(python) = std::env::var_os("AIOCACHE_PYTHON") else {
        eprintln!("Python is not measured: AIOCACHE_PYTHON names none");
        return Vec::new();
    };
    eprintln!("Python");
    let output = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/python/contenders.py"))
        .args([port.to_string(), options.rounds().min(7).to_string()])
        .stderr(Stdio::inherit())
        .output()
        .expect("AIOCACHE_PYTHON names a Python");
    assert!(output.status.success(), "Python fails");
    samples::parse(&String::from_utf8_lossy(&output.stdout))
}
