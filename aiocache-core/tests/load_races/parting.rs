//! What is done to a cache where a value goes: in its `Drop`, or by who hears of it.

use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aiocache_core::{Cache, Event, EventKind, MemoryBackend, Plugin, Policy, SimpleMemoryCache, scope};
use tokio::sync::oneshot;
use tokio::time::advance;

use crate::told;

/// How often something was done.
type Count = Arc<AtomicU32>;

/// Does something when its last handle goes.
struct Parting(Option<Box<dyn Fn() + Send + Sync>>);

impl Drop for Parting {
    fn drop(&mut self) {
        if let Some(act) = &self.0 {
            act();
        }
    }
}

/// What `call` gives without a wait; nothing can wait where a value goes.
fn at_once<F: Future>(call: F) -> F::Output {
    match pin!(call).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// A value that deletes a key of its cache when it goes.
fn deletes(cache: &SimpleMemoryCache, key: &'static str, deletes: &Count) -> Arc<Parting> {
    let (cache, deletes) = (cache.clone(), Arc::clone(deletes));
    Arc::new(Parting(Some(Box::new(move || {
        at_once(cache.delete(key)).expect("memory answers");
        deletes.fetch_add(1, Ordering::SeqCst);
    }))))
}

async fn load(cache: &SimpleMemoryCache, value: Arc<Parting>) {
    let policy = Policy::new().ttl(Duration::from_secs(1));
    let loaded = cache.get_or_load("k", &policy, || async { Ok::<_, String>(value) });
    assert!(loaded.await.is_ok());
}

async fn is_there(cache: &SimpleMemoryCache, key: &str) -> bool {
    cache.exists(key).await.expect("memory answers")
}

/// The delete waited for the end of the store that it was part of, for ever.
#[tokio::test(start_paused = true)]
async fn a_value_that_a_load_replaces_may_delete_its_key() {
    for expired in [false, true] {
        let (cache, count) = (SimpleMemoryCache::new(), Count::default());
        load(&cache, deletes(&cache, "k", &count)).await;
        if expired {
            advance(Duration::from_secs(2)).await;
            load(&cache, Arc::new(Parting(None))).await;
        } else {
            let refresh = load(&cache, Arc::new(Parting(None)));
            scope().read(false).run(refresh).await;
        }
        assert_eq!(count.load(Ordering::SeqCst), 1, "expired: {expired}");
        assert!(!is_there(&cache, "k").await, "expired: {expired}");
        assert_eq!(cache.loads_under_way(), 0);
    }
}

/// Of the values of one store, the first to go may mean a key that is yet to be written.
#[tokio::test(start_paused = true)]
async fn a_value_that_a_load_of_many_keys_replaces_may_delete_any_of_them() {
    let (cache, count) = (SimpleMemoryCache::new(), Count::default());
    let policy = Policy::new();
    let load = |a, b| {
        let mut values = BTreeMap::from([("a", a), ("b", b)]);
        let give = move |_: Vec<&'static str>| {
            let values = std::mem::take(&mut values);
            async { Ok::<_, String>(values) }
        };
        cache.multi_get_or_load(["a", "b"], &policy, give)
    };
    let (a, b) = (deletes(&cache, "b", &count), deletes(&cache, "a", &count));
    assert!(load(a, b).await.is_ok());
    let refresh = load(Arc::new(Parting(None)), Arc::new(Parting(None)));
    assert!(scope().read(false).run(refresh).await.is_ok());
    assert_eq!(count.load(Ordering::SeqCst), 2);
    assert_eq!(
        (is_there(&cache, "a").await, is_there(&cache, "b").await),
        (false, false)
    );
}

/// Deletes a key, and clears the cache, where a value went by itself.
struct Listener(Arc<OnceLock<SimpleMemoryCache>>, Count);

impl Plugin for Listener {
    fn event(&self, event: &Event<'_>) {
        if let (EventKind::Evicted { .. }, Some(cache)) = (&event.kind, self.0.get()) {
            at_once(cache.delete("k")).expect("memory answers");
            at_once(cache.clear()).expect("memory answers");
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The listener waited as the value did.
#[tokio::test(start_paused = true)]
async fn a_listener_may_delete_the_key_whose_store_let_the_old_value_go() {
    let (handle, count) = (Arc::new(OnceLock::new()), Count::default());
    let listener = Listener(Arc::clone(&handle), Arc::clone(&count));
    let cache: SimpleMemoryCache = Cache::builder(MemoryBackend::new()).plugin(listener).build();
    handle.set(cache.clone()).expect("the first");
    load(&cache, Arc::new(Parting(None))).await;
    advance(Duration::from_secs(2)).await;
    load(&cache, Arc::new(Parting(None))).await;
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert!(!is_there(&cache, "k").await);
}

/// The first panic kept what was in the rest of the store, and let a load store that began before the clear was over.
#[tokio::test(start_paused = true)]
async fn a_clear_takes_everything_though_values_panic_where_they_are_dropped() {
    let (cache, gone) = (SimpleMemoryCache::new(), Count::default());
    let ((tell, answer), begun) = (oneshot::channel(), Arc::new(Mutex::new(None)));
    let begin = {
        let (cache, begun, answer) = (cache.clone(), Arc::clone(&begun), Mutex::new(Some(answer)));
        move || {
            let answer = answer.lock().expect("no panic").take().expect("only once");
            let cache = cache.clone();
            let mut load =
                Box::pin(async move { cache.get_or_load("late", &Policy::new(), || told(answer)).await });
            assert!(
                load.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
            *begun.lock().expect("no panic") = Some(load);
        }
    };
    let begin = Arc::new(begin);
    for number in 0..100 {
        let (gone, begin) = (Arc::clone(&gone), Arc::clone(&begin));
        let goes = move || {
            gone.fetch_add(1, Ordering::SeqCst);
            if number == 50 {
                begin();
            }
            assert!(number % 50 != 0, "a panic that is meant to be");
        };
        let value = Arc::new(Parting(Some(Box::new(goes))));
        cache
            .set(number.to_string(), &value)
            .await
            .expect("memory answers");
    }
    let cleared = catch_unwind(AssertUnwindSafe(|| at_once(cache.clear())));
    assert!(cleared.is_err(), "the first panic goes on");
    assert_eq!(gone.load(Ordering::SeqCst), 100);
    for number in 0..100 {
        assert!(!is_there(&cache, &number.to_string()).await);
    }
    tell.send(1).expect("it waits");
    let begun = begun.lock().expect("no panic").take().expect("begun");
    assert_eq!(begun.await, Ok(1));
    assert!(!is_there(&cache, "late").await);
}
