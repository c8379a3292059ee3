//! What ends a queue: a clear, a close, the end of the cache or of a runtime.

use std::sync::Arc;

use aiocache_core::RecoverySettings;
use tokio::time::sleep;

use crate::failing::{DOWN, LATER, SECOND, UP, cache, failed, holds, with};

#[tokio::test(start_paused = true)]
async fn a_clear_takes_out_what_waits_in_its_namespace() {
    let (cache, store) = with(RecoverySettings::new().pause(SECOND * 3600));
    let (ours, theirs) = (cache.with_namespace("ours"), cache.with_namespace("theirs"));
    ours.set("kept", &1).await.unwrap();
    for fails in [false, true] {
        store.set(DOWN);
        failed(ours.set("a", &1).await);
        failed(theirs.set("a", &1).await);
        if fails {
            failed(ours.clear().await);
            assert_eq!(cache.stats().writes_queued, 2, "a delete, and theirs");
        }
        store.set(UP);
        if !fails {
            ours.clear().await.unwrap();
            assert_eq!(cache.stats().writes_queued, 1);
        }
        assert_eq!(ours.get::<u32>("a").await.unwrap(), None);
        assert_eq!(theirs.get::<u32>("a").await.unwrap(), Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn close_tries_once_more() {
    let (cache, store) = with(RecoverySettings::new().pause(SECOND * 3600));
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    store.set(UP);
    cache.close().await.unwrap();
    assert_eq!(holds(&cache, "a").await, Some(1));
}

#[tokio::test(start_paused = true)]
async fn what_waits_does_not_keep_the_cache_alive() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(cache.set("a", &1).await);
    drop(cache);
    sleep(LATER).await;
    assert_eq!(Arc::strong_count(&store.0), 1, "the store went with its cache");
}

/// A future run without tokio, of which every wait is busy.
fn without_tokio<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    loop {
        if let std::task::Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return done;
        }
    }
}

#[test]
fn outside_a_runtime_the_next_reader_repeats() {
    let (cache, store) = cache();
    store.set(DOWN);
    failed(without_tokio(cache.set("a", &1)));
    store.set(UP);
    assert_eq!(without_tokio(cache.get::<u32>("a")).unwrap(), Some(1));
    assert_eq!(cache.stats().writes_queued, 0);
}

#[test]
fn a_runtime_that_shuts_down_takes_nothing_with_it() {
    let (cache, store) = cache();
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime")
    };
    store.set(DOWN);
    runtime().block_on(async {
        failed(cache.set("a", &1).await);
        store.set(UP);
        store.hold();
        store.held().await;
    });
    assert_eq!(cache.stats().writes_queued, 1, "its replay was dropped");
    runtime().block_on(async {
        assert_eq!(cache.get::<u32>("other").await.unwrap(), None);
        sleep(LATER).await;
        assert_eq!(holds(&cache, "a").await, Some(1));
    });
}
