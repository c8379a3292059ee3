//! cargo run --example testing
//!
//! How the author of a service tests it: with the cache switched off, and with time that passes at once.
//! The functions under `main` would be `#[tokio::test]`s.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache::{SimpleMemoryCache, cached};

/// The service: it is given its cache, so a test can give it another.
struct Prices {
    cache: SimpleMemoryCache,
    lookups: AtomicU32,
}

impl Prices {
    fn new(cache: SimpleMemoryCache) -> Self {
        Self {
            cache,
            lookups: AtomicU32::new(0),
        }
    }

    #[cached(cache = self.cache, key = "price:{item}", ttl = 60)]
    async fn price(&self, item: &str) -> u32 {
        self.lookups.fetch_add(1, Ordering::Relaxed);
        u32::from(item.starts_with('g')) + 1
    }
}

/// `#[tokio::test(start_paused = true)]`: tokio's clock is the cache's clock.
async fn a_price_is_looked_up_once_a_minute() {
    let prices = Prices::new(SimpleMemoryCache::new());
    assert_eq!((prices.price("gold").await, prices.price("gold").await), (2, 2));
    assert_eq!(prices.lookups.load(Ordering::Relaxed), 1);
    tokio::time::advance(Duration::from_secs(61)).await;
    prices.price("gold").await;
    assert_eq!(prices.lookups.load(Ordering::Relaxed), 2);
}

/// A cache that is off is a plain call: this tests the function, whatever was called before. For all caches of the
/// process at once there are `AIOCACHE_DISABLE=1` and `aiocache::set_disabled(true)`.
async fn every_call_looks_a_price_up_with_the_cache_off() {
    let prices = Prices::new(SimpleMemoryCache::new().with_disabled(true));
    assert_eq!((prices.price("tin").await, prices.price("tin").await), (1, 1));
    assert_eq!(prices.lookups.load(Ordering::Relaxed), 2);
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    a_price_is_looked_up_once_a_minute().await;
    println!("a_price_is_looked_up_once_a_minute: ok");
    every_call_looks_a_price_up_with_the_cache_off().await;
    println!("every_call_looks_a_price_up_with_the_cache_off: ok");
}
