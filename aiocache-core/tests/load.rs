//! The load engine, through its public call: one load per key, and nobody left waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache_core::{Cache, MemoryBackend, Policy, SimpleMemoryCache, Ttl};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const LOAD: Duration = Duration::from_millis(100);

fn cache() -> Arc<SimpleMemoryCache> {
    Arc::new(Cache::new())
}

/// A load that takes 100 ms and counts its starts.
async fn load(starts: &AtomicU32) -> Result<String, String> {
    starts.fetch_add(1, Ordering::SeqCst);
    sleep(LOAD).await;
    Ok("value".to_owned())
}

/// Starts `callers` of the same key.
fn crowd(
    cache: &Arc<SimpleMemoryCache>,
    starts: &Arc<AtomicU32>,
    callers: usize,
    policy: &Policy,
) -> JoinSet<Result<String, String>> {
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (cache, starts, policy) = (Arc::clone(cache), Arc::clone(starts), policy.clone());
        tasks.spawn(async move { cache.get_or_load("k", &policy, || load(&starts)).await });
    }
    tasks
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_share_one_load() {
    let (cache, starts) = (cache(), Arc::new(AtomicU32::new(0)));
    let before = Instant::now();
    let results = crowd(&cache, &starts, 1_000, &Policy::new()).join_all().await;
    assert!(results.iter().all(|result| result.as_deref() == Ok("value")));
    assert_eq!((starts.load(Ordering::SeqCst), before.elapsed()), (1, LOAD));
    assert_eq!(
        cache.get::<String>("k").await.expect("memory answers").as_deref(),
        Some("value")
    );
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_goes_away_hands_over() {
    let (cache, starts) = (cache(), Arc::new(AtomicU32::new(0)));
    let leader = {
        let (cache, starts) = (Arc::clone(&cache), Arc::clone(&starts));
        tokio::spawn(async move { cache.get_or_load("k", &Policy::new(), || load(&starts)).await })
    };
    sleep(LOAD / 2).await;
    let waiters = crowd(&cache, &starts, 999, &Policy::new());
    sleep(LOAD / 10).await;
    leader.abort();
    let results = waiters.join_all().await;
    assert!(results.iter().all(|result| result.as_deref() == Ok("value")));
    assert_eq!(starts.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_leaders_alone() {
    let (cache, starts) = (cache(), Arc::new(AtomicU32::new(0)));
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        let (cache, starts) = (Arc::clone(&cache), Arc::clone(&starts));
        let load = move || async move {
            let first = starts.fetch_add(1, Ordering::SeqCst) == 0;
            sleep(LOAD).await;
            assert!(!first, "the first load panics");
            Ok::<_, String>("value".to_owned())
        };
        tasks.spawn(async move { cache.get_or_load("k", &Policy::new(), load).await });
    }
    let (mut fine, mut panicked) = (0, 0);
    while let Some(done) = tasks.join_next().await {
        if done.is_ok_and(|result| result.as_deref() == Ok("value")) {
            fine += 1;
        } else {
            panicked += 1;
        }
    }
    assert_eq!((fine, panicked, starts.load(Ordering::SeqCst)), (999, 1, 2));
}

/// Lets 1,000 callers meet a load that fails, and gives the starts and the time that took.
async fn failing_crowd(policy: Policy) -> (u32, Duration) {
    let (cache, starts) = (cache(), Arc::new(AtomicU32::new(0)));
    let before = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..1_000 {
        let (cache, starts, policy) = (Arc::clone(&cache), Arc::clone(&starts), policy.clone());
        let load = move || async move {
            starts.fetch_add(1, Ordering::SeqCst);
            sleep(LOAD).await;
            Err::<String, _>("down".to_owned())
        };
        tasks.spawn(async move { cache.get_or_load("k", &policy, load).await });
    }
    let results = tasks.join_all().await;
    assert!(
        results
            .iter()
            .all(|result| result.as_deref() == Err(&"down".to_owned()))
    );
    assert!(
        !cache.exists("k").await.expect("memory answers"),
        "an error must not be stored"
    );
    (starts.load(Ordering::SeqCst), before.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_shared_error_reaches_all_that_wait() {
    assert_eq!(
        failing_crowd(Policy::new().share_error::<String>()).await,
        (1, LOAD)
    );
}

#[tokio::test(start_paused = true)]
async fn without_sharing_nobody_waits_for_two_failures() {
    assert_eq!(failing_crowd(Policy::new()).await, (1_000, LOAD * 2));
}

#[tokio::test(start_paused = true)]
async fn a_load_that_asks_for_its_own_key_runs_it() {
    let cache = cache();
    let inner = || async { Ok::<_, String>("inner".to_owned()) };
    let outer = || async {
        let inner = cache.get_or_load("k", &Policy::new(), inner).await?;
        Ok::<_, String>(format!("outer of {inner}"))
    };
    let value = tokio::time::timeout(LOAD, cache.get_or_load("k", &Policy::new(), outer)).await;
    assert_eq!(value.expect("no deadlock").as_deref(), Ok("outer of inner"));
}

#[tokio::test(start_paused = true)]
async fn loads_that_wait_for_each_other_end_within_max_wait() {
    async fn nested(cache: Arc<SimpleMemoryCache>, own: &'static str, other: &'static str) -> String {
        let policy = Policy::new().max_wait(Duration::from_secs(2));
        let leaf = || async { Ok::<_, String>("leaf".to_owned()) };
        let load = || async {
            sleep(LOAD).await;
            cache.get_or_load(other, &policy, leaf).await
        };
        cache.get_or_load(own, &policy, load).await.expect("a leaf")
    }
    let cache = cache();
    let before = Instant::now();
    let (a, b) = tokio::join!(
        nested(Arc::clone(&cache), "a", "b"),
        nested(Arc::clone(&cache), "b", "a")
    );
    assert_eq!((a.as_str(), b.as_str()), ("leaf", "leaf"));
    assert!(
        before.elapsed() <= Duration::from_secs(2) + LOAD * 2,
        "{:?}",
        before.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_not_polled_holds_others_up_for_max_wait_only() {
    let (cache, starts) = (cache(), AtomicU32::new(0));
    let policy = Policy::new().max_wait(Duration::from_secs(1));
    let mut stuck = Box::pin(cache.get_or_load("k", &policy, || load(&starts)));
    tokio::select! {
        biased;
        _ = &mut stuck => panic!("it takes 100 ms"),
        () = sleep(LOAD / 2) => {}
    }
    let before = Instant::now();
    let value = cache.get_or_load("k", &policy, || load(&starts)).await;
    assert_eq!(value.as_deref(), Ok("value"));
    assert_eq!(before.elapsed(), Duration::from_secs(1) + LOAD);
}

#[tokio::test(start_paused = true)]
async fn a_write_during_a_load_wins() {
    for write in ["set", "delete", "clear", "increment", "multi_set"] {
        let (cache, starts) = (cache(), Arc::new(AtomicU32::new(0)));
        let mut loading = crowd(&cache, &starts, 2, &Policy::new());
        sleep(LOAD / 2).await;
        match write {
            "set" => cache.set("k", "newer").await.expect("written"),
            "delete" => assert_eq!(cache.delete("k").await.expect("deleted"), 0),
            "clear" => cache.clear().await.expect("cleared"),
            "increment" => assert_eq!(cache.increment("k", 1).await.expect("counted"), 1),
            _ => cache.multi_set([("k", "newer")]).await.expect("written"),
        }
        while let Some(result) = loading.join_next().await {
            assert_eq!(
                result.expect("no panic").as_deref(),
                Ok("value"),
                "its own callers get the result"
            );
        }
        let left = match write {
            "set" | "multi_set" => Some("newer".to_owned()),
            "increment" => Some("1".to_owned()),
            _ => None,
        };
        let found = match write {
            "increment" => cache
                .get::<i64>("k")
                .await
                .expect("memory answers")
                .map(|n| n.to_string()),
            _ => cache.get::<String>("k").await.expect("memory answers"),
        };
        assert_eq!(found, left, "after {write}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_after_a_delete_do_not_join_the_load_before_it() {
    let (cache, starts) = (cache(), Arc::new(AtomicU32::new(0)));
    let old = crowd(&cache, &starts, 1, &Policy::new());
    sleep(LOAD / 2).await;
    cache.delete("k").await.expect("deleted");
    let new = crowd(&cache, &starts, 10, &Policy::new());
    old.join_all().await;
    new.join_all().await;
    assert_eq!(starts.load(Ordering::SeqCst), 2);
    assert!(
        cache.exists("k").await.expect("memory answers"),
        "the newer load may store"
    );
}

#[tokio::test(start_paused = true)]
async fn a_ttl_of_zero_is_not_stored_and_not_an_error() {
    let (cache, starts) = (cache(), AtomicU32::new(0));
    let zero = Policy::new().ttl(Duration::ZERO);
    for _ in 0..2 {
        assert_eq!(
            cache.get_or_load("k", &zero, || load(&starts)).await.as_deref(),
            Ok("value")
        );
    }
    assert_eq!(starts.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_loaded_value_lives_for_the_policys_ttl() {
    let (cache, starts) = (cache(), AtomicU32::new(0));
    let minute = Policy::new().ttl(Ttl::seconds(60));
    for (pause, expected) in [(0, 1), (59, 1), (2, 2)] {
        tokio::time::advance(Duration::from_secs(pause)).await;
        cache
            .get_or_load("k", &minute, || load(&starts))
            .await
            .expect("a value");
        assert_eq!(starts.load(Ordering::SeqCst), expected);
    }
}

#[tokio::test]
async fn a_value_of_another_type_is_a_miss_and_replaced() {
    let cache: Cache<MemoryBackend> = Cache::new();
    cache.set("k", &vec![1_u8]).await.expect("written");
    let value = cache
        .get_or_load("k", &Policy::new(), || async {
            Ok::<_, String>("text".to_owned())
        })
        .await;
    assert_eq!(value.as_deref(), Ok("text"));
    assert_eq!(
        cache.get::<String>("k").await.expect("a string").as_deref(),
        Some("text")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_cancelled_at_random_leave_nothing_behind() {
    let cache = cache();
    let mut tasks = JoinSet::new();
    for task in 0..4_u64 {
        let cache = Arc::clone(&cache);
        tasks.spawn(async move {
            for round in 0..5_000_u64 {
                let key = (task + round) % 7;
                let load = || async {
                    tokio::task::yield_now().await;
                    Ok::<_, String>(round)
                };
                let policy = Policy::new();
                let call = cache.get_or_load(key, &policy, load);
                let patience = Duration::from_micros(round * 7 % 40);
                let _ = tokio::time::timeout(patience, call).await;
                cache.delete(key).await.expect("deleted");
            }
        });
    }
    tokio::time::timeout(Duration::from_secs(60), tasks.join_all())
        .await
        .expect("nobody hangs");
    assert_eq!(cache.loads_under_way(), 0);
}

#[tokio::test]
async fn a_refresh_leaves_nothing_old_behind_unless_it_fails() {
    let cache: SimpleMemoryCache = Cache::new();
    let mut key = cache.__key();
    key.__text("k");
    for (returned, left) in [
        (Ok(Some("new".to_owned())), Some("new")),
        (Ok(None), None),
        (Err(()), Some("old")),
    ] {
        cache.set("k", "old").await.expect("written");
        let kind = cache.__kind::<Result<Option<String>, ()>, false>();
        let call = cache.__call(kind.__kind().__share());
        let given = call
            .__refresh(&key, Policy::new(), || async { returned.clone() })
            .await;
        assert_eq!(given, returned);
        assert_eq!(
            cache.get::<String>("k").await.expect("memory answers").as_deref(),
            left
        );
    }
}
