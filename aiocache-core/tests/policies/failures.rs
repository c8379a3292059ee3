//! A source that fails, and what a load says of its value.

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::{Cache, SimpleMemoryCache, Source, observe};
use tokio::task::JoinSet;
use tokio::time::advance;

use crate::{HOUR, MINUTE, PATIENT, SECOND, ask, shared};

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
