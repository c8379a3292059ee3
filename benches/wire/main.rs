//! Commands on a wire through a cache, beside the same client alone.
//!
//! cargo bench -p aiocache-benches --features servers --bench wire            prints the tables
//! cargo bench -p aiocache-benches --features servers --bench wire -- --write also writes docs/wire.md
//! cargo bench -p aiocache-benches --features servers --bench wire -- --throughput measures nothing but the tasks
//!
//! The contenders alternate operation by operation, so that what disturbs a shared machine disturbs both alike; the
//! figure is the median of the paired differences, with its 95 % interval.

use std::time::Duration;

mod contenders;
mod instructions;
mod pairs;
mod report;

use contenders::{Memcached, Redis};
use pairs::{Paired, paired, throughput};
use report::Row;

/// Pairs of operations in a run.
const PAIRS: usize = 20_000;
const RUNS: usize = 5;
pub(crate) const TASKS: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(job) = instructions::Job::from_arguments(&arguments) {
        return job.run().await;
    }
    let redis = Redis::start().await;
    let memcached = Memcached::start().await;
    let throughput_only = arguments.iter().any(|argument| argument == "--throughput");
    let mut rows = Vec::new();
    for run in 1..=RUNS {
        eprintln!("run {run} of {RUNS}");
        if !throughput_only {
            rows.push(Row::latency("redis get", run, 1.05, redis_get(redis).await));
            rows.push(Row::latency(
                "redis multi_get(100)",
                run,
                1.1,
                redis_multi_get(redis).await,
            ));
            rows.push(Row::latency(
                "memcached get",
                run,
                1.1,
                memcached_get(memcached).await,
            ));
        }
        rows.push(Row::throughput(
            "redis get, 64 tasks",
            run,
            0.95,
            redis_tasks(redis).await,
        ));
    }
    let counted = if throughput_only {
        Vec::new()
    } else {
        instructions::count(redis.port(), memcached.port())
    };
    let text = report::render(&rows, &counted);
    println!("{text}");
    if arguments.iter().any(|argument| argument == "--write") {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/wire.md");
        std::fs::write(path, text).expect("docs/ is there");
    }
}

async fn redis_get(redis: &'static Redis) -> Paired {
    paired(
        PAIRS,
        async || drop(redis.bare_get().await),
        async || drop(redis.cache_get().await),
    )
    .await
}

async fn redis_multi_get(redis: &'static Redis) -> Paired {
    // A tenth: each is a hundred values.
    paired(
        PAIRS / 10,
        async || drop(redis.bare_mget().await),
        async || drop(redis.cache_multi_get().await),
    )
    .await
}

async fn memcached_get(memcached: &'static Memcached) -> Paired {
    paired(
        PAIRS,
        async || drop(memcached.bare_get().await),
        async || drop(memcached.cache_get().await),
    )
    .await
}

async fn redis_tasks(redis: &'static Redis) -> (Duration, Duration) {
    throughput(
        TASKS,
        PAIRS / TASKS,
        move || async { drop(redis.bare_get().await) },
        move || async { drop(redis.cache_get().await) },
    )
    .await
}
