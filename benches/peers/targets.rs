//! What is to be reached, and whether it was.

use std::fmt::Write;

use crate::contenders::{cached, floor, foyer, hitbox, moka, ours, quick};
use crate::ratio::{self, policies};
use crate::samples::{Sample, median};
use crate::table::{in_order, short};
use crate::wire::{self, clients};
use crate::workload::{Record, Value};
use crate::{allocations, memory, misses, python, stampede};

/// A limit on a contender's figures.
struct Target {
    what: String,
    ours: &'static str,
    beside: Beside,
    limit: Limit,
}

/// What the figures are compared to.
#[derive(Clone, Copy)]
enum Beside {
    Nobody,
    /// As a ratio.
    Ratio(&'static str),
    /// As a difference.
    Difference(&'static str),
}

#[derive(Clone, Copy)]
enum Limit {
    /// Of the median over all points.
    Median(f64),
    /// Of the median over all points, and of each.
    MedianAndEach(f64, f64),
    EachAtMost(f64),
    EachAtLeast(f64),
}

fn target(what: &str, ours: &'static str, beside: Beside, limit: Limit) -> Target {
    Target {
        what: what.to_owned(),
        ours,
        beside,
        limit,
    }
}

/// All of them, in the order of the page.
fn targets() -> Vec<Target> {
    let mut all = Vec::new();
    for value in [String::NAME, Record::NAME] {
        hits(&mut all, &format!("hit, {value}"));
    }
    for (value, clones) in [(String::NAME, 1.0), (Record::NAME, 0.0)] {
        for ours in [ours::DEFAULT, ours::TYPED] {
            let count = allocations::count(value);
            all.push(target(&count, ours, Beside::Nobody, Limit::EachAtMost(clones)));
        }
    }
    for value in [String::NAME, Record::NAME] {
        let beside = Beside::Ratio(moka::STRING);
        all.push(target(
            &misses::what(value),
            ours::DEFAULT,
            beside,
            Limit::Median(1.2),
        ));
    }
    stampedes(&mut all);
    for ours in [ours::DEFAULT, ours::TYPED] {
        let beside = Beside::Ratio(moka::STRING);
        all.push(target(memory::WHAT, ours, beside, Limit::EachAtMost(1.0)));
    }
    ratios(&mut all);
    let throughput = wire::throughput();
    let least = |beside, limit| {
        target(
            &throughput,
            clients::OURS,
            Beside::Ratio(beside),
            Limit::EachAtLeast(limit),
        )
    };
    all.push(least(clients::BARE, 0.95));
    all.push(least(python::AIOCACHE, 3.0));
    all
}

fn hits(all: &mut Vec<Target>, what: &str) {
    let mut hit = |ours, peer, limit| all.push(target(what, ours, Beside::Ratio(peer), limit));
    hit(ours::DEFAULT, cached::CONCURRENT_LRU, Limit::Median(1.0));
    hit(ours::DEFAULT, cached::CONCURRENT, Limit::MedianAndEach(1.3, 1.5));
    hit(ours::DEFAULT, moka::STRING, Limit::Median(0.4));
    hit(ours::DEFAULT, quick::STRING, Limit::Median(0.8));
    hit(ours::TYPED, cached::CONCURRENT_LRU, Limit::Median(0.8));
    hit(ours::TYPED, cached::CONCURRENT, Limit::Median(1.1));
}

fn stampedes(all: &mut Vec<Target>) {
    let one = Limit::EachAtMost(1.0);
    all.push(target(stampede::LOADS, ours::DEFAULT, Beside::Nobody, one));
    for peer in [
        cached::CONCURRENT_LRU,
        cached::CONCURRENT,
        cached::LRU,
        cached::UNBOUNDED,
        cached::BY_KEY,
        moka::STRING,
        moka::NUMBER,
        quick::STRING,
        quick::NUMBER,
        foyer::STRING,
        foyer::NUMBER,
        hitbox::NAME,
        floor::NAME,
    ] {
        all.push(target(stampede::TIME, ours::DEFAULT, Beside::Ratio(peer), one));
    }
}

fn ratios(all: &mut Vec<Target>) {
    for (trace, points) in [
        (ratio::ZIPF, -1.0),
        (ratio::SCANS, -1.0),
        (ratio::LOOPS, -5.0),
        (ratio::MIXED, -5.0),
    ] {
        let beside = Beside::Difference(policies::MOKA);
        let least = Limit::EachAtLeast(points);
        all.push(target(&ratio::what(trace), policies::OURS, beside, least));
    }
    let beside = Beside::Difference(policies::LRU);
    let ahead = Limit::EachAtLeast(0.0);
    all.push(target(&ratio::what(ratio::SCANS), policies::OURS, beside, ahead));
}

/// A table of all targets that these samples can judge, and how many of them were reached.
pub(crate) fn judge(samples: &[&Sample]) -> (String, usize, usize) {
    let mut table = String::from(
        "| work | figure of | compared to | at each point: median (range) | judged | limit | |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let (mut judged, mut reached) = (0, 0);
    for target in targets() {
        let compared = compared(samples, &target);
        if !compared.is_empty() {
            judged += 1;
            reached += usize::from(row(&mut table, &target, &compared));
        }
    }
    (table, reached, judged)
}

/// The comparison at each point, with its rounds.
fn compared(samples: &[&Sample], target: &Target) -> Vec<Sample> {
    let here: Vec<&Sample> = samples
        .iter()
        .copied()
        .filter(|sample| sample.what == target.what)
        .collect();
    let of = |contender: &str, point: &str| {
        here.iter()
            .find(|sample| sample.contender == contender && sample.point == point)
    };
    let compare = |point: &str| {
        let ours = of(target.ours, point)?;
        match target.beside {
            Beside::Nobody => Some((*ours).clone()),
            Beside::Ratio(peer) => Some(ours.beside(of(peer, point)?, |ours, theirs| ours / theirs)),
            Beside::Difference(peer) => Some(ours.beside(of(peer, point)?, |ours, theirs| ours - theirs)),
        }
    };
    let points = in_order(here.iter().map(|sample| sample.point.as_str()));
    // Beside what is judged.
    let points = points
        .into_iter()
        .filter(|&point| point != "bytes" && !point.contains("resident"));
    points.filter_map(compare).collect()
}

/// Writes a target's row and tells whether it was reached.
fn row(table: &mut String, target: &Target, compared: &[Sample]) -> bool {
    let medians: Vec<f64> = compared.iter().map(Sample::median).collect();
    let highest = medians.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let lowest = medians.iter().copied().fold(f64::INFINITY, f64::min);
    let overall = median(medians);
    let (judged, limit, reached) = match target.limit {
        Limit::Median(limit) => (overall, format!("median at most {limit}"), overall <= limit),
        Limit::MedianAndEach(limit, each) => (
            overall,
            format!("median at most {limit}, none above {each}"),
            overall <= limit && highest <= each,
        ),
        Limit::EachAtMost(limit) => (highest, format!("at most {limit}"), highest <= limit),
        Limit::EachAtLeast(limit) => (lowest, format!("at least {limit}"), lowest >= limit),
    };
    let beside = match target.beside {
        Beside::Nobody => "",
        Beside::Ratio(peer) => peer,
        Beside::Difference(peer) => &format!("{peer}, difference in points"),
    };
    let cells: Vec<String> = compared.iter().map(cell).collect();
    let _ = writeln!(
        table,
        "| {} | {} | {beside} | {} | {} | {limit} | {} |",
        target.what,
        target.ours,
        cells.join("; "),
        short(judged),
        if reached { "reached" } else { "**not reached**" },
    );
    reached
}

fn cell(compared: &Sample) -> String {
    let (low, high) = compared.range();
    if compared.rounds.len() == 1 {
        short(low)
    } else {
        format!("{} ({} to {})", short(compared.median()), short(low), short(high))
    }
}
