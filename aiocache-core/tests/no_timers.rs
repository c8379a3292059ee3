//! A cache in memory in a runtime that was built without timers, where making one panics.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::time::Duration;

use aiocache_core::{
    Cache, Command, MemoryBackend, Object, Plugin, Policy, RedLock, SimpleMemoryCache, TimingPlugin, Ttl,
};
use tokio::runtime::Builder;
use tokio::task::yield_now;

const SECOND: Duration = Duration::from_secs(1);

/// Runs a test where there is nothing but tasks. It fails if the test panics, or has nothing left to wait for.
fn in_a_bare_runtime(test: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(test);
}

/// A plugin whose hooks take their turn among other tasks.
struct Patient;

impl Plugin for Patient {
    async fn pre(&self, _: &Command<'_>) {
        yield_now().await;
    }
}

async fn use_commands(cache: &SimpleMemoryCache, key: &str) {
    cache.set(key, &1).await.expect("memory answers");
    assert_eq!(cache.get::<i32>(key).await.expect("memory answers"), Some(1));
    cache.delete(key).await.expect("memory answers");
    cache.close().await.expect("nothing to wait for");
}

#[test]
fn commands_with_plugins_and_a_timeout_work() {
    let cache = Cache::builder(MemoryBackend::<Object>::new())
        .timeout(SECOND)
        .plugin(TimingPlugin::new())
        .build();
    in_a_bare_runtime(async {
        use_commands(&cache, "k").await;
        use_commands(&cache.with_plugin(Patient), "k").await;
    });
}

#[test]
fn callers_wait_for_one_load_whatever_its_time_limits() {
    static LOADS: AtomicU32 = AtomicU32::new(0);

    let cache = SimpleMemoryCache::new();
    let policy = Policy::new()
        .ttl(Ttl::seconds(60))
        .grace(60 * SECOND)
        .soft_timeout(SECOND)
        .hard_timeout(SECOND)
        .max_wait(SECOND);
    let load = || async {
        LOADS.fetch_add(1, Ordering::Relaxed);
        yield_now().await;
        Ok::<_, aiocache_core::Error>(1)
    };
    let (one, other) = (
        cache.loading("k", &policy).get(load),
        cache.loading("k", &policy).get(load),
    );
    in_a_bare_runtime(async {
        let (one, other) = tokio::join!(one, other);
        assert_eq!((one.expect("loaded"), other.expect("shared")), (1, 1));
    });
    assert_eq!(LOADS.load(Ordering::Relaxed), 1);
}

#[test]
fn a_lock_goes_from_one_owner_to_the_next() {
    let cache = Arc::new(SimpleMemoryCache::new());
    in_a_bare_runtime(async {
        let lock = RedLock::new(&cache, "k", 60 * SECOND).keep_alive(true);
        let first = lock.acquire().await.expect("memory answers").expect("free");
        let mut second = pin!(lock.acquire());
        let polled = std::future::poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx).is_ready()));
        assert!(!polled.await, "the first owner has it");
        assert!(first.release().await.expect("memory answers"));
        assert!(second.await.expect("memory answers").is_some());
    });
}

#[test]
fn a_runtime_is_asked_for_timers_once_whatever_thread_needs_one() {
    const HERE: &str = "asked once";
    static PANICS: AtomicU32 = AtomicU32::new(0);

    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().name() == Some(HERE) {
            PANICS.fetch_add(1, Ordering::SeqCst);
        } else {
            before(info);
        }
    }));
    let cache = Cache::builder(MemoryBackend::<Object>::new())
        .timeout(SECOND)
        .plugin(Patient)
        .build();
    let all = move || {
        let [one, other] = [(); 2].map(|()| {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(4).thread_name(HERE);
            builder.build().expect("a runtime")
        });
        for _ in 0..3 {
            one.block_on(use_commands(&cache, "k"));
            other.block_on(use_commands(&cache, "k"));
        }
        // Threads that were not told yet, and a worker. Each has a key of its own.
        std::thread::scope(|scope| {
            for key in ["a", "b", "c"] {
                let (one, cache) = (&one, &cache);
                let told = move || one.block_on(use_commands(cache, key));
                let thread = std::thread::Builder::new().name(HERE.to_owned());
                thread.spawn_scoped(scope, told).expect("a thread");
            }
        });
        let worker = one.spawn(async move { use_commands(&cache, "d").await });
        one.block_on(worker).expect("no panic is left");
    };
    let thread = std::thread::Builder::new().name(HERE.to_owned()).spawn(all);
    thread.expect("a thread").join().expect("no panic is left");
    assert_eq!(PANICS.load(Ordering::SeqCst), 2, "one of each runtime");
}
