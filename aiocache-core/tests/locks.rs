//! `RedLock` by the clock, and over a store that is slow or can do little.

#[path = "support/slow.rs"]
mod slow;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use aiocache_core::testing::{Call, Intercept, Intercepted, Verdict};
use aiocache_core::{
    Backend, Cache, Error, ErrorKind, LockGuard, MemoryBackend, OptimisticLock, RedLock, SimpleMemoryCache,
};
use slow::{Slow, Way};
use tokio::time::{Instant, sleep, timeout};

const LEASE: Duration = Duration::from_secs(10);
/// The longest pause between two looks at a lock.
const LOOK: Duration = Duration::from_millis(100);

fn slow(way: Way) -> Cache<Slow> {
    let backend = Slow {
        read: Way::default(),
        write: way,
        ..Slow::default()
    };
    let builder = Cache::builder(backend);
    builder.timeout(Duration::from_secs(1)).build()
}

async fn is_locked<B: Backend, S>(cache: &Cache<B, S>) -> bool {
    let backend = cache.backend();
    backend.exists("key-lock").await.expect("memory answers")
}

async fn taken<B: Backend>(lock: &RedLock<B>) -> LockGuard<B> {
    lock.try_acquire().await.expect("answered").expect("free")
}

#[tokio::test(start_paused = true)]
async fn a_dead_owner_is_waited_for_to_the_end_of_its_lease() {
    let cache = SimpleMemoryCache::new();
    let lock = RedLock::new(&cache, "key", LEASE);
    std::mem::forget(taken(&lock).await);
    let start = Instant::now();
    assert!(lock.acquire().await.expect("memory answers").is_some());
    let waited = start.elapsed();
    assert!(waited >= LEASE && waited <= LEASE + LOOK, "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_for_an_owner_that_renews_give_up_after_a_lease() {
    let cache = SimpleMemoryCache::new();
    let lock = RedLock::new(&cache, "key", LEASE);
    let guard = taken(&lock.clone().keep_alive(true)).await;
    let start = Instant::now();
    let waiters: Vec<_> = (0..10)
        .map(|_| {
            let lock = lock.clone();
            tokio::spawn(async move { lock.acquire().await.expect("memory answers").is_some() })
        })
        .collect();
    for waiter in waiters {
        assert!(!waiter.await.expect("no panic"));
    }
    let waited = start.elapsed();
    assert!(waited >= LEASE && waited <= LEASE + LOOK, "{waited:?}");
    assert!(guard.release().await.expect("memory answers"));
}

#[tokio::test(start_paused = true)]
async fn max_wait_ends_a_wait_whatever_the_owners_do() {
    let cache = SimpleMemoryCache::new();
    let lock = RedLock::new(&cache, "key", LEASE);
    // A new owner every eight seconds, which never lets go.
    let owners = async {
        loop {
            std::mem::forget(taken(&lock).await);
            sleep(LEASE * 4 / 5).await;
            cache.delete("key-lock").await.expect("memory answers");
        }
    };
    let waits = async {
        let start = Instant::now();
        assert!(lock.acquire().await.expect("memory answers").is_none());
        start.elapsed()
    };
    let waited = tokio::select! {
        biased;
        () = owners => unreachable!("it goes on"),
        waited = waits => waited,
    };
    assert_eq!(waited, Duration::from_secs(30));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_was_lost_is_not_taken_again() {
    let cache = SimpleMemoryCache::new();
    let guard = RedLock::new(&cache, "key", LEASE)
        .keep_alive(true)
        .acquire()
        .await;
    let guard = guard.expect("memory answers").expect("free");
    sleep(5 * LEASE).await;
    assert!(guard.remaining() > LEASE / 2 && is_locked(&cache).await);
    cache.clear().await.expect("emptied");
    sleep(LEASE).await;
    assert_eq!(guard.remaining(), Duration::ZERO);
    assert!(!is_locked(&cache).await);
    assert!(!guard.release().await.expect("memory answers"));
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_took_that_timed_out_is_released() {
    let cache = slow(Way::new(Duration::ZERO, Duration::from_millis(1500)));
    let lock = RedLock::new(&cache, "key", LEASE);
    let error = lock.try_acquire().await.expect_err("too slow");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(is_locked(&cache).await);
    sleep(Duration::from_secs(2)).await;
    assert!(!is_locked(&cache).await);
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_attempt_took_is_released() {
    let cache = slow(Way::new(Duration::ZERO, Duration::from_millis(500)));
    let lock = RedLock::new(&cache, "key", LEASE);
    assert!(timeout(Duration::from_millis(100), lock.acquire()).await.is_err());
    assert!(is_locked(&cache).await);
    cache.close().await.expect("what runs in the background ends");
    assert!(!is_locked(&cache).await);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_release_goes_on() {
    let cache = slow(Way::new(Duration::from_millis(500), Duration::ZERO));
    let guard = taken(&RedLock::new(&cache, "key", LEASE)).await;
    assert!(
        timeout(Duration::from_millis(100), guard.release())
            .await
            .is_err()
    );
    assert!(is_locked(&cache).await);
    cache.close().await.expect("what runs in the background ends");
    assert!(!is_locked(&cache).await);
}

/// Fails the first calls of a method, as a store that is away for a moment.
struct AwayFor {
    method: &'static str,
    calls: AtomicU32,
}

impl Intercept for AwayFor {
    async fn before(&self, call: &Call<'_>) -> Verdict {
        let left = |calls: u32| calls.checked_sub(1);
        if call.method == self.method && self.calls.fetch_update(SeqCst, SeqCst, left).is_ok() {
            Verdict::Fail(Error::new(ErrorKind::Unavailable, "away for a moment"))
        } else {
            Verdict::Run
        }
    }
}

fn away_for(method: &'static str, calls: u32) -> Cache<Intercepted<MemoryBackend, AwayFor>> {
    let calls = AtomicU32::new(calls);
    let store = Intercepted::new(MemoryBackend::new(), AwayFor { method, calls });
    Cache::builder(store.remote()).build()
}

#[tokio::test(start_paused = true)]
async fn a_release_that_fails_is_tried_again_in_the_background() {
    let cache = away_for("unlock", 4);
    let guard = taken(&RedLock::new(&cache, "key", LEASE)).await;
    let error = guard.release().await.expect_err("the store is away");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(is_locked(&cache).await);
    sleep(LEASE / 10).await;
    assert!(!is_locked(&cache).await);
}

#[tokio::test(start_paused = true)]
async fn a_lock_kept_alive_outlives_a_store_that_is_away_for_less_than_its_lease() {
    let cache = away_for("extend_lock", 3);
    let lock = RedLock::new(&cache, "key", LEASE).keep_alive(true);
    let guard = taken(&lock).await;
    sleep(3 * LEASE).await;
    assert!(guard.release().await.expect("answered"));
}

#[tokio::test(start_paused = true)]
async fn a_lock_in_a_store_that_cannot_compare_ends_with_its_lease() {
    let blind = Slow {
        blind: true,
        ..Slow::default()
    };
    let cache: Cache<Slow> = Cache::builder(blind).build();
    let guard = taken(&RedLock::new(&cache, "key", LEASE)).await;
    let unsupported = |error: aiocache_core::Error| assert_eq!(error.kind(), ErrorKind::Unsupported);
    unsupported(guard.extend().await.expect_err("refused"));
    unsupported(guard.release().await.expect_err("refused"));
    assert!(is_locked(&cache).await);
    sleep(LEASE).await;
    assert!(!is_locked(&cache).await);

    cache.set("value", &1).await.expect("written");
    let optimistic = OptimisticLock::new(&cache, "value").acquire().await;
    unsupported(optimistic.expect_err("refused"));
}
