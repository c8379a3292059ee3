//! A failed command is not lost behind another one, and does not come over a newer one.

use aiocache_core::{ErrorKind, Policy, Result, scope};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::failing::{DOWN, LATER, PARTLY, SECOND, STERN, Tested, UP, cache, failed, holds};

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

/// A node refuses its key of a command, and nobody says that another node did its own: an older value must not come
/// over that one.
#[tokio::test(start_paused = true)]
async fn of_a_command_that_was_partly_refused_no_older_value_comes_back() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    store.set(PARTLY);
    assert_eq!(
        failed(cache.multi_set([("a", &2), ("b", &2)]).await),
        ErrorKind::Server
    );
    store.set(UP);
    sleep(LATER).await;
    assert_ne!(holds(&cache, "a").await, Some(1));
    assert_eq!(cache.stats().writes_queued, 0);
}

/// The delete of one node was refused, and those of the others must not be lost with it.
#[tokio::test(start_paused = true)]
async fn a_delete_of_several_keys_that_is_refused_is_repeated() {
    let (cache, store) = cache();
    for key in ["a", "b"] {
        cache.set(key, &1).await.unwrap();
    }
    store.set(STERN);
    assert_eq!(failed(cache.multi_delete(["a", "b"]).await), ErrorKind::Server);
    assert_eq!(cache.stats().writes_queued, 2);
    store.set(UP);
    sleep(LATER).await;
    assert_eq!((holds(&cache, "a").await, holds(&cache, "b").await), (None, None));
}

/// A loaded value that waits for a replay of its key has no right to be stored yet: a write may have come first.
#[tokio::test(start_paused = true)]
async fn a_loaded_value_that_was_not_about_to_be_written_is_not_repeated() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    store.set(UP);
    store.hold();
    store.held().await;
    let (hasty, policy) = (cache.with_timeout(SECOND / 10), Policy::new());
    let load = hasty.get_or_load("a", &policy, || async { Ok::<u32, String>(2) });
    let refresh = scope().read(false).wait_for_write(false);
    assert_eq!(refresh.run(load).await, Ok(2));
    sleep(SECOND / 5).await;
    store.release();
    sleep(LATER).await;
    assert_eq!(holds(&cache, "a").await, Some(1));
}
