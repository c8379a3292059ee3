//! The steps of the tour, in their order.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::database::{Airport, DATABASE, LATENCY, NoSuchAirport};
use crate::report::{Cost, heading, line, measured, note, ratio, time, timings};
use crate::store::{Plugins, cache};
use crate::{ASKED_FOR, airports, count_in, nearest};

const HITS: u32 = 1_000;
const CALLERS: u32 = 1_000;

pub(crate) async fn introduce() {
    println!("aiocache quickstart, with the cache in {}", cache().name());
    note(format!(
        "{} airports of examples/data/airports.csv, in a table without an index:",
        DATABASE.rows()
    ));
    note(format!(
        "a query reads them all, and waits {} more in the place of a network.",
        time(LATENCY)
    ));
    // What an earlier run left in a shared store would not be cold.
    if let Err(error) = cache().clear().await {
        note(format!("The cache fails: {error}."));
        note("A cache that is away fails no call, so this goes on, uncached.");
    }
}

pub(crate) async fn all(plugins: &Plugins) -> Result<(), NoSuchAirport> {
    cold_and_hit().await?;
    many_callers(plugins).await?;
    partly_cached().await;
    expiry().await;
    controls().await?;
    counted(plugins);
    // A shared store is left as it was found; one that is away was told of above.
    let _ = cache().clear().await;
    Ok(())
}

async fn cold_and_hit() -> Result<(), NoSuchAirport> {
    heading("#[cached]: the first call runs the function, the next one finds its value");
    let (mut cold, mut again) = (Cost::default(), Cost::default());
    for code in ["EYW", "SEA"] {
        for cost in [&mut cold, &mut again] {
            let found;
            (found, *cost) = measured(nearest(code, 3)).await;
            line(format!("nearest({code:?}, 3)"), *cost, codes(&found?));
        }
    }
    // With a cache that is away there are no hits to measure.
    if again.queries == 0 {
        let (hits, cost) = measured(hits()).await;
        hits?;
        let times = cold.took.as_secs_f64() / (cost.took / HITS).as_secs_f64();
        let each = format!("{} each, {times:.0} times as fast", time(cost.took / HITS));
        line(format!("{HITS} more, one by one"), cost, each);
    }
    Ok(())
}

async fn hits() -> Result<(), NoSuchAirport> {
    for _ in 0..HITS {
        nearest("SEA", 3).await?;
    }
    Ok(())
}

async fn many_callers(plugins: &Plugins) -> Result<(), NoSuchAirport> {
    heading("Single flight: callers of the same key at the same time share one load");
    let (mut callers, before) = (JoinSet::new(), plugins.ratio.snapshot());
    let (answers, cost) = measured(async {
        for _ in 0..CALLERS {
            callers.spawn(nearest("ANC", 3));
        }
        callers.join_all().await
    })
    .await;
    let (answers, after) = (
        answers.into_iter().collect::<Result<Vec<_>, _>>()?,
        plugins.ratio.snapshot(),
    );
    let misses = (after.total - after.hits) - (before.total - before.hits);
    line(
        format!("{CALLERS} callers at once"),
        cost,
        format!("{misses} missed, {} have the answer", answers.len()),
    );
    Ok(())
}

async fn partly_cached() {
    heading("#[multi_cached]: the function is asked for the missing keys only");
    for wanted in [
        &["JFK", "LAX"][..],
        &["JFK", "LAX", "ORD", "SFO"],
        &["SFO", "JFK"],
    ] {
        let keys = wanted.iter().map(|&code| code.to_owned()).collect();
        ASKED_FOR.lock().expect("nothing panics under this lock").clear();
        let (found, cost) = measured(airports(keys)).await;
        let asked = ASKED_FOR
            .lock()
            .expect("nothing panics under this lock")
            .join(" ");
        let asked = if asked.is_empty() {
            "not asked".to_owned()
        } else {
            format!("asked for {asked}")
        };
        line(
            format!("airports({})", wanted.join(" ")),
            cost,
            format!("{} found, {asked}", found.len()),
        );
    }
}

async fn expiry() {
    heading("ttl = \"250ms\": after that the value is gone");
    let (_, first) = (count_in("AK").await, Instant::now());
    for wait in [Duration::ZERO, Duration::from_millis(300)] {
        tokio::time::sleep(wait).await;
        let age = first.elapsed();
        let (count, cost) = measured(count_in("AK")).await;
        line(
            format!("count_in(\"AK\") after {}", time(age)),
            cost,
            format!("{count} airports"),
        );
    }
}

async fn controls() -> Result<(), NoSuchAirport> {
    heading("Controls: the function's own name, and what to do");
    peek().await;
    let (removed, cost) = measured(nearest::invalidate("SEA", &3)).await;
    line(
        "nearest::invalidate(\"SEA\", &3)",
        cost,
        told(removed, ["nothing to remove", "removed"]),
    );
    peek().await;
    let (found, cost) = measured(nearest::refresh("SEA", 3)).await;
    line("nearest::refresh(\"SEA\", 3)", cost, codes(&found?));
    peek().await;
    Ok(())
}

async fn peek() {
    let (found, cost) = measured(nearest::peek("SEA", &3)).await;
    let found = found.map(|found| found.is_some());
    line(
        "nearest::peek(\"SEA\", &3)",
        cost,
        told(found, ["nothing there", "it is there"]),
    );
}

fn counted(plugins: &Plugins) {
    heading("Counted by HitMissRatioPlugin and TimingPlugin");
    ratio(plugins.ratio.snapshot());
    timings(&plugins.timing.snapshot());
}

fn codes(airports: &[Airport]) -> String {
    let codes: Vec<&str> = airports.iter().map(|airport| airport.code.as_str()).collect();
    codes.join(" ")
}

/// What a control answered, in words.
fn told(answer: aiocache::Result<bool>, [no, yes]: [&str; 2]) -> String {
    match answer {
        Ok(answer) => if answer { yes } else { no }.to_owned(),
        Err(error) => error.to_string(),
    }
}
