//! The page, and its pictures.

use std::fmt::Write;
use std::fs;

use crate::ratio;
use crate::samples::{Sample, median};
use crate::store::Part;
use crate::table::{self, in_order};
use crate::wire;
use crate::workload::{Record, Value};
use crate::{allocations, instructions, memory, misses, scale, stampede, svg, targets};

const INTRODUCTION: &str = "# Performance\n\nWritten by `cargo bench --manifest-path benches/peers/Cargo.toml -- --write`. Every library \
    does the same work: a `u64` argument to a value that is cloned out, async, on one tokio runtime with a worker for \
    each core. Each is used as its own documentation says: aiocache and `cached` by an attribute, `hitbox-fn` by its \
    attribute with Bincode, the others by their get-or-load call; string keys are `format!(\"user:{id}\")`, aiocache \
    builds its own. All but `quick_cache` and `foyer`, which know none, have a ttl of an hour; all are bounded at \
    200,000 entries but those that say otherwise. Zipf-distributed keys (exponent 0.99) are drawn beforehand and equal \
    for all. The contenders take turns within each round; a cell has the median of the rounds and, in brackets, the \
    lowest and the highest. Ratios are taken within a round. A time is that of a core: for two tasks on two cores, \
    twice the time that passed, by call. Lower is better unless a heading says otherwise.\n";

/// What no run can tell.
const NOTES: &str = include_str!("notes.md");

/// The whole page.
pub(crate) fn page(parts: &[Part]) -> String {
    let samples: Vec<&Sample> = parts.iter().flat_map(|part| &part.samples).collect();
    let mut page = String::from(INTRODUCTION);
    let _ = writeln!(page, "\n{}.\n", provenance(parts, &samples));
    let (table, reached, judged) = targets::judge(&samples);
    let _ = writeln!(
        page,
        "## What was to be reached\n\n{reached} of {judged} reached.\n\n{table}"
    );
    hits(&mut page, &samples);
    others(&mut page, &samples);
    ratios(&mut page, &samples);
    commands(&mut page, &samples);
    let _ = write!(page, "\n{NOTES}");
    page.truncate(page.trim_end().len());
    page.push_str("\n\n");
    // By reference, so that rustdoc can put the pictures themselves in their place.
    for (name, _) in pictures(&samples) {
        let _ = writeln!(page, "[performance/{name}.svg]: performance/{name}.svg");
    }
    page
}

/// Writes the page and its pictures into docs/.
pub(crate) fn write(parts: &[Part]) {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let folder = format!("{docs}/performance");
    fs::create_dir_all(&folder).expect("docs/ is there");
    fs::write(format!("{docs}/performance.md"), page(parts)).expect("docs/ is there");
    let samples: Vec<&Sample> = parts.iter().flat_map(|part| &part.samples).collect();
    for (name, picture) in pictures(&samples) {
        fs::write(format!("{folder}/{name}.svg"), picture).expect("docs/ is there");
    }
}

fn provenance(parts: &[Part], samples: &[&Sample]) -> String {
    let machines = in_order(parts.iter().map(|part| part.machine.as_str()));
    let versions = in_order(parts.iter().map(|part| part.versions.as_str()));
    let ran: Vec<String> = parts
        .iter()
        .map(|part| {
            let quick = if part.quick {
                ", **quick: too few rounds to judge by**"
            } else {
                ""
            };
            format!("{} (load {} when it ended{quick})", part.name, part.load)
        })
        .collect();
    let python: Vec<String> = samples
        .iter()
        .filter(|sample| sample.what == "version")
        .map(|sample| format!("{} {}", sample.contender, sample.point))
        .collect();
    let python = if python.is_empty() {
        "Python's libraries were not run".to_owned()
    } else {
        python.join(", ")
    };
    format!(
        "{}. {}; {python}. Parts: {}",
        machines.join("; "),
        versions.join("; "),
        ran.join(", ")
    )
}

fn hits(page: &mut String, samples: &[&Sample]) {
    page.push_str("## Hits\n\n![A hit, median over six points][performance/hits.svg]\n\n");
    for value in [String::NAME, Record::NAME] {
        let _ = writeln!(page, "{}", table::of(&format!("hit, {value}"), samples));
    }
    for value in [String::NAME, Record::NAME] {
        let _ = writeln!(page, "{}", table::of(&allocations::count(value), samples));
    }
    page.push_str("Counted by callgrind, one task, 100 keys: noise does not move them.\n\n");
    let _ = writeln!(page, "{}", table::of(instructions::WHAT, samples));
    page.push_str("![A hit by number of entries][performance/scale.svg]\n\n");
    page.push_str("Uniformly distributed keys, one task, each contender in a process of its own.\n\n");
    let _ = writeln!(page, "{}", table::of(scale::WHAT, samples));
    growth(page, samples);
}

/// What a thousand times the entries add to a hit.
fn growth(page: &mut String, samples: &[&Sample]) {
    let (points, by_size) = series(samples, scale::WHAT);
    let at = |size: &str| points.iter().position(|point| *point == size);
    let (Some(few), Some(many)) = (at("1,000 entries"), at("1,000,000 entries")) else {
        return;
    };
    let more: Vec<String> = by_size
        .iter()
        .map(|(name, figures)| format!("{name} {} ns", table::short(figures[many] - figures[few])))
        .collect();
    let _ = writeln!(
        page,
        "A thousand times the entries, from 1,000 to 1,000,000, add to a hit, the processor's caches included: {}.\n",
        more.join("; ")
    );
}

fn others(page: &mut String, samples: &[&Sample]) {
    page.push_str(
        "## Misses\n\nKeys that nobody has asked for, into a cache that is full where it has a bound.\n\n",
    );
    for value in [String::NAME, Record::NAME] {
        let _ = writeln!(page, "{}", table::of(&misses::what(value), samples));
    }
    let _ = writeln!(page, "{}", table::of(misses::MIXED, samples));
    page.push_str(
        "## Stampede\n\nA thousand tasks ask for one missing key at once; its source takes a millisecond and serves \
         ten at a time.\n\n",
    );
    let _ = writeln!(page, "{}", table::of(stampede::TIME, samples));
    let _ = writeln!(page, "{}", table::of(stampede::LOADS, samples));
    page.push_str(
        "## Memory\n\nBytes asked of the allocator by an entry, and resident in memory, after twice as many entries \
         as there is room for; each contender in a process of its own.\n\n",
    );
    let _ = writeln!(page, "{}", table::of(memory::WHAT, samples));
}

fn ratios(page: &mut String, samples: &[&Sample]) {
    page.push_str("## Hit ratios\n\nOf 100,000 keys, at several bounds. Higher is better.\n\n");
    for trace in ratio::NAMES {
        let _ = writeln!(page, "{}", table::of(&ratio::what(trace), samples));
    }
    page.push_str("![Hit ratio, Zipf with scans][performance/scans.svg]\n\n");
}

fn commands(page: &mut String, samples: &[&Sample]) {
    page.push_str("## On a wire\n\nOne connection to a Redis on the same machine.\n\n");
    for operation in wire::OPERATIONS {
        let _ = writeln!(page, "{}", table::of(&wire::what(operation), samples));
    }
    page.push_str("Higher is better; Python's libraries use the pools they come with.\n\n");
    let _ = writeln!(page, "{}", table::of(&wire::throughput(), samples));
}

/// Name and content of each.
fn pictures(samples: &[&Sample]) -> Vec<(&'static str, String)> {
    let hit = format!("hit, {}", String::NAME);
    let hits: Vec<(&str, f64)> = series(samples, &hit)
        .1
        .into_iter()
        // Python's one point is no median, and would dwarf the rest.
        .filter(|(_, figures)| figures.len() > 1)
        .map(|(name, figures)| (name, median(figures)))
        .collect();
    let (sizes, by_size) = series(samples, scale::WHAT);
    let sizes: Vec<&str> = sizes
        .iter()
        .map(|size| size.trim_end_matches(" entries"))
        .collect();
    let (bounds, scans) = series(samples, &ratio::what(ratio::SCANS));
    vec![
        (
            "hits",
            svg::bars(
                "ns a hit, String of 20 bytes, median over six points",
                "aiocache",
                &hits,
            ),
        ),
        (
            "scale",
            svg::lines("ns a hit, by number of entries", &sizes, &by_size),
        ),
        (
            "scans",
            svg::lines("Hit ratio in %, Zipf 0.99 with scans", &bounds, &scans),
        ),
    ]
}

/// The points, and each contender's medians at them.
fn series<'s>(samples: &[&'s Sample], what: &str) -> (Vec<&'s str>, Vec<(&'s str, Vec<f64>)>) {
    let here: Vec<&'s Sample> = samples
        .iter()
        .copied()
        .filter(|sample| sample.what == what)
        .collect();
    let points = in_order(here.iter().map(|sample| sample.point.as_str()));
    let contenders = in_order(here.iter().map(|sample| sample.contender.as_str()));
    let of = |name: &'s str| {
        let figures = here
            .iter()
            .filter(|sample| sample.contender == name)
            .map(|sample| sample.median());
        (name, figures.collect())
    };
    let series = contenders.into_iter().map(of).collect();
    (points, series)
}
