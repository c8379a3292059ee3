//! cargo run --example policies
//!
//! What a call does while its source is slow or fails: `grace`, `soft_timeout`, `refresh_ahead`, a fallback, a context.
#![allow(clippy::unused_async, reason = "a real source would be waited for")]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use aiocache::{LoadContext, SimpleMemoryCache, cached, observe};
use tokio::time::sleep;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

/// The source, as far as this example needs one.
static IS_DOWN: AtomicBool = AtomicBool::new(false);

/// Fresh for 100 ms; for an hour longer it stands in when the source fails.
#[cached(cache = CACHE, ttl = 0.1, grace = "1h", fallback = 0.0)]
async fn rate(currency: &str) -> Result<f64, String> {
    println!("  asking for {currency}");
    if IS_DOWN.load(Relaxed) {
        return Err("the source is down".to_owned());
    }
    Ok(1.08)
}

/// Nobody waits for a report that was there before: it is made anew in the background.
#[cached(cache = CACHE, ttl = 0.4, grace = "1h", soft_timeout = 0)]
async fn report(name: &str) -> Result<String, String> {
    println!("  making {name}");
    sleep(Duration::from_millis(50)).await;
    Ok(format!("report {name}"))
}

/// Asks with what it knows, and keeps that if nothing changed.
#[cached(cache = CACHE, ttl = 0.1, grace = "1h", context = load)]
async fn page(path: &str, load: LoadContext<String>) -> Result<String, String> {
    match load.not_modified() {
        Some(old) => {
            println!("  {path} is unchanged");
            Ok(old)
        }
        None => {
            println!("  getting {path}");
            Ok(format!("page {path}"))
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("{:?}", observe(rate("EUR")).await);
    IS_DOWN.store(true, Relaxed);
    sleep(Duration::from_millis(150)).await;
    println!("{:?}", observe(rate("EUR")).await);
    println!("{:?} without asking again", observe(rate("EUR")).await);
    println!("{:?}, the fallback", rate("USD").await);

    println!("{:?}", observe(report("a")).await);
    sleep(Duration::from_millis(450)).await;
    println!("{:?}", observe(report("a")).await);
    sleep(Duration::from_millis(80)).await;
    println!("{:?}", observe(report("a")).await);

    println!("{:?}", page("/").await);
    sleep(Duration::from_millis(150)).await;
    println!("{:?}", page("/").await);
}
