//! Instructions of a hit, beside those on record: noise does not move them, so what makes a hit slower shows.
//!
//! cargo bench -p aiocache-benches --bench instructions             fails where a count is off by more than 3 %
//! cargo bench -p aiocache-benches --bench instructions -- --write  records the counts
//!
//! Counted by callgrind, each case in a process of its own. Another compiler counts otherwise, so the record is held
//! against its own only.
#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::process::{Command, ExitCode};

mod cases;
mod record;

use record::Record;

/// The difference between many hits and few is counted, so that starting up is not.
const FEW: u64 = 1_000;
const MANY: u64 = 6_000;

/// Percent.
const MOST_OFF: f64 = 3.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, case, hits] = arguments.as_slice()
        && flag == "--job"
    {
        cases::run(case, hits.parse().expect("a number"));
        return ExitCode::SUCCESS;
    }
    let counted: Option<Vec<f64>> = cases::NAMES.iter().map(|case| of_a_hit(case)).collect();
    let Some(counted) = counted else {
        println!("valgrind is not installed, or cannot run this program: nothing was counted");
        return ExitCode::SUCCESS;
    };
    if arguments.iter().any(|argument| argument == "--write") {
        record::write(&counted);
    }
    compare(&counted, &Record::read())
}

fn compare(counted: &[f64], record: &Record) -> ExitCode {
    println!("{:>8}{:>10}{:>9}", "counted", "recorded", "off");
    let mut off = false;
    for (case, counted) in cases::NAMES.iter().zip(counted) {
        let recorded = record.of(case);
        let percent = 100.0 * (counted / recorded - 1.0);
        off |= percent.is_nan() || percent.abs() > MOST_OFF;
        println!("{counted:>8.0}{recorded:>10.0}{percent:>+8.1}%  {case}");
    }
    match (off, record.is_of_this_compiler()) {
        (false, _) => ExitCode::SUCCESS,
        (true, true) => {
            println!(
                "\nMore than {MOST_OFF} % off: make it as fast as it was, or record it with --write and say why"
            );
            ExitCode::FAILURE
        }
        (true, false) => {
            println!("\nMore than {MOST_OFF} % off, but recorded with another compiler");
            ExitCode::SUCCESS
        }
    }
}

fn of_a_hit(case: &str) -> Option<f64> {
    Some((collected(case, MANY)? - collected(case, FEW)?) / (MANY - FEW) as f64)
}

fn collected(case: &str, hits: u64) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*instructions*cases*measured*")
        .arg(std::env::current_exe().ok()?)
        .args(["--job", case, &hits.to_string()])
        .output()
        .ok()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    told.lines()
        .find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok())
}
