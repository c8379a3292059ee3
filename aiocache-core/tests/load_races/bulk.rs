//! Loads of many keys.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiocache_core::{Cache, Policy, SimpleMemoryCache};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::slow::Way;
use crate::{MOMENT, remote, told};

/// The end of the wait was reckoned with a sum that did not fit.
#[tokio::test(start_paused = true)]
async fn a_bulk_call_may_wait_for_ever() {
    let cache: SimpleMemoryCache = Cache::new();
    let forever = Policy::new().max_wait(Duration::MAX);
    let load = |keys: Vec<&'static str>| async move {
        Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect())
    };
    let single = cache.get_or_load("a", &forever, || async {
        sleep(MOMENT).await;
        Ok::<_, String>(2_u32)
    });
    let (single, all) = tokio::join!(single, cache.multi_get_or_load(["a", "b"], &forever, load));
    assert_eq!(single, Ok(2));
    assert_eq!(all, Ok(BTreeMap::from([("a", 2), ("b", 1)])));
}

/// Each key whose leader was stuck was loaded by itself, one after the other.
#[tokio::test(start_paused = true)]
async fn keys_waited_for_too_long_are_loaded_in_one_go() {
    let cache: SimpleMemoryCache = Cache::new();
    let asked = Mutex::new(Vec::new());
    let load = |keys: Vec<&'static str>| {
        asked.lock().expect("no test panics with it").push(keys.clone());
        async move {
            sleep(MOMENT).await;
            Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect())
        }
    };
    let stuck = |_: Vec<&'static str>| std::future::pending::<Result<BTreeMap<&str, u32>, String>>();
    let policy = Policy::new().max_wait(MOMENT * 3);
    let mut leader = pin!(cache.multi_get_or_load(["a", "b", "c", "d"], &policy, stuck));
    assert!(timeout(MOMENT, &mut leader).await.is_err());
    let all = cache
        .multi_get_or_load(["a", "b", "c", "d", "e"], &policy, load)
        .await;
    assert_eq!(all.map(|all: BTreeMap<_, _>| all.len()), Ok(5));
    let asked = asked.into_inner().expect("no test panics with it");
    assert_eq!(asked, [vec!["e"], vec!["a", "b", "c", "d"]]);
}

/// While a call waited for one key, the leader of another went away, and nobody loaded that one.
#[tokio::test(start_paused = true)]
async fn a_bulk_call_takes_over_any_key_whose_leader_goes_away() {
    let cache: Arc<SimpleMemoryCache> = Arc::new(Cache::new());
    let single = |key: &'static str, answer| {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move { cache.get_or_load(key, &Policy::new(), || told(answer)).await })
    };
    let ((_silent, a), (tell, b)) = (oneshot::channel(), oneshot::channel());
    let (a, b) = (single("a", a), single("b", b));
    sleep(MOMENT).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let bulk = {
        let (cache, asked) = (Arc::clone(&cache), Arc::clone(&asked));
        let load = move |keys: Vec<&'static str>| {
            asked.lock().expect("no test panics with it").extend(keys.clone());
            async move { Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect()) }
        };
        async move {
            cache
                .multi_get_or_load::<BTreeMap<_, u32>, _, _, _, _>(["a", "b"], &Policy::new(), load)
                .await
        }
    };
    let bulk = tokio::spawn(bulk);
    sleep(MOMENT).await;
    a.abort();
    sleep(MOMENT).await;
    assert_eq!(*asked.lock().expect("no test panics with it"), ["a"]);
    tell.send(2).expect("it waits");
    assert_eq!(b.await.expect("no panic"), Ok(2));
    assert_eq!(
        bulk.await.expect("no panic"),
        Ok(BTreeMap::from([("a", 1), ("b", 2)]))
    );
}

/// Keys without a value shared the fate of those with one, whose leads went with the store.
#[tokio::test(start_paused = true)]
async fn an_absent_key_is_stored_also_where_writes_are_not_waited_for() {
    let cache = remote(Way::default(), Way::new(MOMENT, MOMENT));
    let starts = AtomicU32::new(0);
    let call = || {
        let kind = cache.__bulk_kind::<BTreeMap<u32, u32>, true>();
        let build = |key: &mut aiocache_core::KeyBuf, one: &u32| key.__text(&one.to_string());
        let load = |keys: Vec<u32>| {
            starts.fetch_add(1, Ordering::SeqCst);
            async move {
                keys.into_iter()
                    .filter(|key| *key == 1)
                    .map(|key| (key, 10))
                    .collect()
            }
        };
        cache
            .__bulk(kind.__kind().__share())
            .__run([1, 2], build, build, Policy::new(), load)
    };
    let unwaited = aiocache_core::scope().wait_for_write(false).run(call()).await;
    sleep(MOMENT * 10).await;
    let cached = call().await;
    assert_eq!(
        (unwaited, cached),
        (BTreeMap::from([(1, 10)]), BTreeMap::from([(1, 10)]))
    );
    assert_eq!(starts.load(Ordering::SeqCst), 1);
}
