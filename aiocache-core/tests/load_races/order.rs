//! Reads, loads and writes that overtake each other.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache_core::{Cache, Policy, SimpleMemoryCache};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::slow::Way;
use crate::{MOMENT, remote, told, value};

/// The value was in the store and a waiter still on its way out of the flight, so the flight did not count as ended
/// and a caller whose read had missed loaded once more.
#[tokio::test(start_paused = true)]
async fn a_read_that_was_on_its_way_when_a_load_ended_is_not_followed_by_another_load() {
    // The answer to a read is 10 times as long on its way as a store takes.
    let cache = remote(Way::new(Duration::ZERO, MOMENT * 10), Way::default());
    let starts = Arc::new(AtomicU32::new(0));
    let call = || {
        let (cache, starts) = (Arc::clone(&cache), Arc::clone(&starts));
        async move {
            let load = || async {
                starts.fetch_add(1, Ordering::SeqCst);
                sleep(MOMENT * 5).await;
                Ok::<_, String>(1_u32)
            };
            cache.get_or_load("k", &Policy::new(), load).await
        }
    };
    let leader = tokio::spawn(call());
    sleep(MOMENT).await;
    // Never polled again once it waits, so it keeps its seat.
    let mut waiter = Box::pin(call());
    assert!(timeout(MOMENT * 12, &mut waiter).await.is_err());
    let late = tokio::spawn(call());
    assert_eq!(leader.await.expect("no panic"), Ok(1));
    assert_eq!(late.await.expect("no panic"), Ok(1));
    assert_eq!(waiter.await, Ok(1));
    assert_eq!(starts.load(Ordering::SeqCst), 1);
}

/// The older of two refreshes took the right to store from the newer one.
#[tokio::test(start_paused = true)]
async fn of_two_refreshes_at_once_the_newer_one_stays() {
    for older_ends_first in [true, false] {
        let cache: SimpleMemoryCache = Cache::new();
        let refresh = |answer| {
            let call = cache.__call(cache.__kind::<Result<u32, String>, false>().__kind().__share());
            let mut key = cache.__key();
            key.__text("k");
            let policy = Policy::new();
            async move { call.__refresh(&key, policy, || told(answer)).await }
        };
        let ((tell_older, older), (tell_newer, newer)) = (oneshot::channel(), oneshot::channel());
        let (mut older, mut newer) = (pin!(refresh(older)), pin!(refresh(newer)));
        assert!(timeout(MOMENT, &mut older).await.is_err());
        assert!(timeout(MOMENT, &mut newer).await.is_err());
        if older_ends_first {
            tell_older.send(1).expect("it waits");
            assert_eq!(older.await, Ok(1));
            tell_newer.send(2).expect("it waits");
            assert_eq!(newer.await, Ok(2));
        } else {
            tell_newer.send(2).expect("it waits");
            assert_eq!(newer.await, Ok(2));
            tell_older.send(1).expect("it waits");
            assert_eq!(older.await, Ok(1));
        }
        assert_eq!(
            value(&cache, "k").await,
            Some(2),
            "older first: {older_ends_first}"
        );
    }
}

/// The read of a call had missed before the value was set, and its load began after: it replaced what was set.
#[tokio::test(start_paused = true)]
async fn a_value_set_between_a_miss_and_its_load_is_found() {
    let cache = remote(Way::new(Duration::ZERO, MOMENT * 3), Way::default());
    let (single, bulk, policy) = (AtomicU32::new(0), AtomicU32::new(0), Policy::new());
    let one = cache.get_or_load("k", &policy, || async {
        single.fetch_add(1, Ordering::SeqCst);
        Ok::<_, String>(1_u32)
    });
    let many = cache.multi_get_or_load(["a", "k"], &policy, |keys: Vec<&'static str>| {
        bulk.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect()) }
    });
    let set = async {
        sleep(MOMENT).await;
        cache
            .multi_set([("k", &2_u32), ("a", &2)])
            .await
            .expect("written");
    };
    let (one, many, ()) = tokio::join!(one, many, set);
    assert_eq!((one, many), (Ok(2), Ok(BTreeMap::from([("a", 2), ("k", 2)]))));
    assert_eq!((single.into_inner(), bulk.into_inner()), (0, 0));
    assert_eq!(value(&cache, "k").await, Some(2));
}
