//! cargo run --example stampede
//!
//! A hundred callers want the same value at once: how often it is made. With `REDIS_URL` set, also where half of them are
//! a second client of the store.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use aiocache::{AnyCache, cached, cached_stampede, connect};
use tokio::task::JoinSet;

static RUNS: AtomicU32 = AtomicU32::new(0);

async fn make_report(year: u16) -> String {
    RUNS.fetch_add(1, Relaxed);
    tokio::time::sleep(Duration::from_millis(200)).await;
    format!("the report of {year}")
}

/// One run at a time in a process; those who come meanwhile wait for its value.
#[cached(cache = cache, key = "report:{year}", ttl = 60)]
async fn report(cache: &AnyCache, year: u16) -> String {
    make_report(year).await
}

/// One run at a time among all processes that use the store: its lock is taken for the load, and renewed.
#[cached_stampede(cache = cache, key = "guarded:{year}", ttl = 60, lease = 2)]
async fn guarded_report(cache: &AnyCache, year: u16) -> String {
    make_report(year).await
}

/// Runs a hundred calls at once, and says how often the report was made.
async fn crowd<F>(what: &str, call: impl Fn(usize) -> F)
where
    F: Future<Output = String> + Send + 'static,
{
    RUNS.store(0, Relaxed);
    let calls: JoinSet<String> = (0..100).map(call).collect();
    let reports = calls.join_all().await;
    assert!(reports.iter().all(|report| report == "the report of 2026"));
    println!("{what}: {} callers, runs: {}", reports.len(), RUNS.load(Relaxed));
}

#[tokio::main]
async fn main() -> aiocache::Result<()> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "memory://".to_owned());
    // Two clients in this process, with nothing between them but the store, as between two processes.
    let one = connect(&url)?.with_namespace("stampede");
    let two = connect(&url)?.with_namespace("stampede");
    one.clear().await?;
    two.ping().await?;
    let of_both = [one.clone(), two];

    crowd("without a cache", |_| make_report(2026)).await;
    crowd("#[cached]", |_| {
        let cache = one.clone();
        async move { report(&cache, 2026).await }
    })
    .await;
    if url == "memory://" {
        println!("Set REDIS_URL to see two clients of one store.");
        return Ok(());
    }

    one.clear().await?;
    crowd("#[cached], two clients", |n| {
        let cache = of_both[n % 2].clone();
        async move { report(&cache, 2026).await }
    })
    .await;
    crowd("#[cached_stampede], two clients", |n| {
        let cache = of_both[n % 2].clone();
        async move { guarded_report(&cache, 2026).await }
    })
    .await;
    one.clear().await
}
