//! A replay, or the task that tries in the background, whose runtime stands still or ends: nobody else is held up by it, and
//! nothing old stays.

use std::time::Duration;

use aiocache_core::{ErrorKind, RecoverySettings};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep};

use crate::failing::{DOWN, HALF, LATER, SECOND, STERN, Store, Tested, UP, cache, failed, holds, with};

/// Longer than a replay may take without an answer.
const OVERDUE: Duration = Duration::from_secs(6);

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let builder = builder.enable_time().start_paused(true);
    builder.build().expect("a runtime")
}

/// A runtime that stands still amid the replay of `a` as 1.
fn standing(cache: &Tested, store: &Store) -> Runtime {
    let standing = runtime();
    standing.block_on(async {
        store.set(DOWN);
        failed(cache.set("a", &1).await);
        store.set(UP);
        store.hold();
        store.held().await;
    });
    standing
}

#[test]
fn a_replay_that_stands_still_is_waited_for_once_and_leaves_a_miss() {
    let (cache, store) = cache();
    let standing = standing(&cache, &store);
    runtime().block_on(async {
        let cache = cache.with_timeout(None);
        let start = Instant::now();
        cache.set("a", &2).await.unwrap();
        let waited = start.elapsed();
        assert!((SECOND * 5..OVERDUE).contains(&waited), "{waited:?}");
        let start = Instant::now();
        cache.set("a", &3).await.unwrap();
        assert_eq!(cache.get::<u32>("a").await.unwrap(), Some(3));
        assert_eq!(start.elapsed(), Duration::ZERO, "nobody waits for it again");
    });
    store.release();
    standing.block_on(async { sleep(LATER).await });
    assert_eq!(cache.stats().writes_queued, 0);
    let held = standing.block_on(holds(&cache, "a"));
    assert_eq!(held, None, "1 may have come over 3");
}

/// Its write may have been on its way when the runtime went.
#[test]
fn a_replay_that_was_not_waited_for_and_is_dropped_leaves_a_miss() {
    let (cache, store) = cache();
    let standing = standing(&cache, &store);
    let other = runtime();
    other.block_on(async { cache.with_timeout(None).set("a", &2).await.unwrap() });
    drop(standing);
    assert_eq!(cache.stats().writes_queued, 1);
    other.block_on(async {
        assert_eq!(cache.get::<u32>("a").await.unwrap(), None);
    });
}

#[test]
fn a_read_gives_what_a_replay_that_stands_still_was_to_write() {
    let (cache, store) = cache();
    let _standing = standing(&cache, &store);
    runtime().block_on(async {
        let cache = cache.with_timeout(None);
        // The clock of the other runtime is ahead by its first pause.
        sleep(SECOND).await;
        assert_eq!(cache.get::<u32>("a").await.unwrap(), Some(1));
        let start = Instant::now();
        assert_eq!(cache.get::<u32>("a").await.unwrap(), Some(1));
        assert_eq!(start.elapsed(), Duration::ZERO);
    });
}

#[test]
fn another_runtime_tries_where_the_one_that_did_stands_still() {
    let (cache, store) = cache();
    let _standing = standing(&cache, &store);
    runtime().block_on(async {
        sleep(LATER).await;
        store.set(DOWN);
        failed(cache.set("b", &1).await);
        store.set(UP);
        sleep(LATER).await;
        assert_eq!(holds(&cache, "b").await, Some(1));
        assert_eq!(cache.stats().writes_queued, 0, "a was brought up as well");
    });
}

#[tokio::test(start_paused = true)]
async fn keys_of_a_node_that_is_away_do_not_keep_others_from_their_turn() {
    let (cache, store) = cache();
    store.set(DOWN);
    for number in 0..40 {
        failed(cache.set(format!("dead{number}"), &number).await);
    }
    failed(cache.set("a", &1).await);
    store.set(HALF);
    sleep(SECOND * 60).await;
    assert_eq!(holds(&cache, "a").await, Some(1));
    assert_eq!(cache.stats().writes_queued, 40);
    store.set(UP);
    sleep(LATER).await;
    assert_eq!(cache.stats().writes_queued, 0);
}

#[tokio::test(start_paused = true)]
async fn a_value_that_fails_while_others_are_answered_is_deleted_in_the_end() {
    let (cache, store) = cache();
    store.set(HALF);
    failed(cache.set("dead", &1).await);
    for _ in 0..120 {
        assert_eq!(cache.get::<u32>("other").await.unwrap(), None);
        sleep(SECOND).await;
    }
    store.set(UP);
    sleep(LATER).await;
    assert_eq!(holds(&cache, "dead").await, None);
    assert_eq!(cache.stats().writes_queued, 0);
}

#[tokio::test(start_paused = true)]
async fn close_lets_go_of_connections_although_a_repeat_hangs() {
    let (cache, store) = with(RecoverySettings::new().pause(SECOND * 3600));
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    store.set(UP);
    store.hold();
    assert_eq!(failed(cache.close().await), ErrorKind::Timeout);
    assert_eq!(store.closed(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_under_a_clear_that_is_refused_half_way_becomes_deletes() {
    let (cache, store) = with(RecoverySettings::new().pause(SECOND * 3600));
    let cache = cache.with_namespace("n");
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    store.set(STERN);
    assert_eq!(failed(cache.clear().await), ErrorKind::Server);
    store.set(UP);
    assert_eq!(cache.get::<u32>("a").await.unwrap(), None);
    assert_eq!(cache.stats().writes_queued, 0);
}
