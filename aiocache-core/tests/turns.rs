//! A task that only asks for what is in process gives others their turn, so that a timeout around it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aiocache_core::{HitMissRatioPlugin, Policy, SimpleMemoryCache};
use tokio::time::timeout;

/// More than a task has in one turn: 64 quick reads for each of the 128 that can wait.
const MOST: usize = 10_000;

/// Asks until another task of the same thread has run, and says how often it asked.
async fn asked_until_others_ran(ask: impl AsyncFn()) -> usize {
    let ran = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn({
        let ran = Arc::clone(&ran);
        async move { ran.store(true, Ordering::SeqCst) }
    });
    let mut asked = 0;
    while !ran.load(Ordering::SeqCst) && asked < MOST {
        ask().await;
        asked += 1;
    }
    other.await.expect("it does not panic");
    asked
}

async fn cache() -> SimpleMemoryCache {
    let cache = SimpleMemoryCache::new();
    cache.set("a", &1_u32).await.expect("memory answers");
    cache
}

#[tokio::test]
async fn who_only_reads_hits_gives_others_their_turn() {
    let plain = cache().await;
    for cache in [plain.clone(), plain.with_plugin(HitMissRatioPlugin::new())] {
        let policy = Policy::new();
        let get = async || assert_eq!(cache.get::<u32>("a").await.expect("memory answers"), Some(1));
        assert!(asked_until_others_ran(get).await < MOST);
        let many = async || {
            assert_eq!(
                cache.multi_get::<u32>(["a"]).await.expect("memory answers"),
                [Some(1)]
            )
        };
        assert!(asked_until_others_ran(many).await < MOST);
        let load = async || {
            let load = || async { Err::<u32, _>("it is there") };
            assert_eq!(cache.get_or_load("a", &policy, load).await, Ok(1));
        };
        assert!(asked_until_others_ran(load).await < MOST);
        let load_many = async || {
            let load = |_| async { Err::<BTreeMap<&str, u32>, _>("it is there") };
            let many = cache.multi_get_or_load(["a"], &policy, load).await;
            assert_eq!(many, Ok(BTreeMap::from([("a", 1)])));
        };
        assert!(asked_until_others_ran(load_many).await < MOST);
    }
}

#[tokio::test]
async fn who_only_writes_gives_others_their_turn() {
    let cache = cache().await;
    let set = async || cache.set("a", &2_u32).await.expect("memory answers");
    assert!(asked_until_others_ran(set).await < MOST);
}

#[tokio::test]
async fn a_timeout_around_hits_ends() {
    let cache = cache().await;
    let hits = async {
        for _ in 0..100_000_000_u64 {
            assert_eq!(cache.get::<u32>("a").await.expect("memory answers"), Some(1));
        }
    };
    let ended = timeout(Duration::from_millis(5), hits).await;
    assert!(ended.is_err(), "it went on to its own end");
}
