//! The test kit does what it says: it records, disturbs alike for one seed, and fails where it has to.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use aiocache_core::testing::{
    Call, Chaos, Counted, Increments, Intercept, Intercepted, Recorder, Storm, Verdict, assert_absent,
    assert_hit, assert_loaded, assert_there, pass, paused, runtimes,
};
use aiocache_core::{
    Backend, Cache, Error, ErrorKind, EventKind, MemoryBackend, Object, Policy, RedLock, SimpleMemoryCache,
    Ttl,
};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn recorded() -> (Cache<Intercepted<MemoryBackend, Recorder>>, Recorder) {
    let recorder = Recorder::new();
    let store = Intercepted::new(MemoryBackend::<Object>::new(), recorder.clone());
    (Cache::builder(store).namespace("n").build(), recorder)
}

fn disturbed(chaos: &Chaos) -> Cache<Intercepted<MemoryBackend, Chaos>> {
    let store = Intercepted::new(MemoryBackend::<Object>::new(), chaos.clone());
    Cache::builder(store.remote()).breaker(None).build()
}

async fn load(cache: &SimpleMemoryCache) -> Result<u32, String> {
    cache.get_or_load("k", &Policy::new(), || async { Ok(1) }).await
}

#[tokio::test]
async fn a_recorder_keeps_calls_in_order_with_keys_and_ttl() {
    let (cache, recorder) = recorded();
    cache.with_ttl(Ttl::seconds(5)).set("a", &1).await.unwrap();
    cache.multi_get::<i32>(["a", "b"]).await.unwrap();
    cache.clear().await.unwrap();
    assert_eq!(recorder.methods(), ["write", "read_many", "clear"]);
    let calls = recorder.calls();
    assert_eq!(
        (calls[0].keys.as_slice(), calls[0].ttl),
        (&["n:a".to_owned()][..], Some(5 * SECOND))
    );
    assert_eq!(calls[1].keys, ["n:a", "n:b"]);
    assert_eq!(calls[2].keys, ["n:"]);
    assert_eq!(recorder.count("write"), 1);
    recorder.forget();
    assert_eq!(recorder.calls(), []);
}

/// Which of a hundred reads fail.
async fn failures(seed: u64) -> Vec<usize> {
    let cache = disturbed(&Chaos::seeded(seed).failing(0.25));
    let mut failed = Vec::new();
    for n in 0..100 {
        if let Err(error) = cache.get::<u32>("k").await {
            assert_eq!(error.kind(), ErrorKind::Unavailable);
            failed.push(n);
        }
    }
    failed
}

#[tokio::test]
async fn one_seed_strikes_the_same_calls_and_another_one_others() {
    let failed = failures(1).await;
    assert!((15..=35).contains(&failed.len()), "{failed:?}");
    assert_eq!(failures(1).await, failed);
    assert_ne!(failures(2).await, failed);
}

#[tokio::test]
async fn a_lost_answer_is_a_write_that_was_done() {
    let cache = disturbed(&Chaos::seeded(1).losing_answers(1.0));
    let lost = cache.set("k", &1).await.expect_err("its answer is lost");
    assert_eq!(lost.kind(), ErrorKind::Unknown);
    assert!(!cache.backend().backend().is_empty());
}

#[tokio::test]
async fn a_forgotten_write_says_that_it_was_done_and_was_not() {
    let chaos = Chaos::seeded(1).forgetting(1.0);
    let cache = disturbed(&chaos);
    cache.set("k", &1).await.expect("it says so");
    assert!(cache.backend().backend().is_empty());
    assert_eq!(cache.get::<u32>("k").await.expect("a miss"), None);
    assert_eq!(chaos.struck(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_call_takes_longer_and_a_store_that_is_down_comes_back() {
    let chaos = Chaos::seeded(1).slow(1.0, SECOND);
    let cache = disturbed(&chaos);
    let before = Instant::now();
    cache.set("k", &1).await.expect("slow, but done");
    assert_eq!(before.elapsed(), SECOND);
    chaos.set_down(true);
    cache.get::<i32>("k").await.expect_err("down");
    chaos.set_down(false);
    assert_eq!(cache.get::<i32>("k").await.expect("up"), Some(1));
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_told_when_the_breaker_opens_and_when_it_closes() {
    let chaos = Chaos::seeded(1);
    let store = Intercepted::new(MemoryBackend::<Object>::new(), chaos.clone());
    let cache = Cache::builder(store.remote()).build();
    let mut events = cache.events();
    let mut told = move || -> Vec<EventKind> {
        let breaker = [EventKind::BreakerOpened, EventKind::BreakerClosed];
        let kinds = std::iter::from_fn(|| events.next_now()).map(|event| event.kind);
        kinds.filter(|kind| breaker.contains(kind)).collect()
    };
    chaos.set_down(true);
    for _ in 0..20 {
        cache.get::<i32>("k").await.expect_err("down");
    }
    assert_eq!(told(), [EventKind::BreakerOpened], "once");
    chaos.set_down(false);
    pass(SECOND).await;
    // The first after the pause lets the store be tried, which takes a turn of the runtime.
    let _refused = cache.get::<i32>("k").await;
    pass(SECOND).await;
    cache.get::<i32>("k").await.expect("up");
    assert_eq!(told(), [EventKind::BreakerClosed]);
}

#[test]
fn paused_time_ends_entries_at_once() {
    let started = std::time::Instant::now();
    paused(async {
        let cache = SimpleMemoryCache::new();
        cache.with_ttl(Ttl::seconds(3600)).set("k", &1).await.unwrap();
        pass(1800 * SECOND).await;
        assert_there(&cache, "k").await;
        pass(1800 * SECOND).await;
        assert_absent(&cache, "k").await;
    });
    assert!(started.elapsed() < 60 * SECOND);
}

#[test]
fn one_seed_strikes_as_often_where_calls_are_made_at_once() {
    const CALLS: u32 = 20_000;
    let struck = |threads: u32| {
        let chaos = Chaos::seeded(3).failing(0.5);
        let cache = Cache::builder(Intercepted::new(MemoryBackend::<Object>::new(), chaos.clone())).build();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    for _ in 0..CALLS / threads {
                        let read = pin!(cache.exists("k"));
                        assert!(read.poll(&mut Context::from_waker(Waker::noop())).is_ready());
                    }
                });
            }
        });
        chaos.struck()
    };
    assert_eq!(struck(1), struck(4));
}

#[tokio::test]
async fn locks_are_seen_and_stay_those_of_the_store() {
    let (cache, recorder) = recorded();
    let lock = RedLock::new(&cache, "k", 5 * SECOND);
    let guard = lock.acquire().await.unwrap().expect("free");
    assert!(guard.fencing_token().is_some(), "the memory store gives one");
    assert!(guard.extend().await.unwrap());
    assert!(guard.release().await.unwrap());
    assert_eq!(recorder.methods(), ["lock", "extend_lock", "unlock"]);
    let calls = recorder.calls();
    assert_eq!((&*calls[0].keys[0], calls[0].ttl), ("n:k-lock", Some(5 * SECOND)));
    assert_eq!((calls[1].ttl, calls[2].ttl), (Some(5 * SECOND), None));
}

#[tokio::test]
async fn chaos_strikes_locks_too() {
    let chaos = Chaos::seeded(1);
    let cache = disturbed(&chaos);
    let lock = RedLock::new(&cache, "k", SECOND);
    chaos.set_down(true);
    let refused = lock.try_acquire().await.expect_err("down");
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert_eq!(chaos.struck(), 1, "one call, as the store has a lock of its own");
}

#[tokio::test]
async fn assertions_pass_where_they_are_true() {
    let cache = SimpleMemoryCache::new();
    assert_eq!(assert_loaded(load(&cache)).await, Ok(1));
    assert_eq!(assert_hit(load(&cache)).await, Ok(1));
    assert_there(&cache, "k").await;
}

#[tokio::test]
#[should_panic(expected = "the value is Loaded and not Hit, at aiocache-core/tests/test_kit.rs:")]
async fn a_miss_is_no_hit() {
    let _unreached = assert_hit(load(&SimpleMemoryCache::new())).await;
}

#[tokio::test]
#[should_panic(expected = r#""k" is not there, at aiocache-core/tests/test_kit.rs:"#)]
async fn what_is_absent_is_not_there() {
    assert_there(&SimpleMemoryCache::new(), "k").await;
}

#[tokio::test]
#[should_panic(
    expected = r#"the cache is switched off, so nobody knows whether "k" is there, at aiocache-core/tests/"#
)]
async fn a_cache_that_is_off_says_nothing_of_what_is_absent() {
    assert_absent(&SimpleMemoryCache::new().with_disabled(true), "k").await;
}

mod an_intercepted_store {
    use aiocache_core::testing::{Chaos, Fixture, Intercepted, Recorder};
    use aiocache_core::{Bytes, MemoryBackend};

    aiocache_core::backend_conformance!(async {
        let recorded = Intercepted::new(MemoryBackend::<Bytes>::new(), Recorder::new());
        Fixture::own(Intercepted::new(recorded, Chaos::seeded(1)))
    });
}

/// Of three calls, the answer of one is lost and one is refused.
struct EachInTurn(AtomicU32);

impl Intercept for EachInTurn {
    async fn before(&self, _: &Call<'_>) -> Verdict {
        match self.0.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => Verdict::Run,
            1 => Verdict::LoseAnswer(Error::new(ErrorKind::Unknown, "")),
            _ => Verdict::Fail(Error::new(ErrorKind::Unavailable, "")),
        }
    }
}

#[tokio::test]
async fn increments_are_counted_by_what_their_callers_were_told() {
    let inner = MemoryBackend::<Object>::new();
    let store = Arc::new(Intercepted::new(inner, EachInTurn(AtomicU32::new(0))));
    let mut told = Counted::default();
    for _ in 0..2 {
        told.add(Increments::begin(&store, "counter", 30).end().await);
    }
    assert_eq!((told.acknowledged, told.unknown, told.unavailable), (20, 20, 20));
    let counter = store.backend().increment("counter", 0, None).await;
    assert_eq!(counter.expect("counted"), 40);
    let allowed = [19, 20, 40, 41].map(|counter| told.allows(counter));
    assert_eq!(allowed, [false, true, true, false], "lost, and counted twice");
}

struct ForgetsIncrements;

impl Intercept for ForgetsIncrements {
    async fn before(&self, call: &Call<'_>) -> Verdict {
        match call.method {
            "increment" => Verdict::Forget,
            _ => Verdict::Run,
        }
    }
}

#[test]
#[should_panic(expected = "each increment counts once")]
fn runtimes_that_share_a_store_see_that_it_forgets_what_they_counted() {
    let store = Intercepted::new(MemoryBackend::<Object>::new(), ForgetsIncrements);
    runtimes::beside_one_that_stands_still(&store);
}

#[tokio::test]
async fn a_storm_reports_when_its_callers_had_errors_and_when_no_more() {
    let chaos = Chaos::seeded(1);
    let answered = Recorder::new();
    let store = Intercepted::new(MemoryBackend::<Object>::new(), answered.clone());
    let storm = Storm::begin(Intercepted::new(store, chaos.clone()), 5);
    let until = async |holds: &dyn Fn() -> bool| {
        let start = std::time::Instant::now();
        while !holds() {
            assert!(start.elapsed() < 20 * SECOND, "the callers go on");
            tokio::time::sleep(SECOND / 1000).await;
        }
    };
    until(&|| !answered.methods().is_empty()).await;
    chaos.set_down(true);
    until(&|| chaos.struck() >= 5).await;
    chaos.set_down(false);
    let back = std::time::Instant::now();
    let before = answered.methods().len();
    // Of each caller one, and one that began after it is back.
    until(&|| answered.methods().len() > before + 5).await;
    let report = storm.end().await;
    assert!(report.errors().count() >= 5);
    assert!(
        report
            .errors()
            .all(|error| error.kind() == ErrorKind::Unavailable)
    );
    assert_eq!(report.errors_after(back).count(), 0);
    assert!(report.success_after(back).is_some());
    assert_eq!(report.success_after(std::time::Instant::now()), None);
    assert!(report.commands() > report.errors().count());
    assert!(report.slowest() < SECOND * 10);
}
