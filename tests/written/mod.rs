//! What a program prints, compared with what is written down of it.
//!
//! In what is written, `<number>` stands for any number and `<time>` for one with a unit. Blanks are not counted, as
//! columns are as wide as their numbers. `UPDATE_SNAPSHOTS=1` writes the lines that differ.

use std::path::Path;
use std::{env, fs};

const UNITS: [&str; 4] = ["ns", "µs", "ms", "s"];

/// The first difference between a file and what was printed, for a person to read.
pub fn difference(file: &Path, found: &str) -> Option<String> {
    let written = fs::read_to_string(file).unwrap_or_default();
    if env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(file, updated(&written, found)).expect("a checkout can be written to");
        return None;
    }
    let (mut wanted, mut printed) = (written.lines(), found.lines());
    for line in 1.. {
        match (wanted.next(), printed.next()) {
            (None, None) => break,
            (Some(wanted), Some(printed)) if matches(&plain(wanted), &plain(printed)) => {}
            (wanted, printed) => {
                let [wanted, printed] = [wanted, printed].map(|line| line.unwrap_or("(no such line)"));
                let file = file.display();
                return Some(format!(
                    "{file}:{line}\n  written: {wanted}\n  printed: {printed}"
                ));
            }
        }
    }
    None
}

/// What was printed, with the marks of those lines that still hold.
fn updated(written: &str, found: &str) -> String {
    let mut written = written.lines();
    let mut text = String::new();
    for printed in found.lines() {
        let wanted = written.next().unwrap_or_default();
        let holds = matches(&plain(wanted), &plain(printed));
        text.push_str(if holds { wanted } else { printed });
        text.push('\n');
    }
    text
}

fn plain(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line is as written, blanks made plain in both.
pub fn matches(pattern: &str, text: &str) -> bool {
    let marks = ["<number>", "<time>"].into_iter();
    let Some((at, mark)) = marks.filter_map(|mark| Some((pattern.find(mark)?, mark))).min() else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(&pattern[..at]) else {
        return false;
    };
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let rest = text.trim_start_matches(is_number);
    if text[..text.len() - rest.len()].parse::<f64>().is_err() {
        return false;
    }
    let pattern = &pattern[at + mark.len()..];
    match mark {
        "<time>" => {
            let rest = rest.trim_start();
            let unit = UNITS.iter().find_map(|unit| rest.strip_prefix(unit));
            unit.is_some_and(|rest| matches(pattern, rest))
        }
        _ => matches(pattern, rest),
    }
}
