//! Where the cache, the namespace and the ttl come from: statics, arguments, fields, expressions.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use aiocache_core::SimpleMemoryCache;
use aiocache_macros::cached;

#[derive(Clone)]
struct App {
    cache: SimpleMemoryCache,
}

struct State<T>(T);

#[tokio::test]
async fn an_argument_by_value_is_the_cache_and_still_reaches_the_body() {
    #[cached(cache = cache, skip(cache))]
    async fn load(cache: SimpleMemoryCache, id: u32) -> Option<u32> {
        drop(cache);
        Some(id)
    }

    let cache = SimpleMemoryCache::new();
    assert_eq!(load(cache.clone(), 1).await, Some(1));
    assert_eq!(load::peek(&cache, &1).await.unwrap(), Some(Some(1)));
    assert!(load::invalidate(&cache, &1).await.unwrap());
    assert_eq!(load::peek(&cache, &1).await.unwrap(), None);
}

#[tokio::test]
async fn a_field_of_a_borrowed_argument_is_the_cache() {
    #[cached(cache = app.cache, skip(app))]
    async fn load(app: &App, id: u32) -> Option<u32> {
        let _: &App = app;
        Some(id)
    }

    let app = App {
        cache: SimpleMemoryCache::new(),
    };
    assert_eq!(load(&app, 1).await, Some(1));
    load::set(&app, &2, 20).await.unwrap();
    assert_eq!(load(&app, 2).await, Some(20));
}

#[tokio::test]
async fn what_a_pattern_binds_is_the_cache() {
    #[cached(cache = state.cache, skip(state))]
    async fn handler(State(state): State<App>, State(mut id): State<u32>) -> Option<u32> {
        id += 1;
        drop(state);
        Some(id)
    }

    let app = App {
        cache: SimpleMemoryCache::new(),
    };
    assert_eq!(handler(State(app.clone()), State(1)).await, Some(2));
    assert_eq!(
        handler::peek(&State(app), &State(1)).await.unwrap(),
        Some(Some(2))
    );
}

impl serde::Serialize for State<u32> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.0)
    }
}

#[tokio::test]
async fn anything_that_derefs_or_computes_a_cache_will_do() {
    static LAZY: LazyLock<Arc<SimpleMemoryCache>> = LazyLock::new(|| Arc::new(SimpleMemoryCache::new()));
    static ONCE: OnceLock<SimpleMemoryCache> = OnceLock::new();

    fn shared() -> &'static SimpleMemoryCache {
        ONCE.get_or_init(SimpleMemoryCache::new)
    }

    #[cached(cache = LAZY)]
    async fn lazy(id: u32) -> Option<u32> {
        Some(id)
    }
    #[cached(cache = shared())]
    async fn once(id: u32) -> Option<u32> {
        Some(id)
    }
    #[cached(cache = shared().with_namespace("derived"), key = "{id}")]
    async fn derived(id: u32) -> Option<u32> {
        Some(id)
    }

    assert_eq!(
        (lazy(1).await, once(1).await, derived(1).await),
        (Some(1), Some(1), Some(1))
    );
    assert_eq!(derived::key(&1), "derived:1");
}

#[tokio::test(start_paused = true)]
async fn namespace_and_ttl_are_computed_from_arguments() {
    static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

    #[cached(cache = CACHE, namespace = tenant, key = "{id}", ttl = Duration::from_secs(seconds))]
    async fn load(tenant: String, id: u32, seconds: u64) -> Option<String> {
        Some(format!("{tenant}{id}"))
    }

    let key = load::key(&"acme".to_owned(), &1);
    assert_eq!(key, "acme:1");
    assert_eq!(load("acme".to_owned(), 1, 10).await.as_deref(), Some("acme1"));
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(load::peek(&"acme".to_owned(), &1).await.unwrap(), None);
    load::set(&"acme".to_owned(), &1, &100, "set".to_owned())
        .await
        .unwrap();
    tokio::time::advance(Duration::from_secs(99)).await;
    assert_eq!(load("acme".to_owned(), 1, 10).await.as_deref(), Some("set"));
}

#[tokio::test(start_paused = true)]
async fn each_way_to_write_a_ttl_means_what_it_says() {
    static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

    #[cached(cache = CACHE, ttl = 2)]
    async fn whole() -> Option<u8> {
        Some(1)
    }
    #[cached(cache = CACHE, ttl = 1.5)]
    async fn float() -> Option<u8> {
        Some(1)
    }
    #[cached(cache = CACHE, ttl = "1s 500ms")]
    async fn units() -> Option<u8> {
        Some(1)
    }
    #[cached(cache = CACHE, ttl = "never")]
    async fn never() -> Option<u8> {
        Some(1)
    }

    let _ = (whole().await, float().await, units().await, never().await);
    tokio::time::advance(Duration::from_millis(1499)).await;
    assert_eq!(float::peek().await.unwrap(), Some(Some(1)));
    assert_eq!(units::peek().await.unwrap(), Some(Some(1)));
    tokio::time::advance(Duration::from_millis(2)).await;
    assert_eq!(
        (float::peek().await.unwrap(), units::peek().await.unwrap()),
        (None, None)
    );
    assert_eq!(whole::peek().await.unwrap(), Some(Some(1)));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(whole::peek().await.unwrap(), None);
    tokio::time::advance(Duration::from_secs(1_000_000)).await;
    assert_eq!(never::peek().await.unwrap(), Some(Some(1)));
}
