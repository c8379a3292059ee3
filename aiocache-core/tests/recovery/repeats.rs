//! What is repeated and when, and what is served until then.

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::testing::Intercepted;
use aiocache_core::{
    Cache, ErrorKind, JsonSerializer, MemoryBackend, OptimisticLock, Policy, RecoverySettings, Remaining, Ttl,
};
use tokio::time::{sleep, timeout};

use crate::failing::{DOWN, FULL, LATER, MUTE, SECOND, Store, Tested, UP, cache, failed, holds, with};

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

#[tokio::test(start_paused = true)]
async fn a_new_command_waits_for_the_replay_of_its_key_and_stands_after_it() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    failed(cache.set("b", &1).await);
    store.calls();
    store.set(UP);
    store.hold();
    store.held().await;
    assert_eq!(store.calls()[0], "write a");
    let newer = tokio::spawn({
        let cache = cache.clone();
        async move { cache.multi_set([("a", &2), ("b", &2)]).await }
    });
    sleep(Duration::from_millis(50)).await;
    assert!(!store.calls().contains(&"write_many a b".to_owned()), "it waits");
    store.release();
    newer.await.unwrap().unwrap();
    sleep(LATER).await;
    assert_eq!(store.calls(), ["write_many a b"]);
    assert_eq!(
        (holds(&cache, "a").await, holds(&cache, "b").await),
        (Some(2), Some(2))
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_replayed_beside_a_command_under_way() {
    for ends_well in [true, false] {
        let (cache, store) = cache();
        store.set(DOWN);
        failed(cache.set("a", &1).await);
        store.hold();
        let newer = tokio::spawn({
            let cache = cache.clone();
            async move { cache.with_timeout(None).set("a", &2).await }
        });
        store.held().await;
        store.set(UP);
        store.calls();
        sleep(LATER).await;
        assert_eq!(store.calls(), [""; 0], "the new one is on its way");
        store.set(if ends_well { UP } else { DOWN });
        store.release();
        assert_eq!(newer.await.unwrap().is_ok(), ends_well);
        store.set(UP);
        sleep(LATER).await;
        assert_eq!(holds(&cache, "a").await, Some(2));
        assert_eq!(cache.stats().writes_replayed, u64::from(!ends_well));
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_commands_at_once_the_one_that_began_last_is_repeated() {
    for first_fails_first in [true, false] {
        let (cache, store) = cache();
        store.hold();
        let older = tokio::spawn({
            let cache = cache.clone();
            async move { cache.with_timeout(None).set("a", &1).await }
        });
        store.held().await;
        store.set(DOWN);
        if first_fails_first {
            store.release();
            failed(older.await.unwrap());
            failed(cache.set("a", &2).await);
        } else {
            failed(cache.set("a", &2).await);
            store.release();
            failed(older.await.unwrap());
        }
        store.set(UP);
        sleep(LATER).await;
        assert_eq!(holds(&cache, "a").await, Some(2), "{first_fails_first}");
    }
    // One that succeeds although it began before.
    let (cache, store) = cache();
    store.hold();
    let older = tokio::spawn({
        let cache = cache.clone();
        async move { cache.with_timeout(None).set("a", &1).await }
    });
    store.held().await;
    store.set(DOWN);
    failed(cache.set("a", &2).await);
    store.set(UP);
    store.release();
    older.await.unwrap().unwrap();
    sleep(LATER).await;
    assert_eq!(holds(&cache, "a").await, Some(2));
}

#[tokio::test(start_paused = true)]
async fn what_fails_after_a_newer_command_was_done_is_not_repeated() {
    for clears in [true, false] {
        let (cache, store) = cache();
        let cache = cache.with_namespace("n");
        store.hold();
        let older = tokio::spawn({
            let cache = cache.clone();
            async move { cache.with_timeout(None).set("a", &1).await }
        });
        store.held().await;
        if clears {
            cache.clear().await.unwrap();
        } else {
            cache.set("a", &2).await.unwrap();
        }
        store.set(DOWN);
        store.release();
        failed(older.await.unwrap());
        assert_eq!(cache.stats().writes_queued, 0, "{clears}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_that_times_out_or_is_dropped_is_repeated() {
    for dropped in [true, false] {
        let (cache, store) = cache();
        store.hold();
        if dropped {
            let set = cache.set("a", &1);
            timeout(SECOND, set).await.expect_err("it is held");
        } else {
            let hasty = cache.with_timeout(SECOND);
            assert_eq!(failed(hasty.set("a", &1).await), ErrorKind::Timeout);
        }
        assert_eq!(cache.stats().writes_queued, 1);
        sleep(LATER).await;
        assert_eq!(holds(&cache, "a").await, Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_the_store_never_takes_in_time_is_deleted_in_the_end() {
    let (cache, store) = cache();
    cache.set("a", &1).await.unwrap();
    store.set(MUTE);
    failed(cache.set("a", &2).await);
    store.calls();
    sleep(LATER).await;
    assert_eq!(store.calls()[..4], ["write a", "write a", "write a", "delete a"]);
    store.set(UP);
    sleep(LATER).await;
    assert_eq!(holds(&cache, "a").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_clear_takes_out_what_waits_in_its_namespace() {
    let (cache, store) = with(RecoverySettings::new().pause(SECOND * 3600));
    let (ours, theirs) = (cache.with_namespace("ours"), cache.with_namespace("theirs"));
    ours.set("kept", &1).await.unwrap();
    for fails in [false, true] {
        store.set(DOWN);
        failed(ours.set("a", &1).await);
        failed(theirs.set("a", &1).await);
        if fails {
            failed(ours.clear().await);
            assert_eq!(cache.stats().writes_queued, 2, "a delete, and theirs");
        }
        store.set(UP);
        if !fails {
            ours.clear().await.unwrap();
            assert_eq!(cache.stats().writes_queued, 1);
        }
        assert_eq!(ours.get::<u32>("a").await.unwrap(), None);
        assert_eq!(theirs.get::<u32>("a").await.unwrap(), Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn close_tries_once_more() {
    let (cache, store) = with(RecoverySettings::new().pause(SECOND * 3600));
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    store.set(UP);
    cache.close().await.unwrap();
    assert_eq!(holds(&cache, "a").await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn what_waits_does_not_keep_the_cache_alive() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    drop(cache);
    sleep(LATER).await;
    assert_eq!(Arc::strong_count(&store.0), 1, "the store went with its cache");
}

/// A future run without tokio, of which every wait is busy.
fn without_tokio<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

#[test]
fn outside_a_runtime_the_next_reader_repeats() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(without_tokio(cache.set("a", &1)));
    store.set(UP);
    assert_eq!(without_tokio(cache.get::<u32>("a")).unwrap(), Some(1));
    assert_eq!(cache.stats().writes_queued, 0);
}

#[test]
fn a_runtime_that_shuts_down_takes_nothing_with_it() {
    let (cache, store) = cache();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime")
    };
    store.set(DOWN);
    runtime().block_on(async {
        failed(cache.set("a", &1).await);
        store.set(UP);
        store.hold();
        store.held().await;
    });
    assert_eq!(cache.stats().writes_queued, 1, "its replay was dropped");
    runtime().block_on(async {
        assert_eq!(cache.get::<u32>("other").await.unwrap(), None);
        sleep(LATER).await;
        assert_eq!(holds(&cache, "a").await, Some(1));
    });
}
