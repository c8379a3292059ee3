//! The counts on record.

use std::fmt::Write;
use std::fs;
use std::process::Command;

use crate::cases;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/instructions/recorded.txt");

/// What was counted, and with which compiler.
pub(crate) struct Record(String);

impl Record {
    pub(crate) fn read() -> Self {
        Self(fs::read_to_string(FILE).unwrap_or_default())
    }

    /// The count of a case, which is no number where there is none.
    pub(crate) fn of(&self, case: &str) -> f64 {
        let count = |line: &str| line.strip_suffix(case)?.trim().parse().ok();
        self.0.lines().find_map(count).unwrap_or(f64::NAN)
    }

    pub(crate) fn is_of_this_compiler(&self) -> bool {
        self.0.lines().next() == Some(compiler().as_str())
    }
}

/// Records the counts, in the order of the cases.
pub(crate) fn write(counted: &[f64]) {
    let mut text = compiler();
    text.push('\n');
    for (case, count) in cases::NAMES.iter().zip(counted) {
        let _ = writeln!(text, "{count:>6.0}  {case}");
    }
    fs::write(FILE, text).expect("benches/instructions/ is there");
}

/// The compiler and the processor it compiles for.
fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    format!(
        "{}, {}",
        version.unwrap_or_else(|_| "no rustc".to_owned()),
        std::env::consts::ARCH
    )
}
