//! Loading several values: only what is missing is loaded, in one call, and work is shared with single loads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiocache_core::{Cache, EventKind, Policy, SimpleMemoryCache, Source as From, Ttl, observe};
use tokio::time::{Instant, sleep};

const LOAD: Duration = Duration::from_millis(100);

type Numbers = BTreeMap<&'static str, u32>;

/// A source that writes down what it was asked for.
#[derive(Debug, Default)]
struct Source {
    asked: Mutex<Vec<Vec<&'static str>>>,
}

impl Source {
    /// The length of each key, after 100 ms; keys that begin with `no` have none.
    async fn lengths(&self, keys: Vec<&'static str>) -> Result<Numbers, String> {
        self.asked
            .lock()
            .expect("no test panics with it")
            .push(keys.clone());
        sleep(LOAD).await;
        let known = keys.into_iter().filter(|key| !key.starts_with("no"));
        Ok(known
            .map(|key| (key, u32::try_from(key.len()).expect("a short key")))
            .collect())
    }

    fn asked(&self) -> Vec<Vec<&'static str>> {
        std::mem::take(&mut self.asked.lock().expect("no test panics with it"))
    }
}

fn parts() -> (Arc<SimpleMemoryCache>, Arc<Source>) {
    (Arc::new(Cache::new()), Arc::default())
}

async fn many(cache: &SimpleMemoryCache, source: &Source, keys: &[&'static str]) -> Numbers {
    let load = |missing| source.lengths(missing);
    cache
        .multi_get_or_load(keys.iter().copied(), &Policy::new(), load)
        .await
        .expect("the source answers")
}

#[tokio::test(start_paused = true)]
async fn only_missing_keys_are_asked_for_each_once_and_in_order() {
    let (cache, source) = parts();
    assert_eq!(
        many(&cache, &source, &["a", "bb"]).await,
        BTreeMap::from([("a", 1), ("bb", 2)])
    );
    let all = many(&cache, &source, &["dddd", "a", "ccc", "ccc", "bb"]).await;
    assert_eq!(
        all,
        BTreeMap::from([("a", 1), ("bb", 2), ("ccc", 3), ("dddd", 4)])
    );
    assert_eq!(source.asked(), [vec!["a", "bb"], vec!["dddd", "ccc"]]);
    assert_eq!(cache.loads_under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn all_hits_ask_nothing_and_are_not_rewritten() {
    let (cache, source) = parts();
    cache
        .with_ttl(Ttl::seconds(10))
        .set("a", &7_u32)
        .await
        .expect("written");
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(many(&cache, &source, &["a"]).await, BTreeMap::from([("a", 7)]));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert!(source.asked().is_empty());
    assert!(
        !cache.exists("a").await.expect("memory answers"),
        "a hit must not renew the ttl"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_not_returned_is_absent_and_asked_for_again() {
    let (cache, source) = parts();
    for _ in 0..2 {
        assert_eq!(
            many(&cache, &source, &["no", "a"]).await,
            BTreeMap::from([("a", 1)])
        );
    }
    assert_eq!(source.asked(), [vec!["no", "a"], vec!["no"]]);
}

#[tokio::test(start_paused = true)]
async fn a_vec_keeps_the_order_of_the_keys_with_unasked_pairs_last() {
    let (cache, _) = parts();
    cache.set("b", &2_u32).await.expect("written");
    let load = |_| async { Ok::<_, String>(vec![("extra", 9), ("c", 3), ("a", 1)]) };
    let pairs: Vec<(&str, u32)> = cache
        .multi_get_or_load(["a", "b", "c"], &Policy::new(), load)
        .await
        .expect("pairs");
    assert_eq!(pairs, [("a", 1), ("b", 2), ("c", 3), ("extra", 9)]);
    assert_eq!(cache.get::<u32>("extra").await.expect("memory answers"), Some(9));
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_calls_the_load_and_stores_what_it_returns() {
    let (cache, _) = parts();
    let load = |missing: Vec<&'static str>| async move {
        assert!(missing.is_empty());
        Ok::<_, String>(vec![("all", 1)])
    };
    let pairs: Vec<(&str, u32)> = cache
        .multi_get_or_load([], &Policy::new(), load)
        .await
        .expect("pairs");
    assert_eq!(pairs, [("all", 1)]);
    assert_eq!(cache.get::<u32>("all").await.expect("memory answers"), Some(1));
}

#[tokio::test(start_paused = true)]
async fn single_and_bulk_loads_share_their_work() {
    let (cache, source) = parts();
    let single = {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move {
            let load = || async {
                sleep(LOAD).await;
                Ok::<_, String>(100_u32)
            };
            cache.get_or_load("a", &Policy::new(), load).await
        })
    };
    sleep(LOAD / 2).await;
    let before = Instant::now();
    let both = many(&cache, &source, &["a", "bb"]).await;
    assert_eq!(
        both,
        BTreeMap::from([("a", 100), ("bb", 2)]),
        "the single load under way is waited for"
    );
    assert_eq!(source.asked(), [vec!["bb"]]);
    assert_eq!(before.elapsed(), LOAD);
    assert_eq!(single.await.expect("no panic"), Ok(100));
}

#[tokio::test(start_paused = true)]
async fn a_single_call_waits_for_a_bulk_load() {
    let (cache, source) = parts();
    let bulk = {
        let (cache, source) = (Arc::clone(&cache), Arc::clone(&source));
        tokio::spawn(async move { many(&cache, &source, &["a", "bb"]).await })
    };
    sleep(LOAD / 2).await;
    let load = || async { Err::<u32, _>("must not run".to_owned()) };
    assert_eq!(cache.get_or_load("bb", &Policy::new(), load).await, Ok(2));
    assert_eq!(bulk.await.expect("no panic").len(), 2);
}

#[tokio::test(start_paused = true)]
async fn bulk_calls_that_need_each_others_keys_do_not_wait_in_a_circle() {
    let (cache, source) = parts();
    let before = Instant::now();
    let (one, two) = tokio::join!(
        async {
            many(&cache, &source, &["a"]).await;
            many(&cache, &source, &["bb", "ccc"]).await
        },
        async {
            sleep(LOAD).await;
            many(&cache, &source, &["ccc", "bb"]).await
        }
    );
    assert_eq!(one, two);
    assert!(before.elapsed() <= LOAD * 3, "{:?}", before.elapsed());
    assert_eq!(source.asked().concat().len(), 3, "each key is asked for once");
}

#[tokio::test(start_paused = true)]
async fn a_bulk_leader_that_goes_away_hands_all_its_keys_over_in_one_load() {
    let (cache, source) = parts();
    let leader = {
        let (cache, source) = (Arc::clone(&cache), Arc::clone(&source));
        tokio::spawn(async move { many(&cache, &source, &["a", "bb", "ccc"]).await })
    };
    sleep(LOAD / 2).await;
    let waiter = {
        let (cache, source) = (Arc::clone(&cache), Arc::clone(&source));
        tokio::spawn(async move { many(&cache, &source, &["ccc", "bb", "a"]).await })
    };
    sleep(LOAD / 10).await;
    leader.abort();
    assert_eq!(waiter.await.expect("no panic").len(), 3);
    assert_eq!(source.asked(), [vec!["a", "bb", "ccc"], vec!["ccc", "bb", "a"]]);
    assert_eq!(cache.loads_under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_write_during_a_bulk_load_wins_also_for_a_pair_nobody_asked_for() {
    let (cache, _) = parts();
    let loading = {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move {
            let load = |_| async {
                sleep(LOAD).await;
                Ok::<_, String>(vec![("a", 1), ("b", 1), ("extra", 1)])
            };
            cache.multi_get_or_load(["a", "b"], &Policy::new(), load).await
        })
    };
    sleep(LOAD / 2).await;
    cache.set("a", &2_u32).await.expect("written");
    cache.set("extra", &2_u32).await.expect("written");
    let pairs: Vec<(&str, u32)> = loading.await.expect("no panic").expect("pairs");
    assert_eq!(
        pairs,
        [("a", 1), ("b", 1), ("extra", 1)],
        "its own caller gets what was loaded"
    );
    let left = cache
        .multi_get::<u32>(["a", "b", "extra"])
        .await
        .expect("memory answers");
    assert_eq!(left, [Some(2), Some(1), Some(2)]);
}

#[tokio::test(start_paused = true)]
async fn an_error_is_the_callers_and_nothing_is_stored() {
    let (cache, source) = parts();
    cache.set("a", &1_u32).await.expect("written");
    let load = |_| async { Err::<Numbers, _>("down".to_owned()) };
    let failed = cache.multi_get_or_load(["a", "bb"], &Policy::new(), load).await;
    assert_eq!(failed, Err("down".to_owned()));
    assert_eq!(cache.loads_under_way(), 0);
    assert_eq!(many(&cache, &source, &["a", "bb"]).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_asks_for_one_of_its_own_keys_runs_it() {
    let (cache, source) = parts();
    let load = |missing: Vec<&'static str>| {
        let (cache, source) = (&cache, &source);
        async move {
            let inner = many(cache, source, &missing).await;
            Ok::<_, String>(inner)
        }
    };
    let policy = Policy::new();
    let call = cache.multi_get_or_load(["a", "bb"], &policy, load);
    let all = tokio::time::timeout(LOAD * 2, call)
        .await
        .expect("no deadlock")
        .expect("pairs");
    assert_eq!(all.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_without_keys_is_a_load_like_any_other() {
    let (cache, source) = parts();
    let mut events = cache.events();
    assert_eq!(many(&cache, &source, &[]).await, BTreeMap::new());
    assert_eq!(source.asked(), [Vec::<&str>::new()]);
    let stats = cache.stats();
    assert_eq!(
        (stats.loads, stats.hits, stats.misses, stats.refreshed),
        (1, 0, 0, 0)
    );
    let told: Vec<_> = std::iter::from_fn(|| events.next_now()).collect();
    let kinds: Vec<_> = told
        .iter()
        .map(|event| (event.kind.as_str(), event.items))
        .collect();
    assert_eq!(kinds, [("load_started", 0), ("load_finished", 0)]);
    assert_eq!(told[1].kind, EventKind::LoadFinished { took: LOAD });
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_shared_counts_as_shared() {
    let cache = SimpleMemoryCache::new();
    let policy = Policy::new().share_error::<String>();
    let call = || {
        let load = |_: Vec<&'static str>| async {
            sleep(LOAD).await;
            Err::<Numbers, _>("the source is away".to_owned())
        };
        observe(cache.multi_get_or_load(["a", "b"], &policy, load))
    };
    let ((leader, led), (waiter, waited)) = tokio::join!(call(), call());
    assert_eq!((&leader, led), (&waiter, From::Loaded));
    assert_eq!(leader.expect_err("the function's"), "the source is away");
    assert_eq!(waited, From::Shared);
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.loads_failed, stats.loads_shared), (1, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn the_longest_wait_does_not_run_down_while_the_function_runs() {
    let (cache, source) = parts();
    let patient = Policy::new().max_wait(LOAD * 3 / 2);
    let others = async {
        let pending = std::future::pending::<Result<u32, String>>;
        let alone = Policy::new();
        let gone = tokio::time::timeout(LOAD * 11 / 10, cache.get_or_load("bb", &alone, pending));
        let slow = || async {
            sleep(LOAD * 3).await;
            Ok::<_, String>(30_u32)
        };
        tokio::join!(gone, cache.get_or_load("ccc", &alone, slow))
    };
    let load = |missing| source.lengths(missing);
    let call = cache.multi_get_or_load(["a", "bb", "ccc"], &patient, load);
    let ((gone, slow), all) = tokio::join!(others, call);
    assert!(gone.is_err(), "its caller went away");
    assert_eq!(slow, Ok(30));
    // It waited for a tenth of a load, ran one, and then waited for nine tenths.
    assert_eq!(all, Ok(BTreeMap::from([("a", 1), ("bb", 2), ("ccc", 30)])));
    assert_eq!(source.asked(), [["a"], ["bb"]]);
}
