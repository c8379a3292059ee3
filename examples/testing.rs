//! cargo run --example testing
//!
//! How the author of a service tests it: which calls load, what its cache asks of the store, time that passes at once, a
//! store that fails, and the cache switched off. The functions under `main` would be `#[tokio::test]`s.

use std::time::Duration;

use aiocache::testing::{
    Chaos, Intercepted, Recorder, assert_absent, assert_hit, assert_loaded, assert_there, pass, paused,
};
use aiocache::{Backend, Cache, MemoryBackend, NullSerializer, Object, SimpleMemoryCache, bypass, cached};

/// The service. It is given its cache, so a test can give it another.
struct Prices<B: Backend = MemoryBackend> {
    cache: Cache<B, NullSerializer>,
}

impl<B: Backend<Raw = Object>> Prices<B> {
    #[cached(cache = self.cache, key = "price:{item}", ttl = 60)]
    async fn price(&self, item: &str) -> Result<u32, String> {
        let letters = item.len().try_into();
        letters.map_err(|_| format!("{item} has no price"))
    }
}

/// The clock of tokio is the cache's clock: `paused`, or `#[tokio::test(start_paused = true)]`.
async fn a_price_is_looked_up_once_a_minute() {
    let prices = Prices {
        cache: SimpleMemoryCache::new(),
    };
    assert_eq!(assert_loaded(prices.price("gold")).await, Ok(4));
    assert_eq!(assert_hit(prices.price("gold")).await, Ok(4));
    assert_there(&prices.cache, "price:gold").await;
    pass(Duration::from_secs(60)).await;
    assert_absent(&prices.cache, "price:gold").await;
    assert_eq!(assert_loaded(prices.price("gold")).await, Ok(4));
}

/// What the store is asked, in order.
async fn a_hit_is_one_read() {
    let recorder = Recorder::new();
    let store = Intercepted::new(MemoryBackend::<Object>::new(), recorder.clone());
    let prices = Prices {
        cache: Cache::builder(store).build(),
    };
    prices.price("tin").await.expect("a price");
    assert_eq!(recorder.calls()[0].keys, ["price:tin"]);
    recorder.forget();
    prices.price("tin").await.expect("a price");
    assert_eq!(recorder.methods(), ["read"]);
}

/// A store that fails costs loads, never a call. The same seed fails the same calls.
async fn a_price_is_there_whatever_the_store_does() {
    let chaos = Chaos::seeded(1).failing(0.3).forgetting(0.1).losing_answers(0.1);
    let store = Intercepted::new(MemoryBackend::<Object>::new(), chaos.clone());
    let prices = Prices {
        cache: Cache::builder(store.remote()).build(),
    };
    for _ in 0..100 {
        assert_eq!(prices.price("iron").await, Ok(4));
    }
    assert!(chaos.struck() > 0);
    chaos.set_down(true);
    assert_eq!(assert_loaded(prices.price("iron")).await, Ok(4));
}

/// Without the cache, which tests the function itself: for one handle, one task, or (not here, other tests run beside
/// this one) the whole process, by `AIOCACHE_DISABLE=1` or `aiocache::set_disabled(true)`.
async fn every_call_is_looked_up_without_the_cache() {
    let prices = Prices {
        cache: SimpleMemoryCache::new().with_disabled(true),
    };
    prices.price("zinc").await.expect("a price");
    prices.price("zinc").await.expect("a price");
    assert_eq!(prices.cache.stats().misses, 0, "it is not even asked");

    let prices = Prices {
        cache: SimpleMemoryCache::new(),
    };
    bypass(prices.price("zinc")).await.expect("a price");
    assert_absent(&prices.cache, "price:zinc").await;
}

fn main() {
    paused(async {
        a_price_is_looked_up_once_a_minute().await;
        println!("a_price_is_looked_up_once_a_minute: ok");
        a_hit_is_one_read().await;
        println!("a_hit_is_one_read: ok");
        a_price_is_there_whatever_the_store_does().await;
        println!("a_price_is_there_whatever_the_store_does: ok");
        every_call_is_looked_up_without_the_cache().await;
        println!("every_call_is_looked_up_without_the_cache: ok");
    });
}
