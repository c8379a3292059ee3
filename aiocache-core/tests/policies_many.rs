//! Policies of calls over several keys, on a paused clock: old values are served where all keys that failed have them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, EventKind, Policy, SimpleMemoryCache, Source, Timed, Ttl, observe};
use tokio::time::{Instant, advance, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// A ttl of a minute, and a grace of an hour.
const PATIENT: Policy = Policy::new()
    .const_ttl(Ttl::seconds(60))
    .grace(Duration::from_secs(3600));

type Pairs = BTreeMap<&'static str, u32>;

/// A source of which each load gives one number for all its keys, or fails.
#[derive(Clone, Default)]
struct Origin {
    cache: SimpleMemoryCache,
    fails: Arc<AtomicU32>,
    loads: Arc<Mutex<Vec<Vec<&'static str>>>>,
}

impl Origin {
    fn fails(&self, fails: bool) {
        self.fails.store(u32::from(fails), SeqCst);
    }

    /// The keys of all loads since the last look.
    fn loads(&self) -> Vec<Vec<&'static str>> {
        std::mem::take(&mut *self.loads.lock().expect("no panic"))
    }

    async fn load(&self, keys: Vec<&'static str>, number: u32) -> Result<Pairs, String> {
        self.loads.lock().expect("no panic").push(keys.clone());
        sleep(SECOND / 10).await;
        if self.fails.load(SeqCst) == 1 {
            return Err("down".to_owned());
        }
        let there = keys.into_iter().filter(|key| *key != "unknown");
        Ok(there.map(|key| (key, number)).collect())
    }

    async fn ask(&self, keys: &[&'static str], number: u32) -> (Result<Pairs, String>, Source) {
        self.ask_by(&PATIENT, keys, number).await
    }

    async fn ask_by(
        &self,
        policy: &Policy,
        keys: &[&'static str],
        number: u32,
    ) -> (Result<Pairs, String>, Source) {
        let load = |missing| self.load(missing, number);
        observe(self.cache.multi_get_or_load(keys.iter().copied(), policy, load)).await
    }

    async fn ask_one(&self, key: &'static str, number: u32) -> (Result<u32, String>, Source) {
        self.ask_one_by(&PATIENT, key, number).await
    }

    async fn ask_one_by(
        &self,
        policy: &Policy,
        key: &'static str,
        number: u32,
    ) -> (Result<u32, String>, Source) {
        let load = || async move {
            let loaded = self.load(vec![key], number).await?;
            Ok(loaded[key])
        };
        observe(self.cache.get_or_load(key, policy, load)).await
    }
}

fn pairs<const N: usize>(pairs: [(&'static str, u32); N]) -> Result<Pairs, String> {
    Ok(pairs.into())
}

fn down() -> Result<Pairs, String> {
    Err("down".to_owned())
}

#[tokio::test(start_paused = true)]
async fn old_values_are_served_if_every_key_that_failed_has_one() {
    let origin = Origin::default();
    assert_eq!(origin.ask(&["a", "b"], 1).await.0, pairs([("a", 1), ("b", 1)]));
    advance(MINUTE).await;
    assert_eq!(origin.ask(&["c"], 2).await, (pairs([("c", 2)]), Source::Loaded));
    origin.fails(true);
    origin.loads();
    let all = pairs([("a", 1), ("b", 1), ("c", 2)]);
    assert_eq!(origin.ask(&["a", "b", "c"], 3).await, (all, Source::Stale));
    assert_eq!(origin.loads(), [["a", "b"]], "c is fresh");
    assert_eq!(origin.ask(&["a", "d"], 3).await, (down(), Source::Loaded));
    assert_eq!(origin.loads(), [["d"]], "a rests, d has nothing");
    origin.fails(false);
    let both = pairs([("a", 1), ("d", 3)]);
    assert_eq!(
        origin.ask(&["a", "d"], 3).await,
        (both, Source::Stale),
        "one of them is"
    );
    origin.fails(true);
    advance(MINUTE * 61).await;
    assert_eq!(
        origin.ask(&["a"], 4).await,
        (down(), Source::Loaded),
        "the grace is over"
    );
    origin.fails(false);
    assert_eq!(origin.ask(&["a"], 5).await, (pairs([("a", 5)]), Source::Loaded));
}

#[tokio::test(start_paused = true)]
async fn one_key_without_an_old_value_makes_it_an_error() {
    let origin = Origin::default();
    assert_eq!(origin.ask(&["a"], 1).await.0, pairs([("a", 1)]));
    advance(MINUTE).await;
    origin.fails(true);
    assert_eq!(origin.ask(&["a", "b"], 2).await, (down(), Source::Loaded));
    assert_eq!(origin.ask(&["a"], 2).await, (pairs([("a", 1)]), Source::Stale));
    assert_eq!(origin.loads().len(), 2, "the back-off began with the failure");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_failed_is_left_alone_and_a_load_that_succeeds_ends_that() {
    let origin = Origin::default();
    assert_eq!(origin.ask(&["a", "b"], 1).await.0, pairs([("a", 1), ("b", 1)]));
    advance(MINUTE).await;
    origin.fails(true);
    let old = pairs([("a", 1), ("b", 1)]);
    for _ in 0..5 {
        assert_eq!(origin.ask(&["a", "b"], 2).await, (old.clone(), Source::Stale));
    }
    assert_eq!(origin.loads().len(), 2, "the first load, and one that failed");
    assert_eq!(origin.ask_one("a", 2).await, (Ok(1), Source::Stale));
    assert_eq!(
        origin.loads().len(),
        0,
        "a call of one of its keys heeds that too"
    );
    origin.fails(false);
    advance(SECOND * 10).await;
    assert_eq!(origin.ask(&["a", "b"], 3).await.1, Source::Loaded);
    assert_eq!(origin.loads(), [["a", "b"]]);
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_key_and_of_many_fall_back_for_each_other() {
    let origin = Origin::default();
    assert_eq!(origin.ask(&["a", "b"], 1).await.0, pairs([("a", 1), ("b", 1)]));
    advance(MINUTE).await;
    origin.fails(true);
    // One call leads a, and the other waits for it, and does not ask again though nothing rests.
    let eager = PATIENT.back_off(Duration::ZERO);
    let (one, many) = tokio::join!(
        origin.ask_one_by(&eager, "a", 2),
        origin.ask_by(&eager, &["a", "b"], 2)
    );
    assert_eq!(one, (Ok(1), Source::Stale));
    assert_eq!(many, (pairs([("a", 1), ("b", 1)]), Source::Stale));
    assert_eq!(origin.loads()[1..], [["a"], ["b"]]);
    assert_eq!(origin.cache.loads_under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_the_source_does_not_have_any_more_is_not_served_later() {
    let origin = Origin::default();
    origin
        .cache
        .with_ttl(MINUTE * 61)
        .set("unknown", &1_u32)
        .await
        .unwrap();
    advance(MINUTE).await;
    assert_eq!(origin.ask(&["unknown"], 2).await, (pairs([]), Source::Loaded));
    origin.fails(true);
    assert_eq!(origin.ask(&["unknown"], 3).await, (down(), Source::Loaded));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_is_told_of_the_failure() {
    let origin = Origin::default();
    assert_eq!(origin.ask(&["a"], 1).await.0, pairs([("a", 1)]));
    advance(MINUTE).await;
    origin.fails(true);
    let refreshed = aiocache_core::scope()
        .read(false)
        .run(origin.ask(&["a"], 2))
        .await;
    assert_eq!(refreshed.0, down());
    assert_eq!(origin.ask(&["a"], 2).await, (pairs([("a", 1)]), Source::Stale));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_succeeds_ends_the_back_off() {
    let origin = Origin::default();
    let tired = PATIENT.back_off(MINUTE * 30);
    assert_eq!(origin.ask_by(&tired, &["a"], 1).await.0, pairs([("a", 1)]));
    advance(MINUTE).await;
    origin.fails(true);
    assert_eq!(origin.ask_by(&tired, &["a"], 2).await.1, Source::Stale);
    origin.fails(false);
    let refresh = origin.ask_by(&tired, &["a"], 3);
    let refreshed = aiocache_core::scope().read(false).run(refresh).await;
    assert_eq!(refreshed.0, pairs([("a", 3)]));
    advance(MINUTE).await;
    let loaded = (pairs([("a", 4)]), Source::Loaded);
    assert_eq!(origin.ask_by(&tired, &["a"], 4).await, loaded);
}

#[tokio::test(start_paused = true)]
async fn what_is_served_is_counted_and_told() {
    let origin = Origin::default();
    assert_eq!(origin.ask(&["a", "b"], 1).await.0, pairs([("a", 1), ("b", 1)]));
    advance(MINUTE).await;
    origin.fails(true);
    let mut events = origin.cache.events();
    assert_eq!(origin.ask(&["a", "b"], 2).await.1, Source::Stale);
    let stats = origin.cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.stale), (0, 4, 2));
    loop {
        let event = events.next().await.expect("the cache is there");
        if event.kind == EventKind::Stale {
            assert_eq!(event.items, 2);
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_grace_an_error_is_the_answer() {
    let origin = Origin::default();
    let brief = Policy::new().const_ttl(Ttl::seconds(60));
    let ask = async |number| {
        let load = |keys| origin.load(keys, number);
        origin.cache.multi_get_or_load(["a"], &brief, load).await
    };
    assert_eq!(ask(1).await, pairs([("a", 1)]));
    origin.fails(true);
    assert_eq!(ask(2).await, pairs([("a", 1)]));
    advance(MINUTE).await;
    assert_eq!(ask(3).await, down());
}

#[tokio::test(start_paused = true)]
async fn a_load_that_takes_too_long_is_dropped_and_old_values_are_served() {
    const HASTY: Policy<Timed> = PATIENT.hard_timeout(SECOND);
    let cache = SimpleMemoryCache::new();
    let ask = async |keys: &[&'static str], hangs: bool| {
        let load = async |missing: Vec<&'static str>| {
            if hangs {
                std::future::pending::<()>().await;
            }
            Ok::<Pairs, Error>(missing.into_iter().map(|key| (key, 1)).collect())
        };
        observe(cache.multi_get_or_load(keys.iter().copied(), &HASTY, load)).await
    };
    let failed = |answer: Result<Pairs, Error>| answer.expect_err("it hangs").kind();
    assert_eq!(failed(ask(&["a", "b"], true).await.0), ErrorKind::Timeout);
    assert_eq!(cache.loads_under_way(), 0, "the keys are free");
    assert_eq!(ask(&["a", "b"], false).await.0.unwrap().len(), 2);
    advance(MINUTE).await;
    let began = Instant::now();
    let (answer, source) = ask(&["a", "b"], true).await;
    assert_eq!(
        (answer.unwrap(), source),
        (pairs([("a", 1), ("b", 1)]).unwrap(), Source::Stale)
    );
    assert!(began.elapsed() <= SECOND + SECOND / 100);
    // Who waits for it answers as it does.
    advance(MINUTE).await;
    let (one, two) = tokio::join!(ask(&["a", "b", "c"], true), ask(&["b", "c"], true));
    assert_eq!(
        (failed(one.0), failed(two.0)),
        (ErrorKind::Timeout, ErrorKind::Timeout)
    );
    assert!(
        began.elapsed() <= MINUTE + SECOND * 2 + SECOND / 50,
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_that_was_answered_with_what_is_old_waits_for_no_flight_any_more() {
    let origin = Origin::default();
    assert_eq!(origin.ask(&["a"], 1).await.0, pairs([("a", 1)]));
    advance(MINUTE).await;
    // A load of a that fails after five seconds, and one of b whose caller goes away after two.
    let slow = async || {
        let load = || async {
            sleep(SECOND * 5).await;
            Err::<u32, _>("down".to_owned())
        };
        origin.cache.get_or_load("a", &PATIENT, load).await
    };
    let gone = async || {
        let load = std::future::pending::<Result<u32, String>>;
        let call = origin.cache.get_or_load("b", &PATIENT, load);
        timeout(SECOND * 2, call).await
    };
    // Meanwhile a refresh of a fails, so that a rests.
    let refresh = async || {
        sleep(SECOND).await;
        let load = || async { Err::<u32, _>("down".to_owned()) };
        let call = origin.cache.get_or_load("a", &PATIENT, load);
        aiocache_core::scope().read(false).run(call).await
    };
    let began = Instant::now();
    let ask = async || (origin.ask(&["a", "b"], 2).await, began.elapsed());
    let (slow, gone, refresh, asked) = tokio::join!(slow(), gone(), refresh(), ask());
    assert_eq!((slow, refresh), (Ok(1), Err("down".to_owned())));
    assert!(gone.is_err(), "it went away");
    assert_eq!(asked.0, (pairs([("a", 1), ("b", 2)]), Source::Stale));
    assert!(asked.1 < SECOND * 3, "{:?}", asked.1);
}
