//! Loads that nobody waits for.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aiocache_core::{Cache, Policy, SimpleMemoryCache, Source, observe};
use tokio::runtime::Builder;
use tokio::time::{Instant, advance, sleep};

use crate::{HOUR, MINUTE, PATIENT, QUICK, SECOND, ask_quickly, shared};

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

#[test]
fn outside_a_runtime_a_policy_in_the_background_loads_in_its_caller() {
    let cache: SimpleMemoryCache = Cache::new();
    let load = || async { Ok::<_, String>(1) };
    let mut call = pin!(cache.get_or_load("k", &QUICK, load));
    let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Ok(1)));
}

/// The task was gone, and the call panicked with the old value at hand.
#[test]
fn a_load_that_its_runtime_takes_along_leaves_the_old_value() {
    fn poll<F: Future>(call: Pin<&mut F>) -> Poll<F::Output> {
        call.poll(&mut Context::from_waker(Waker::noop()))
    }

    let old = Policy::new().ttl(Duration::from_millis(1)).grace(HOUR);
    for policy in [old.clone().soft_timeout(SECOND), old.detached()] {
        let cache: SimpleMemoryCache = Cache::new();
        let first = pin!(cache.get_or_load("k", &policy, || async { Ok::<_, String>(1) }));
        assert_eq!(poll(first), Poll::Ready(Ok(1)));
        std::thread::sleep(Duration::from_millis(5));
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let handle = runtime.handle().clone();
        let _entered = handle.enter();
        let load = || std::future::pending::<Result<u32, String>>();
        let mut during = pin!(observe(cache.get_or_load("k", &policy, load)));
        assert_eq!(poll(during.as_mut()), Poll::Pending);
        runtime.shutdown_background();
        assert_eq!(poll(during), Poll::Ready((Ok(1), Source::Stale)));
        let after = pin!(observe(cache.get_or_load("k", &policy, load)));
        assert_eq!(poll(after), Poll::Ready((Ok(1), Source::Stale)));
        assert_eq!(cache.loads_under_way(), 0);
    }
}
