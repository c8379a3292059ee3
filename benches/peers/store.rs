//! The figures of each part's last run, in files below target/.

use std::fs;
use std::path::PathBuf;

use crate::machine;
use crate::options::{Options, PARTS};
use crate::samples::{self, Sample};

/// What a part measured when it last ran.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) quick: bool,
    /// Of the machine, when the part ended.
    pub(crate) load: String,
    pub(crate) machine: String,
    pub(crate) versions: String,
    pub(crate) samples: Vec<Sample>,
}

fn folder() -> PathBuf {
    // The program is in target/release/deps/.
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().nth(3).expect("Cargo put it there");
    target.join("peers")
}

pub(crate) fn save(part: &str, options: &Options, samples: &[Sample]) {
    let header = format!(
        "quick {}\nload {}\nmachine {}\nversions {}\n",
        options.is_quick(),
        machine::load(),
        machine::description(),
        machine::versions()
    );
    fs::create_dir_all(folder()).expect("target/ is ours");
    let path = folder().join(format!("{part}.tsv"));
    fs::write(path, header + &samples::write(samples)).expect("target/ is ours");
}

/// Every part that ever ran.
pub(crate) fn load() -> Vec<Part> {
    let part = |name: &'static str| {
        let text = fs::read_to_string(folder().join(format!("{name}.tsv"))).ok()?;
        let field = |key: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(key))
                .unwrap_or_default()
        };
        Some(Part {
            name,
            quick: field("quick ") == "true",
            load: field("load ").to_owned(),
            machine: field("machine ").to_owned(),
            versions: field("versions ").to_owned(),
            samples: samples::parse(&text),
        })
    };
    PARTS.into_iter().filter_map(part).collect()
}
