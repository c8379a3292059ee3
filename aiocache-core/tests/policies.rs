//! Loading policies in memory, on a paused clock: what is served while the source fails or is slow, and how often it is
//! asked.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aiocache_core::{Background, Cache, Error, Policy, SimpleMemoryCache, Source, Ttl, observe};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// A ttl of a minute, and a grace of an hour.
const PATIENT: Policy = Policy::new().const_ttl(Ttl::seconds(60)).grace(HOUR);

/// The same, and nobody waits longer than a second for what is there.
const QUICK: Policy<Background> = PATIENT.soft_timeout(SECOND);

/// A source that gives the number of its calls, fails on demand, and takes its time.
#[derive(Default)]
struct Origin {
    calls: AtomicU32,
    fails: AtomicU32,
    takes: AtomicU32,
}

impl Origin {
    fn calls(&self) -> u32 {
        self.calls.load(SeqCst)
    }

    fn fails(&self, fails: bool) {
        self.fails.store(u32::from(fails), SeqCst);
    }

    fn takes(&self, time: Duration) {
        self.takes
            .store(u32::try_from(time.as_millis()).expect("a short time"), SeqCst);
    }

    async fn ask(self: Arc<Self>) -> Result<u32, String> {
        let number = self.calls.fetch_add(1, SeqCst) + 1;
        let takes = self.takes.load(SeqCst);
        if takes > 0 {
            sleep(Duration::from_millis(takes.into())).await;
        }
        if self.fails.load(SeqCst) == 1 {
            return Err("down".to_owned());
        }
        Ok(number)
    }
}

type Shared = (Arc<SimpleMemoryCache>, Arc<Origin>);

fn shared() -> Shared {
    (Arc::new(Cache::new()), Arc::default())
}

/// One call, and where its value came from.
async fn ask((cache, source): &Shared, policy: &Policy) -> (Result<u32, String>, Source) {
    observe(cache.get_or_load("k", policy, || Arc::clone(source).ask())).await
}

async fn ask_quickly((cache, source): &Shared) -> (Result<u32, String>, Source) {
    observe(cache.get_or_load("k", &QUICK, || Arc::clone(source).ask())).await
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_for_an_hour_is_asked_once_in_each_back_off_and_never_served_beyond_the_grace() {
    let shared = shared();
    assert_eq!(ask(&shared, &PATIENT).await, (Ok(1), Source::Loaded));
    shared.1.fails(true);
    advance(MINUTE - Duration::from_millis(1)).await;
    assert_eq!(ask(&shared, &PATIENT).await, (Ok(1), Source::Hit));
    advance(Duration::from_millis(1)).await;
    for second in 0..3600 {
        assert_eq!(ask(&shared, &PATIENT).await, (Ok(1), Source::Stale), "{second}");
        advance(SECOND).await;
    }
    assert_eq!(shared.1.calls(), 1 + 360, "once in ten seconds");
    assert_eq!(
        ask(&shared, &PATIENT).await,
        (Err("down".to_owned()), Source::Loaded)
    );
    shared.1.fails(false);
    assert_eq!(
        ask(&shared, &PATIENT).await,
        (Ok(363), Source::Loaded),
        "without an old value there is no back-off"
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_back_is_noticed_after_the_back_off_and_a_write_ends_it_at_once() {
    let shared = shared();
    assert_eq!(ask(&shared, &PATIENT).await.0, Ok(1));
    shared.1.fails(true);
    advance(MINUTE).await;
    assert_eq!(ask(&shared, &PATIENT).await.0, Ok(1));
    shared.1.fails(false);
    advance(SECOND * 9).await;
    assert_eq!(ask(&shared, &PATIENT).await, (Ok(1), Source::Stale));
    advance(SECOND).await;
    assert_eq!(ask(&shared, &PATIENT).await, (Ok(3), Source::Loaded));

    shared.1.fails(true);
    advance(MINUTE).await;
    assert_eq!(ask(&shared, &PATIENT).await, (Ok(3), Source::Stale));
    shared.0.with_ttl(HOUR + SECOND).set("k", &70_u32).await.unwrap();
    assert_eq!(ask(&shared, &PATIENT).await, (Ok(70), Source::Hit));
    shared.1.fails(false);
    advance(SECOND).await;
    assert_eq!(
        ask(&shared, &PATIENT).await,
        (Ok(5), Source::Loaded),
        "the write ended the back-off"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_at_expiry_ask_a_failing_source_once() {
    let shared = shared();
    shared.1.takes(SECOND);
    assert_eq!(ask(&shared, &PATIENT).await.0, Ok(1));
    shared.1.fails(true);
    advance(MINUTE).await;
    let mut callers = JoinSet::new();
    for _ in 0..1_000 {
        let shared = (Arc::clone(&shared.0), Arc::clone(&shared.1));
        callers.spawn(async move { ask(&shared, &PATIENT).await });
    }
    for answer in callers.join_all().await {
        assert_eq!(answer, (Ok(1), Source::Stale));
    }
    assert_eq!((shared.1.calls(), shared.0.loads_under_way()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_value_is_gone_for_good() {
    let shared = shared();
    assert_eq!(ask(&shared, &PATIENT).await.0, Ok(1));
    shared.1.fails(true);
    advance(MINUTE).await;
    assert_eq!(ask(&shared, &PATIENT).await.0, Ok(1));
    assert_eq!(shared.0.delete("k").await.unwrap(), 1);
    assert_eq!(ask(&shared, &PATIENT).await.0, Err("down".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_caller_waits_a_soft_timeout_and_the_load_fills_the_cache() {
    let shared = shared();
    assert_eq!(ask_quickly(&shared).await.0, Ok(1));
    shared.1.takes(SECOND * 5);
    advance(MINUTE).await;
    let before = Instant::now();
    assert_eq!(ask_quickly(&shared).await, (Ok(1), Source::Stale));
    assert_eq!(before.elapsed(), SECOND);
    assert_eq!(
        ask_quickly(&shared).await,
        (Ok(1), Source::Stale),
        "it waits for the load under way"
    );
    assert_eq!((before.elapsed(), shared.1.calls()), (SECOND * 2, 2));
    sleep(SECOND * 4).await;
    assert_eq!(ask_quickly(&shared).await, (Ok(2), Source::Hit));
}

#[tokio::test(start_paused = true)]
async fn a_load_that_is_quick_enough_is_waited_for() {
    let shared = shared();
    assert_eq!(ask_quickly(&shared).await.0, Ok(1));
    shared.1.takes(SECOND / 2);
    advance(MINUTE).await;
    assert_eq!(ask_quickly(&shared).await, (Ok(2), Source::Loaded));
    shared.1.fails(true);
    advance(MINUTE).await;
    assert_eq!(ask_quickly(&shared).await, (Ok(2), Source::Stale));
}

#[tokio::test(start_paused = true)]
async fn stale_while_revalidate_waits_for_nothing() {
    let shared = shared();
    let (cache, source) = &shared;
    let policy = PATIENT.soft_timeout(Duration::ZERO);
    let ask = || observe(cache.get_or_load("k", &policy, || Arc::clone(source).ask()));
    assert_eq!(ask().await.0, Ok(1));
    source.takes(SECOND);
    advance(MINUTE).await;
    let before = Instant::now();
    for _ in 0..3 {
        assert_eq!(ask().await, (Ok(1), Source::Stale));
    }
    assert_eq!(before.elapsed(), Duration::ZERO);
    sleep(SECOND * 2).await;
    assert_eq!((ask().await, source.calls()), ((Ok(2), Source::Hit), 2));
}

#[tokio::test(start_paused = true)]
async fn a_hanging_load_is_dropped_and_its_key_is_free() {
    let shared = shared();
    let (cache, source) = &shared;
    let policy = PATIENT.hard_timeout(SECOND * 2);
    let load = || Arc::clone(source).ask();
    source.takes(HOUR);
    let slow = cache
        .loading("k", &policy)
        .on_timeout(|| Err("slow".to_owned()))
        .get(load);
    assert_eq!(slow.await, Err("slow".to_owned()));
    assert_eq!(cache.loads_under_way(), 0);
    source.takes(Duration::ZERO);
    let ask = || {
        cache
            .loading("k", &policy)
            .on_timeout(|| Err("slow".to_owned()))
            .get(load)
    };
    assert_eq!(ask().await, Ok(2));
    source.takes(HOUR);
    advance(MINUTE).await;
    let before = Instant::now();
    assert_eq!(observe(ask()).await, (Ok(2), Source::Stale));
    assert_eq!(
        observe(ask()).await,
        (Ok(2), Source::Stale),
        "a timeout is a failure, and begins a back-off"
    );
    assert_eq!((before.elapsed(), source.calls()), (SECOND * 2, 3));
}

#[tokio::test(start_paused = true)]
async fn waiters_of_a_hanging_load_do_not_wait_for_a_second_one() {
    let (cache, source) = shared();
    source.takes(HOUR);
    let policy = Policy::new().hard_timeout(SECOND);
    let mut callers = JoinSet::new();
    let before = Instant::now();
    for _ in 0..100 {
        let (cache, source, policy) = (Arc::clone(&cache), Arc::clone(&source), policy.clone());
        callers.spawn(async move {
            let load = || async { Ok::<_, Error>(source.ask().await.unwrap_or_default()) };
            cache.get_or_load("k", &policy, load).await
        });
    }
    for answer in callers.join_all().await {
        assert_eq!(answer.unwrap_err().kind(), aiocache_core::ErrorKind::Timeout);
    }
    assert_eq!((before.elapsed(), source.calls()), (SECOND, 1));
}

#[tokio::test(start_paused = true)]
async fn a_value_is_refreshed_ahead_by_one_load_and_an_unused_one_dies() {
    let shared = shared();
    let (cache, source) = &shared;
    let policy = Policy::new().ttl(MINUTE).refresh_ahead(0.8);
    let ask = || observe(cache.get_or_load("k", &policy, || Arc::clone(source).ask()));
    assert_eq!(ask().await.0, Ok(1));
    source.takes(SECOND);
    advance(SECOND * 48 - Duration::from_millis(1)).await;
    assert_eq!((ask().await, source.calls()), ((Ok(1), Source::Hit), 1));
    advance(Duration::from_millis(1)).await;
    for _ in 0..10 {
        assert_eq!(ask().await, (Ok(1), Source::Hit));
    }
    sleep(SECOND * 2).await;
    assert_eq!((ask().await, source.calls()), ((Ok(2), Source::Hit), 2));
    sleep(MINUTE * 2).await;
    assert_eq!(
        (ask().await, source.calls()),
        ((Ok(3), Source::Loaded), 3),
        "no timer kept it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_is_not_tried_again_before_its_back_off() {
    let shared = shared();
    let (cache, source) = &shared;
    let policy = Policy::new().ttl(MINUTE).refresh_ahead(0.5).back_off(SECOND * 5);
    let ask = || observe(cache.get_or_load("k", &policy, || Arc::clone(source).ask()));
    assert_eq!(ask().await.0, Ok(1));
    source.fails(true);
    advance(SECOND * 30).await;
    for _ in 0..10 {
        assert_eq!(ask().await, (Ok(1), Source::Hit));
        sleep(SECOND).await;
    }
    assert_eq!(source.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_write_during_a_background_load_wins() {
    let shared = shared();
    assert_eq!(ask_quickly(&shared).await.0, Ok(1));
    shared.1.takes(SECOND * 5);
    advance(MINUTE).await;
    assert_eq!(ask_quickly(&shared).await.0, Ok(1));
    shared.0.with_ttl(HOUR * 2).set("k", &70_u32).await.unwrap();
    sleep(SECOND * 10).await;
    assert_eq!(ask_quickly(&shared).await, (Ok(70), Source::Hit));

    shared.0.delete("k").await.unwrap();
    shared.1.takes(Duration::ZERO);
    assert_eq!(ask_quickly(&shared).await.0, Ok(3));
    shared.1.takes(SECOND * 5);
    advance(MINUTE).await;
    assert_eq!(ask_quickly(&shared).await, (Ok(3), Source::Stale));
    shared.0.delete("k").await.unwrap();
    sleep(SECOND * 10).await;
    assert_eq!(shared.0.get::<u32>("k").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_loads_in_the_background() {
    let shared = shared();
    assert_eq!(ask_quickly(&shared).await.0, Ok(1));
    shared.1.takes(SECOND * 3);
    advance(MINUTE).await;
    assert_eq!(ask_quickly(&shared).await.1, Source::Stale);
    let before = Instant::now();
    shared.0.close().await.unwrap();
    assert_eq!(before.elapsed(), SECOND * 2);
    assert_eq!(shared.0.get::<u32>("k").await.unwrap(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_the_background_harms_nobody_and_begins_a_back_off() {
    let (cache, calls) = (Cache::new(), AtomicU32::new(0));
    let cache: SimpleMemoryCache = cache;
    let policy = PATIENT.soft_timeout(Duration::ZERO);
    let ask = || {
        let first = calls.fetch_add(1, SeqCst) == 0;
        async move {
            assert!(first, "a panic that is meant to be");
            Ok::<_, String>(1)
        }
    };
    assert_eq!(cache.get_or_load("k", &policy, ask).await, Ok(1));
    advance(MINUTE).await;
    for _ in 0..5 {
        assert_eq!(cache.get_or_load("k", &policy, ask).await, Ok(1));
        sleep(SECOND).await;
    }
    assert_eq!((calls.load(SeqCst), cache.loads_under_way()), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_no_failure_is_the_answer() {
    let cache: SimpleMemoryCache = Cache::new();
    let ask = |answer: Result<u32, &'static str>| {
        let call = cache
            .loading("k", &PATIENT)
            .fail_if(|error: &&str| *error == "down")
            .fallback(|| 7);
        call.get(move || async move { answer })
    };
    assert_eq!(
        ask(Err("down")).await,
        Ok(7),
        "a fallback is for calls without a value"
    );
    assert_eq!(ask(Err("unknown user")).await, Err("unknown user"));
    assert_eq!(ask(Ok(1)).await, Ok(1), "a fallback is not stored");
    advance(MINUTE).await;
    assert_eq!(ask(Err("unknown user")).await, Err("unknown user"));
    assert_eq!(ask(Err("down")).await, Ok(1));
    assert_eq!(ask(Ok(2)).await, Ok(1), "backing off");
}

#[tokio::test(start_paused = true)]
async fn a_load_is_offered_the_old_value_and_may_say_that_it_still_holds() {
    let cache: SimpleMemoryCache = Cache::new();
    let load = |unchanged: bool| {
        cache
            .loading::<_, String, _>("k", &PATIENT)
            .get_with(move |context| async move {
                if unchanged {
                    return Ok(context.not_modified().expect("there is an old value"));
                }
                assert_eq!(context.stale(), None::<String>);
                context.set_ttl(SECOND * 30);
                Ok("value".to_owned())
            })
    };
    assert_eq!(load(false).await.as_deref(), Ok("value"));
    advance(SECOND * 30).await;
    assert_eq!(
        observe(load(true)).await,
        (Ok("value".to_owned()), Source::Loaded)
    );
    advance(MINUTE - SECOND).await;
    assert_eq!(
        observe(load(true)).await,
        (Ok("value".to_owned()), Source::Hit),
        "the policy's ttl, from then on"
    );
}

#[tokio::test(start_paused = true)]
async fn what_a_load_does_not_want_stored_takes_the_old_value_away() {
    let cache: SimpleMemoryCache = Cache::new();
    let load = |skip: bool, value: u32| {
        cache
            .loading::<_, String, _>("k", &PATIENT)
            .get_with(move |context| async move {
                if skip {
                    context.skip_store();
                }
                Ok(value)
            })
    };
    assert_eq!(load(false, 1).await, Ok(1));
    advance(MINUTE).await;
    assert_eq!(load(true, 2).await, Ok(2));
    assert_eq!(cache.get::<u32>("k").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_caller_with_an_old_value_does_not_wait_longer_than_max_wait() {
    let shared = shared();
    let policy = PATIENT.max_wait(SECOND * 3);
    assert_eq!(ask(&shared, &policy).await.0, Ok(1));
    shared.1.takes(SECOND * 10);
    advance(MINUTE).await;
    let (first, second) = tokio::join!(ask(&shared, &policy), async {
        let before = Instant::now();
        (ask(&shared, &policy).await, before.elapsed())
    });
    assert_eq!(first, (Ok(2), Source::Loaded));
    assert_eq!(second, ((Ok(1), Source::Stale), SECOND * 3));
}

#[test]
fn outside_a_runtime_a_policy_in_the_background_loads_in_its_caller() {
    let cache: SimpleMemoryCache = Cache::new();
    let load = || async { Ok::<_, String>(1) };
    let mut call = pin!(cache.get_or_load("k", &QUICK, load));
    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Ok(1)));
}
