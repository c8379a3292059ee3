//! A source that is slow, and how long callers wait for it.

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::{Error, Policy, Source, observe};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

use crate::{HOUR, MINUTE, PATIENT, SECOND, ask, ask_quickly, shared};

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
