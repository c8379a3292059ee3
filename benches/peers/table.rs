//! Markdown tables of samples.

use std::fmt::Write;

use crate::samples::Sample;

/// One table: a row for each contender, a column for each point; in a cell the median and the range of the rounds.
pub(crate) fn of(what: &str, samples: &[&Sample]) -> String {
    let samples: Vec<&Sample> = samples
        .iter()
        .copied()
        .filter(|sample| sample.what == what)
        .collect();
    if samples.is_empty() {
        return format!("{what}: not run.\n");
    }
    let points = in_order(samples.iter().map(|sample| sample.point.as_str()));
    let contenders = in_order(samples.iter().map(|sample| sample.contender.as_str()));
    let unit = match samples[0].unit.as_str() {
        "" => String::new(),
        unit => format!(", {unit}"),
    };
    let mut table = format!("| {what}{unit} | {} |\n|---|", points.join(" | "));
    table.push_str(&"---|".repeat(points.len()));
    for contender in contenders {
        let _ = write!(table, "\n| {contender} |");
        for point in &points {
            let cell = samples
                .iter()
                .find(|sample| sample.contender == contender && sample.point == *point);
            let cell = cell.map_or_else(|| "not run".to_owned(), |sample| figure(sample));
            let _ = write!(table, " {cell} |");
        }
    }
    table.push('\n');
    table
}

/// Each of them once, as they come.
pub(crate) fn in_order<'s>(all: impl Iterator<Item = &'s str>) -> Vec<&'s str> {
    let mut found = Vec::new();
    for one in all {
        if !found.contains(&one) {
            found.push(one);
        }
    }
    found
}

fn figure(sample: &Sample) -> String {
    let (low, high) = sample.range();
    if sample.rounds.len() == 1 {
        return short(low);
    }
    format!("{} ({} to {})", short(sample.median()), short(low), short(high))
}

/// Three digits or so, and none after the point where there is nothing to tell.
pub(crate) fn short(figure: f64) -> String {
    if figure.fract() == 0.0 {
        return format!("{figure}");
    }
    match figure.abs() {
        small if small < 10.0 => format!("{figure:.2}"),
        middle if middle < 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

/// `1 task`, `1,000 keys`, `10 entries`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match noun.strip_suffix('y') {
        _ if number == 1 => format!("{grouped} {noun}"),
        // Not `keys`.
        Some(stem) if stem.ends_with('r') => format!("{grouped} {stem}ies"),
        _ => format!("{grouped} {noun}s"),
    }
}
