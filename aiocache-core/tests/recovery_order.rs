//! What was found by reading: ways in which a failed command got lost, or came over a newer one.

#[path = "support/failing.rs"]
mod failing;

use aiocache_core::{ErrorKind, Result};
use failing::{DOWN, LATER, SECOND, Tested, UP, cache, failed, holds};
use tokio::task::JoinHandle;
use tokio::time::sleep;

fn delete(cache: &Tested, key: &'static str) -> JoinHandle<Result<u64>> {
    let cache = cache.with_timeout(None);
    tokio::spawn(async move { cache.delete(key).await })
}

/// An increment or a new ttl after the delete began says nothing about the delete.
#[tokio::test(start_paused = true)]
async fn a_delete_that_fails_behind_an_increment_or_a_new_ttl_is_not_lost() {
    for expires in [true, false] {
        let (cache, store) = cache();
        cache.set("a", &1).await.unwrap();
        store.hold();
        let older = delete(&cache, "a");
        store.held().await;
        if expires {
            assert!(cache.expire("a", SECOND * 3600).await.unwrap());
        } else {
            assert_eq!(cache.increment("a", 1).await.unwrap(), 2);
        }
        store.set(DOWN);
        store.release();
        assert_eq!(failed(older.await.unwrap()), ErrorKind::Unavailable);
        assert_eq!(cache.stats().writes_queued, 1);
        store.set(UP);
        sleep(LATER).await;
        assert_eq!(holds(&cache, "a").await, None, "{expires}");
    }
}

/// The delete fails while the increment waits for the answer of the store.
#[tokio::test(start_paused = true)]
async fn an_increment_does_not_take_out_a_delete_that_failed_beside_it() {
    let (cache, store) = cache();
    cache.set("a", &1).await.unwrap();
    store.hold();
    let older = delete(&cache, "a");
    store.held().await;
    store.hold_change();
    let increment = tokio::spawn({
        let cache = cache.with_timeout(None);
        async move { cache.increment("a", 1).await }
    });
    store.held().await;
    store.set(DOWN);
    store.release();
    failed(older.await.unwrap());
    store.set(UP);
    store.release_change();
    assert_eq!(increment.await.unwrap().unwrap(), 2);
    assert_eq!(cache.stats().writes_queued, 1);
    sleep(LATER).await;
    assert_eq!(holds(&cache, "a").await, None);
}

/// A newer value stands, whatever is deleted for safety.
#[tokio::test(start_paused = true)]
async fn a_value_that_is_written_after_an_increment_stays() {
    let (cache, store) = cache();
    cache.set("a", &1).await.unwrap();
    store.hold();
    let older = delete(&cache, "a");
    store.held().await;
    assert_eq!(cache.increment("a", 1).await.unwrap(), 2);
    cache.set("a", &7).await.unwrap();
    store.set(DOWN);
    store.release();
    failed(older.await.unwrap());
    assert_eq!(cache.stats().writes_queued, 0);
    store.set(UP);
    assert_eq!(holds(&cache, "a").await, Some(7));
}
