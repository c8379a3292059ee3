//! Loads inside loads of another cache.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache_core::{Cache, Policy, SimpleMemoryCache};
use tokio::time::{advance, sleep};

use crate::{MOMENT, value};

/// A load that takes a moment, and counts.
async fn slowly(starts: &AtomicU32) -> Result<u32, String> {
    let started = starts.fetch_add(1, Ordering::SeqCst) + 1;
    sleep(MOMENT).await;
    Ok(started)
}

/// Flights of two caches had the same numbers, so a load was taken for one that asks for its own key.
#[tokio::test(start_paused = true)]
async fn loads_of_one_cache_share_what_they_load_from_another() {
    let (outer, inner): (SimpleMemoryCache, SimpleMemoryCache) = (Cache::new(), Cache::new());
    let (policy, starts) = (Policy::new(), AtomicU32::new(0));
    let (inner, policy, starts) = (&inner, &policy, &starts);
    let call = |key: &'static str| {
        outer.get_or_load(key, policy, move || async move {
            sleep(MOMENT).await;
            inner.get_or_load("k", policy, || slowly(starts)).await
        })
    };
    assert_eq!(tokio::join!(call("a"), call("b")), (Ok(1), Ok(1)));
    assert_eq!(starts.load(Ordering::SeqCst), 1);
}

/// A load of many keys has the numbers of all their flights: what it loaded from another cache was never shared, and a
/// refresh ahead left out without a word.
#[tokio::test(start_paused = true)]
async fn a_load_of_many_keys_shares_what_it_loads_from_another_cache_and_refreshes_there() {
    let (outer, inner): (SimpleMemoryCache, SimpleMemoryCache) = (Cache::new(), Cache::new());
    let (policy, starts) = (Policy::new(), AtomicU32::new(0));
    let ahead = Policy::new().ttl(Duration::from_secs(10)).refresh_ahead(0.5);
    let load = || async { Ok::<_, String>(1_u32) };
    assert_eq!(inner.get_or_load("due", &ahead, load).await, Ok(1));
    advance(Duration::from_secs(6)).await;
    let load_many = |keys: Vec<String>| {
        let (inner, policy, ahead, starts) = (&inner, &policy, &ahead, &starts);
        async move {
            let call = || inner.get_or_load("k", policy, || slowly(starts));
            let (one, other) = tokio::join!(call(), call());
            assert_eq!((one?, other?), (1, 1));
            let anew = || async { Ok::<_, String>(2) };
            assert_eq!(inner.get_or_load("due", ahead, anew).await?, 1);
            Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect())
        }
    };
    let keys = (0..1000).map(|key| key.to_string());
    let all = outer.multi_get_or_load(keys, &policy, load_many).await;
    assert_eq!(all.map(|all: BTreeMap<_, _>| all.len()), Ok(1000));
    sleep(MOMENT).await;
    assert_eq!(starts.load(Ordering::SeqCst), 1);
    assert_eq!(value(&inner, "due").await, Some(2));
}
