//! Repeats and commands of the same key at the same time.

use std::time::Duration;

use aiocache_core::ErrorKind;
use tokio::time::{sleep, timeout};

use crate::failing::{DOWN, LATER, MUTE, SECOND, UP, cache, failed, holds};

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
