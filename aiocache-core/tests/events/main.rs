//! What happens in a cache is told: to plugins and to streams, once each, and without holding the cache up.

mod streams;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiocache_core::{
    Cache, Event, EventKind, EventStream, EvictionReason, MemoryBackend, Object, Plugin, Policy,
    SimpleMemoryCache, Ttl, scope,
};

/// Writes down what it hears.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<Vec<(String, Option<String>)>>>);

impl Plugin for Ear {
    fn event(&self, event: &Event<'_>) {
        let heard = (event.kind.as_str().to_owned(), event.key().map(str::to_owned));
        self.0.lock().expect("nothing panics with it").push(heard);
    }
}

impl Ear {
    fn heard(&self) -> Vec<String> {
        let heard = std::mem::take(&mut *self.0.lock().expect("nothing panics with it"));
        heard.into_iter().map(|(kind, _)| kind).collect()
    }
}

/// The kinds of all events that have come.
fn kinds(stream: &mut EventStream) -> Vec<EventKind> {
    std::iter::from_fn(|| stream.next_now())
        .map(|event| event.kind)
        .collect()
}

fn names(stream: &mut EventStream) -> Vec<&'static str> {
    kinds(stream).into_iter().map(EventKind::as_str).collect()
}

async fn load(cache: &SimpleMemoryCache, key: &str) -> Result<u32, String> {
    cache.get_or_load(key, &Policy::new(), || async { Ok(1) }).await
}

#[tokio::test]
async fn a_miss_its_load_and_the_hit_after_it_are_told_in_order() {
    let cache = SimpleMemoryCache::new().with_namespace("n");
    let mut events = cache.events();
    load(&cache, "k").await.unwrap();
    load(&cache, "k").await.unwrap();
    let mut told = Vec::new();
    while let Some(event) = events.next_now() {
        assert_eq!((&*event.cache, &*event.namespace), ("memory", "n"));
        assert_eq!((event.key(), event.items), (Some("n:k"), 1));
        told.push(event.kind.as_str());
    }
    assert_eq!(told, ["miss", "load_started", "load_finished", "hit"]);
}

#[tokio::test]
async fn commands_tell_hits_and_misses_too() {
    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    cache.set("a", &1).await.unwrap();
    cache.get::<i32>("a").await.unwrap();
    cache.get::<i32>("b").await.unwrap();
    cache.multi_get::<i32>(["a", "b", "c"]).await.unwrap();
    let told: Vec<_> = std::iter::from_fn(|| events.next_now())
        .map(|event| (event.kind, event.items))
        .collect();
    let expected = [
        (EventKind::Hit, 1),
        (EventKind::Miss, 1),
        (EventKind::Hit, 1),
        (EventKind::Miss, 2),
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_fails_or_is_dropped_is_told_with_its_time() {
    const SECOND: Duration = Duration::from_secs(1);
    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    let policy = Policy::new();
    let failing = cache.get_or_load("k", &policy, || async {
        tokio::time::sleep(SECOND).await;
        Err::<u32, _>("no")
    });
    failing.await.expect_err("the function's own");
    let endless = cache.get_or_load("k", &policy, std::future::pending::<Result<u32, String>>);
    tokio::time::timeout(2 * SECOND, endless)
        .await
        .expect_err("it takes too long");
    let expected = [
        EventKind::Miss,
        EventKind::LoadStarted,
        EventKind::LoadFailed { took: SECOND },
        EventKind::Miss,
        EventKind::LoadStarted,
        EventKind::LoadDropped { took: 2 * SECOND },
    ];
    assert_eq!(kinds(&mut events), expected);
}

#[tokio::test]
async fn who_waits_for_anothers_load_is_told_to_share_it() {
    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    let policy = Policy::new();
    let call = || {
        cache.get_or_load("k", &policy, || async {
            tokio::task::yield_now().await;
            Ok::<_, String>(1)
        })
    };
    let (a, b, c) = tokio::join!(call(), call(), call());
    assert_eq!((a, b, c), (Ok(1), Ok(1), Ok(1)));
    let names = names(&mut events);
    let count = |name| names.iter().filter(|told| **told == name).count();
    let counts = ["miss", "load_started", "load_finished", "load_shared"].map(count);
    assert_eq!(counts, [3, 1, 1, 2], "{names:?}");
}

#[tokio::test]
async fn a_call_of_several_keys_tells_how_many() {
    let cache = SimpleMemoryCache::new();
    cache.set("a", &1_u32).await.unwrap();
    let mut events = cache.events();
    let load = |missing: Vec<&'static str>| async move {
        Ok::<_, String>(missing.into_iter().map(|key| (key, 2)).collect())
    };
    let all: Result<BTreeMap<&str, u32>, String> = cache
        .multi_get_or_load(["a", "b", "c"], &Policy::new(), load)
        .await;
    assert_eq!(all.unwrap().len(), 3);
    let told: Vec<_> = std::iter::from_fn(|| events.next_now())
        .map(|event| (event.kind.as_str(), event.items, event.key().is_some()))
        .collect();
    let expected = [
        ("hit", 1, false),
        ("miss", 2, false),
        ("load_started", 2, false),
        ("load_finished", 2, false),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_refresh_is_told_when_the_new_value_is_there() {
    let cache = SimpleMemoryCache::new();
    load(&cache, "k").await.unwrap();
    let mut events = cache.events();
    scope().read(false).run(load(&cache, "k")).await.unwrap();
    assert_eq!(names(&mut events), ["load_started", "load_finished", "refreshed"]);
}

#[tokio::test(start_paused = true)]
async fn an_old_value_that_stands_in_for_a_failed_load_is_stale() {
    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    let policy = Policy::new().ttl(Ttl::seconds(10)).grace(Duration::from_secs(60));
    let call = |loaded: Result<u32, String>| cache.get_or_load("k", &policy, || async { loaded });
    call(Ok(1)).await.unwrap();
    tokio::time::advance(Duration::from_secs(11)).await;
    assert_eq!(call(Err("no".to_owned())).await, Ok(1));
    let expected = [
        "miss",
        "load_started",
        "load_finished",
        "miss",
        "load_started",
        "load_failed",
        "stale",
    ];
    assert_eq!(names(&mut events), expected);
    assert_eq!(cache.stats().stale, 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_ahead_is_told_after_the_hit_that_began_it() {
    let cache = SimpleMemoryCache::new();
    let mut events = cache.events();
    let policy = Policy::new().ttl(Ttl::seconds(10)).refresh_ahead(0.5);
    let call = || cache.get_or_load("k", &policy, || async { Ok::<_, String>(1_u32) });
    call().await.unwrap();
    tokio::time::advance(Duration::from_secs(6)).await;
    call().await.unwrap();
    cache
        .close()
        .await
        .expect("it waits for what runs in the background");
    let expected = [
        "miss",
        "load_started",
        "load_finished",
        "hit",
        "load_started",
        "load_finished",
        "refreshed",
    ];
    assert_eq!(names(&mut events), expected);
}

#[tokio::test(start_paused = true)]
async fn an_eviction_is_told_with_its_reason() {
    let store = MemoryBackend::<Object>::builder().max_weight(10, |_, raw| raw.get::<u32>().unwrap_or(1));
    let cache = Cache::builder(store.build()).build();
    let mut events = cache.events();
    let mut evicted = move || -> Vec<(String, EvictionReason)> {
        std::iter::from_fn(|| events.next_now())
            .filter_map(|event| match event.kind {
                EventKind::Evicted { reason } => Some((event.key().unwrap_or_default().to_owned(), reason)),
                _ => None,
            })
            .collect()
    };
    cache.set("first", &6_u32).await.unwrap();
    cache.set("second", &6_u32).await.unwrap();
    assert_eq!(evicted(), [("first".to_owned(), EvictionReason::Capacity)]);
    cache.set("giant", &11_u32).await.unwrap();
    assert_eq!(evicted(), [("giant".to_owned(), EvictionReason::TooHeavy)]);

    cache
        .with_ttl(Ttl::seconds(1))
        .set("brief", &1_u32)
        .await
        .unwrap();
    tokio::time::advance(Duration::from_secs(2)).await;
    cache.set("brief", &1_u32).await.unwrap();
    assert_eq!(evicted(), [("brief".to_owned(), EvictionReason::Expired)]);

    cache.set("brief", &2_u32).await.unwrap();
    cache.delete("brief").await.unwrap();
    assert_eq!(evicted(), [], "what a command replaces or deletes is no eviction");
}

#[tokio::test]
async fn a_plugin_hears_its_handle_and_one_of_the_builder_the_store_too() {
    let (of_builder, of_handle) = (Ear::default(), Ear::default());
    let store = MemoryBackend::<Object>::builder().max_entries(1).build();
    let cache = Cache::builder(store).plugin(of_builder.clone()).build();
    let derived = cache.with_plugin(of_handle.clone());
    derived.set("a", &1).await.unwrap();
    derived.get::<i32>("a").await.unwrap();
    cache.get::<i32>("a").await.unwrap();
    derived.set("b", &1).await.unwrap();
    assert_eq!(of_builder.heard(), ["hit", "hit", "evicted"]);
    assert_eq!(of_handle.heard(), ["hit"]);
}

#[tokio::test]
async fn a_panic_in_the_hook_reaches_neither_the_call_nor_other_listeners() {
    struct Panics;

    impl Plugin for Panics {
        fn event(&self, event: &Event<'_>) {
            panic!("{event:?}");
        }
    }

    let ear = Ear::default();
    let cache = SimpleMemoryCache::new()
        .with_plugin(Panics)
        .with_plugin(ear.clone());
    load(&cache, "k").await.unwrap();
    assert_eq!(ear.heard(), ["miss", "load_started", "load_finished"]);
    let stats = cache.stats();
    assert_eq!(stats.plugin_panics, 3);
    assert!(
        stats.to_string().contains("\n  plugin panics              3\n"),
        "{stats}"
    );
}
