//! What a program prints, compared with what is written down of it.
//!
//! In what is written, `<number>` stands for any number and `<time>` for one with a unit. Blanks are not counted, as
//! columns are as wide as their numbers.

const UNITS: [&str; 4] = ["ns", "µs", "ms", "s"];

/// The first difference, for a person to read.
pub fn difference(written: &str, found: &str) -> Option<String> {
    let (mut written, mut found) = (written.lines(), found.lines());
    for line in 1.. {
        let lines = (written.next(), found.next());
        match lines {
            (None, None) => break,
            (Some(wanted), Some(found)) if matches(&plain(wanted), &plain(found)) => {}
            (wanted, found) => {
                let [wanted, found] = [wanted, found].map(|line| line.unwrap_or("(no such line)"));
                return Some(format!("line {line}:\n  written: {wanted}\n  printed: {found}"));
            }
        }
    }
    None
}

fn plain(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn matches(pattern: &str, text: &str) -> bool {
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
