//! cargo run -p aiocache-example-metrics
//!
//! A service whose cache is measured: <http://127.0.0.1:9000/metrics> shows what Prometheus would read, and
//! docs/grafana.json is a dashboard of it. `PORT` chooses another port. It works for a database that answers in 20 ms
//! and sometimes does not, until it is stopped.

use std::error::Error;
use std::sync::LazyLock;
use std::time::Duration;

use aiocache::{Cache, MemoryBackend, Object, SimpleMemoryCache, cached};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

/// `name` is the label `cache` of every metric.
static USERS: LazyLock<SimpleMemoryCache> = LazyLock::new(|| {
    let store = MemoryBackend::<Object>::builder().max_entries(500).build();
    Cache::builder(store)
        .name("users")
        .ttl(Duration::from_secs(10))
        .metrics()
        .build()
});

#[cached(cache = USERS, key = "user:{id}")]
async fn load_user(id: u64) -> Result<String, String> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    if id.is_multiple_of(97) {
        return Err(format!("no user {id}"));
    }
    Ok(format!("user {id}"))
}

/// From a hit in memory to a load that nearly times out.
const SECONDS: [f64; 8] = [1e-6, 1e-5, 1e-4, 1e-3, 5e-3, 25e-3, 0.1, 1.0];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = std::env::var("PORT").map_or(Ok(9000), |port| port.parse())?;
    PrometheusBuilder::new()
        .with_http_listener(([127, 0, 0, 1], port))
        .set_buckets_for_metric(Matcher::Suffix("_duration_seconds".to_owned()), &SECONDS)?
        .install()?; // before the first command of a cache
    println!("http://127.0.0.1:{port}/metrics");

    let work = tokio::spawn(async {
        for n in 0_u64.. {
            // Most calls are for few users, as everywhere.
            let id = if n.is_multiple_of(4) { n % 1_000 } else { n % 50 };
            let _user = load_user(id).await;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    tokio::signal::ctrl_c().await?;
    work.abort();
    println!("{}", USERS.stats());
    Ok(())
}
