//! A cache's numbers are those of what was done with it, and print as a table.

use std::time::Duration;

use aiocache_core::{
    Backend, Bytes, Cache, DynBackend, MemoryBackend, Object, Policy, SimpleMemoryCache, Ttl, scope,
};

async fn load(cache: &SimpleMemoryCache, key: &str, loaded: Result<u32, String>) -> Result<u32, String> {
    let load = || async move {
        tokio::task::yield_now().await;
        loaded
    };
    cache.get_or_load(key, &Policy::new(), load).await
}

#[tokio::test]
async fn reads_and_loads_are_counted_once_each() {
    let cache = SimpleMemoryCache::new();
    load(&cache, "a", Ok(1)).await.unwrap();
    load(&cache, "a", Ok(1)).await.unwrap();
    load(&cache, "b", Err("no".to_owned())).await.unwrap_err();
    cache.multi_get::<u32>(["a", "b", "c"]).await.unwrap();
    let (one, other) = tokio::join!(load(&cache, "d", Ok(4)), load(&cache, "d", Ok(4)));
    assert_eq!((one, other), (Ok(4), Ok(4)));
    scope().read(false).run(load(&cache, "a", Ok(2))).await.unwrap();

    let stats = cache.with_namespace("another").stats();
    assert_eq!((&*stats.cache, stats.backend), ("memory", "memory"));
    assert_eq!((stats.hits, stats.misses), (2, 6));
    let loads = (
        stats.loads,
        stats.loads_failed,
        stats.loads_shared,
        stats.refreshed,
    );
    assert_eq!(loads, (4, 1, 1, 1));
    assert_eq!((stats.loads_dropped, stats.loads_under_way), (0, 0));
    assert!((stats.hit_ratio() - 0.25).abs() < 1e-9);
}

#[tokio::test]
async fn listeners_change_no_count() {
    let (plain, heard) = (SimpleMemoryCache::new(), SimpleMemoryCache::new());
    let _events = heard.events();
    for cache in [&plain, &heard] {
        load(cache, "a", Ok(1)).await.unwrap();
        load(cache, "a", Ok(1)).await.unwrap();
        cache.get::<u32>("b").await.unwrap();
        cache.exists("a").await.unwrap();
        cache.delete("a").await.unwrap();
    }
    assert_eq!(plain.stats(), heard.stats());
    assert_eq!((plain.stats().hits, plain.stats().misses), (1, 2));
}

#[tokio::test]
async fn a_load_that_is_dropped_is_counted_and_no_longer_under_way() {
    let cache = SimpleMemoryCache::new();
    let policy = Policy::new();
    {
        let endless = cache.get_or_load("k", &policy, std::future::pending::<Result<u32, String>>);
        let polled = tokio::time::timeout(Duration::from_millis(1), endless).await;
        assert!(polled.is_err());
    }
    let stats = cache.stats();
    assert_eq!(
        (stats.loads, stats.loads_dropped, stats.loads_under_way),
        (0, 1, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_in_memory_tells_what_it_holds_and_gave_up() {
    let store = MemoryBackend::<Object>::builder().max_entries(2).build();
    let cache = Cache::builder(store).name("small").build();
    let brief = cache.with_ttl(Ttl::seconds(1));
    brief.set("brief", &1).await.unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    for key in ["brief", "a", "b"] {
        cache.set(key, &1).await.unwrap();
    }
    let store = cache.stats().store;
    assert_eq!((store.entries, store.weight), (Some(2), Some(2)));
    assert_eq!((store.evictions, store.expirations), (Some(1), Some(1)));
    assert_eq!(store.connections, None);
}

#[tokio::test]
async fn a_store_chosen_at_run_time_tells_the_same() {
    let store = DynBackend::new(MemoryBackend::<Bytes>::new());
    store.write("k", Bytes::from_static(b"v"), None).await.unwrap();
    assert_eq!(store.stats().entries, Some(1));
}

#[tokio::test]
async fn the_table_has_a_line_for_each_number_that_is_known() {
    let cache = Cache::builder(MemoryBackend::<Object>::new())
        .name("users")
        .build();
    cache.set("a", &1).await.unwrap();
    for key in ["a", "a", "a", "b"] {
        cache.get::<i32>(key).await.unwrap();
    }
    let expected = "\
users (memory)
  hits                       3
  misses                     1
  stale                      0
  loads                      0
    failed                   0
    dropped                  0
    shared                   0
    under way                0
  refreshed                  0
  entries                    1
  weight                     1
  evictions                  0
  expirations                0
  hit ratio             75.0 %";
    assert_eq!(cache.stats().to_string(), expected);
}
