//! The tables of the run, as they stand in docs/wire.md.

use std::fmt::Write;
use std::time::Duration;

use super::instructions::COUNTED;
use super::pairs::Paired;

/// One run of one comparison.
pub(crate) struct Row {
    what: &'static str,
    run: usize,
    limit: f64,
    figure: Figure,
}

enum Figure {
    Latency(Paired),
    /// Rounds of the client alone and of the cache.
    Throughput(Duration, Duration),
}

impl Row {
    pub(crate) fn latency(what: &'static str, run: usize, limit: f64, paired: Paired) -> Self {
        Self {
            what,
            run,
            limit,
            figure: Figure::Latency(paired),
        }
    }

    pub(crate) fn throughput(
        what: &'static str,
        run: usize,
        limit: f64,
        (bare, cache): (Duration, Duration),
    ) -> Self {
        Self {
            what,
            run,
            limit,
            figure: Figure::Throughput(bare, cache),
        }
    }

    fn verdict(&self) -> &'static str {
        match &self.figure {
            Figure::Latency(paired) => {
                let (low, high) = paired.ratio_interval();
                if high <= self.limit {
                    "reached"
                } else if low > self.limit {
                    "not reached"
                } else {
                    "undecided"
                }
            }
            Figure::Throughput(bare, cache) => {
                if bare.as_secs_f64() / cache.as_secs_f64() >= self.limit {
                    "reached"
                } else {
                    "not reached"
                }
            }
        }
    }
}

/// The whole page.
pub(crate) fn render(rows: &[Row], counted: &[(f64, f64)]) -> String {
    let mut page = String::from(
        "# On a wire\n\nWritten by `cargo bench -p aiocache-benches --features servers --bench wire -- --write`; every run made is in \
         the tables. The client alone and the cache over the same client take turns, operation by operation. A ratio \
         is 1 + the median of the paired differences over the client's median, with its 95 % interval; beside it, \
         processor time of this process for one operation, alone and through the cache. The clients alone are as \
         their crates make them: `redis` with its own 500 ms limit for an answer and a queue of 50, `memcache-async` \
         with `TCP_NODELAY` and several small writes for a request. The caches keep a deadline of 500 ms too, \
         and `redis` has a queue of 1,024 there.\n\n",
    );
    let _ = writeln!(page, "{}\n", machine());
    latency(&mut page, rows);
    throughput(&mut page, rows);
    instructions(&mut page, counted);
    page
}

fn latency(page: &mut String, rows: &[Row]) {
    page.push_str("| operation | run | client alone, µs | ratio | 95 % interval | limit | | CPU, µs |\n");
    page.push_str("|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        let Figure::Latency(paired) = &row.figure else {
            continue;
        };
        let (low, high) = paired.ratio_interval();
        let _ = writeln!(
            page,
            "| {} | {} | {:.1} | {:.3} | {low:.3} to {high:.3} | {} | {} | {:.1} and {:.1} |",
            row.what,
            row.run,
            paired.bare / 1e3,
            paired.ratio(),
            row.limit,
            row.verdict(),
            paired.cpu.0 / 1e3,
            paired.cpu.1 / 1e3,
        );
    }
}

fn throughput(page: &mut String, rows: &[Row]) {
    page.push_str("\n| throughput | run | of the client alone | limit | |\n|---|---|---|---|---|\n");
    for row in rows {
        let Figure::Throughput(bare, cache) = &row.figure else {
            continue;
        };
        let ratio = bare.as_secs_f64() / cache.as_secs_f64();
        let _ = writeln!(
            page,
            "| {} | {} | {ratio:.3} | {} | {} |",
            row.what,
            row.run,
            row.limit,
            row.verdict()
        );
    }
}

fn instructions(page: &mut String, counted: &[(f64, f64)]) {
    if counted.is_empty() {
        page.push_str("\nInstructions were not counted: valgrind is not installed.\n");
        return;
    }
    page.push_str(
        "\n| instructions of one | client alone | through the cache | ratio |\n|---|---|---|---|\n",
    );
    for ((name, _, _), (bare, cache)) in COUNTED.iter().zip(counted) {
        let _ = writeln!(page, "| {name} | {bare:.0} | {cache:.0} | {:.2} |", cache / bare);
    }
}

/// What it ran on.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("unknown");
    format!(
        "{cores} cores of {}, load {load} when it ended; redis 1.8, memcache-async 0.10, servers on loopback.",
        model.unwrap_or("an unknown processor")
    )
}
