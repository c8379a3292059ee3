//! What is repeated and when, and what is served until then.

use aiocache_core::testing::Intercepted;
use aiocache_core::{
    Cache, ErrorKind, JsonSerializer, MemoryBackend, OptimisticLock, Policy, RecoverySettings, Remaining, Ttl,
};
use tokio::time::sleep;

use crate::failing::{DOWN, FULL, LATER, SECOND, Store, Tested, UP, cache, failed, holds, with};

#[tokio::test(start_paused = true)]
async fn a_failed_write_and_a_failed_delete_are_repeated_when_the_store_answers() {
    let (cache, store) = cache();
    cache.set("b", &1).await.unwrap();
    store.set(DOWN);
    assert_eq!(failed(cache.set("a", &1).await), ErrorKind::Unavailable);
    assert_eq!(failed(cache.delete("b").await), ErrorKind::Unavailable);
    assert_eq!(
        failed(cache.multi_set([("c", &3), ("d", &4)]).await),
        ErrorKind::Unavailable
    );
    assert_eq!(cache.stats().writes_queued, 4);
    sleep(LATER).await;
    assert_eq!(cache.stats().writes_queued, 4, "the store is still away");
    store.set(UP);
    sleep(LATER).await;
    for (key, value) in [("a", Some(1)), ("b", None), ("c", Some(3)), ("d", Some(4))] {
        assert_eq!(holds(&cache, key).await, value, "{key}");
    }
    let stats = cache.stats();
    assert_eq!(
        (stats.writes_queued, stats.writes_replayed, stats.writes_lost),
        (0, 4, 0)
    );
    assert!(stats.to_string().contains("replayed"), "{stats}");
}

#[tokio::test(start_paused = true)]
async fn without_it_nothing_is_repeated() {
    let store = Store::default();
    let backend = Intercepted::new(MemoryBackend::new(), store.clone()).remote();
    let cache: Tested = Cache::builder(backend).serializer(JsonSerializer).build();
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    store.set(UP);
    sleep(LATER).await;
    assert_eq!(store.calls(), ["write a"]);
    assert_eq!(cache.stats().writes_queued, 0);
}

#[tokio::test(start_paused = true)]
async fn of_one_key_only_the_last_command_is_repeated() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    failed(cache.delete("a").await);
    failed(cache.set("a", &2).await);
    failed(cache.set("b", &1).await);
    failed(cache.multi_delete(["b", "c"]).await);
    assert_eq!(cache.stats().writes_queued, 3);
    store.calls();
    store.set(UP);
    sleep(LATER).await;
    assert_eq!(store.calls(), ["write a", "delete b", "delete c"], "oldest first");
    assert_eq!(
        (holds(&cache, "a").await, holds(&cache, "b").await),
        (Some(2), None)
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_that_succeeds_takes_out_what_waits() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    failed(cache.set("b", &1).await);
    store.calls();
    store.set(UP);
    cache.set("a", &2).await.unwrap();
    cache.delete("b").await.unwrap();
    assert_eq!(cache.stats().writes_queued, 0);
    sleep(LATER).await;
    assert_eq!(store.calls(), ["write a", "delete b"], "nothing is repeated");
    assert_eq!(
        (holds(&cache, "a").await, holds(&cache, "b").await),
        (Some(2), None)
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_anything_brings_the_next_try_forward() {
    let (cache, store) = with(RecoverySettings::new().longest_pause(SECOND * 3600));
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    sleep(SECOND * 3600).await;
    store.set(UP);
    assert_eq!(cache.get::<u32>("other").await.unwrap(), None);
    sleep(SECOND).await;
    assert_eq!(holds(&cache, "a").await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_closed_by_the_tries_of_the_queue_alone() {
    let store = Store::default();
    let backend = Intercepted::new(MemoryBackend::new(), store.clone()).remote();
    let builder = Cache::builder(backend).serializer(JsonSerializer);
    let cache: Tested = builder.recover(RecoverySettings::new()).build();
    store.set(DOWN);
    for key in 0..10 {
        failed(cache.set(key.to_string(), &key).await);
    }
    sleep(SECOND * 60).await;
    store.set(UP);
    sleep(LATER).await;
    for key in 0..10 {
        assert_eq!(holds(&cache, &key.to_string()).await, Some(key));
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_is_written_for_the_rest_of_its_ttl_and_deleted_after_that() {
    let (cache, store) = cache();
    cache.set("short", &1).await.unwrap();
    store.set(DOWN);
    failed(cache.with_ttl(Ttl::seconds(100)).set("long", &2).await);
    failed(cache.with_ttl(Ttl::seconds(1)).set("short", &2).await);
    sleep(SECOND * 40).await;
    store.set(UP);
    sleep(LATER).await;
    let Remaining::For(left) = cache.ttl("long").await.unwrap() else {
        panic!("it has a ttl");
    };
    assert!((SECOND * 39..=SECOND * 60).contains(&left), "{left:?}");
    assert_eq!(
        holds(&cache, "short").await,
        None,
        "1 is older than what has expired"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_that_waits_is_brought_up_before_it_is_read_or_depended_on() {
    let (cache, store) = with(RecoverySettings::new().pause(SECOND * 3600));
    for key in [
        "get", "exists", "ttl", "one", "two", "add", "count", "expire", "cas",
    ] {
        cache.set(key, &1).await.unwrap();
    }
    store.set(DOWN);
    for key in ["get", "exists", "ttl", "one", "two", "add"] {
        failed(cache.delete(key).await);
    }
    for key in ["count", "expire", "cas"] {
        failed(cache.set(key, &5).await);
    }
    assert_eq!(failed(cache.get::<u32>("get").await), ErrorKind::Unavailable);
    store.set(UP);
    assert_eq!(cache.get::<u32>("get").await.unwrap(), None);
    assert!(!cache.exists("exists").await.unwrap());
    assert_eq!(cache.ttl("ttl").await.unwrap(), Remaining::Missing);
    assert_eq!(
        cache.multi_get::<u32>(["one", "two"]).await.unwrap(),
        [None, None]
    );
    cache.add("add", &7).await.unwrap();
    assert_eq!(cache.increment("count", 1).await.unwrap(), 6);
    assert!(cache.expire("expire", SECOND).await.unwrap());
    assert_eq!(holds(&cache, "expire").await, Some(5));
    let lock = OptimisticLock::new(&cache, "cas");
    let (value, snapshot) = lock.read::<u32>().await.unwrap();
    assert_eq!(value, Some(5));
    snapshot.cas(&6).await.unwrap();
    assert_eq!(cache.stats().writes_queued, 0);
    assert_eq!(cache.stats().writes_replayed, 9);
}

#[tokio::test(start_paused = true)]
async fn a_cached_function_runs_rather_than_give_what_a_failed_command_was_to_replace() {
    let (cache, store) = with(RecoverySettings::new().pause(SECOND * 3600));
    let ask = async |key, loaded| {
        let load = || async move { Ok::<u32, String>(loaded) };
        cache.get_or_load(key, &Policy::new(), load).await
    };
    assert_eq!(ask("a", 1).await, Ok(1));
    assert_eq!(ask("b", 1).await, Ok(1));
    store.set(DOWN);
    failed(cache.delete("a").await);
    failed(cache.set("b", &2).await);
    assert_eq!((ask("a", 3).await, ask("b", 3).await), (Ok(3), Ok(3)));
    store.set(UP);
    assert_eq!((ask("a", 4).await, ask("b", 4).await), (Ok(4), Ok(2)));
    assert_eq!((ask("a", 5).await, ask("b", 5).await), (Ok(4), Ok(2)));
}

#[tokio::test(start_paused = true)]
async fn what_a_refresh_could_not_store_is_repeated_too() {
    let (cache, store) = cache();
    cache.set("a", &1).await.unwrap();
    store.set(DOWN);
    let load = || async { Ok::<u32, String>(2) };
    let policy = Policy::new();
    let refreshed = aiocache_core::scope()
        .read(false)
        .run(cache.get_or_load("a", &policy, load));
    assert_eq!(refreshed.await, Ok(2));
    store.set(UP);
    sleep(LATER).await;
    assert_eq!(holds(&cache, "a").await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_done_twice_is_not_repeated() {
    let (cache, store) = cache();
    cache.set("n", &1).await.unwrap();
    let snapshot = OptimisticLock::new(&cache, "n").acquire().await.unwrap();
    store.set(DOWN);
    failed(cache.increment("n", 1).await);
    failed(cache.add("a", &1).await);
    failed(cache.expire("n", SECOND).await);
    failed(snapshot.cas(&3).await);
    failed(cache.raw(&[b"PING"]).await);
    assert_eq!(cache.stats().writes_queued, 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_store_refuses_is_not_repeated_and_leaves_what_waits() {
    let (cache, store) = cache();
    cache.set("a", &1).await.unwrap();
    store.set(DOWN);
    failed(cache.set("a", &2).await);
    store.set(FULL);
    assert_eq!(failed(cache.set("b", &1).await), ErrorKind::Server);
    assert_eq!(failed(cache.set("a", &3).await), ErrorKind::Server);
    assert_eq!(cache.stats().writes_queued, 1, "2 still waits");
    // The store does not take it in the end: the key goes, for 1 is older.
    sleep(LATER).await;
    assert_eq!(holds(&cache, "a").await, None);
    assert_eq!(cache.stats().writes_queued, 0);
}

#[tokio::test(start_paused = true)]
async fn the_oldest_is_dropped_where_there_are_too_many_and_counted() {
    let (cache, store) = with(RecoverySettings::new().capacity(2));
    store.set(DOWN);
    for key in ["a", "b", "c", "b"] {
        failed(cache.set(key, &1).await);
    }
    store.set(UP);
    sleep(LATER).await;
    let stats = cache.stats();
    assert_eq!((stats.writes_replayed, stats.writes_lost), (2, 1));
    assert_eq!(holds(&cache, "a").await, None);
    assert_eq!(
        (holds(&cache, "b").await, holds(&cache, "c").await),
        (Some(1), Some(1))
    );
}

#[tokio::test(start_paused = true)]
async fn a_value_without_room_is_deleted() {
    let (cache, store) = with(RecoverySettings::new().max_bytes(4));
    for key in ["a", "b"] {
        cache.set(key, &1).await.unwrap();
    }
    store.set(DOWN);
    failed(cache.set("a", &111).await);
    failed(cache.set("b", &22).await);
    failed(cache.set("c", &3).await);
    store.set(UP);
    sleep(LATER).await;
    let held = [
        holds(&cache, "a").await,
        holds(&cache, "b").await,
        holds(&cache, "c").await,
    ];
    assert_eq!(held, [Some(111), None, Some(3)]);
}
