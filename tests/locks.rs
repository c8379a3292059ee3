//! `RedLock`, the same over every store.

#[path = "support/stores.rs"]
mod stores;
mod support;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use aiocache::testing::{in_time, undisturbed, while_awake};
use aiocache::{Backend, Cache, ErrorKind, Raw, RedLock, SimpleMemoryCache, Want};
use tokio::time::{sleep, timeout};

const LEASE: Duration = Duration::from_millis(300);
/// No case lives to see the end of it.
const LONG: Duration = Duration::from_secs(60);

/// Whether the store counts in seconds.
fn is_coarse<B: Backend, S>(cache: &Cache<B, S>) -> bool {
    cache.backend().capabilities().ttl_resolution >= Duration::from_secs(1)
}

/// Waits until a lease that began before must be over, and a little longer.
async fn outlive<B: Backend, S>(cache: &Cache<B, S>, lease: Duration) {
    let more = if is_coarse(cache) { 3000 } else { 100 };
    sleep(lease + Duration::from_millis(more)).await;
}

/// The token of who has the lock.
async fn owner<B: Backend, S>(cache: &Cache<B, S>, key: &str) -> Option<String> {
    let key = cache.stored_key(format!("{key}-lock"));
    let read = cache.backend().read(&key, Want::VALUE, |entry| {
        entry.raw.token().expect("a token").to_owned()
    });
    read.await.expect("answered")
}

async fn one_has_it_until_it_is_released<B: Backend, S>(cache: Cache<B, S>) {
    undisturbed(async || {
        let lock = RedLock::new(&cache, "key", LONG);
        let guard = lock.acquire().await.expect("answered").expect("free");
        let first = owner(&cache, "key").await.expect("taken");
        assert_eq!(first.len(), 32);
        let start = Instant::now();
        assert!(lock.try_acquire().await.expect("answered").is_none());
        in_time("an attempt", start.elapsed(), Duration::from_millis(250))?;
        let other = RedLock::new(&cache, "other key", LONG);
        assert!(other.try_acquire().await.expect("answered").is_some());
        assert!(guard.remaining() > LONG / 2 && guard.remaining() <= LONG);

        assert!(guard.release().await.expect("answered"));
        assert_eq!(owner(&cache, "key").await, None);
        let guard = lock.try_acquire().await.expect("answered").expect("free");
        assert_ne!(owner(&cache, "key").await.expect("taken"), first);
        assert!(guard.release().await.expect("answered"));
        Ok(())
    })
    .await;
}

async fn who_waits_is_woken_by_the_release<B: Backend, S>(cache: Cache<B, S>) {
    undisturbed(async || {
        let lock = RedLock::new(&cache, "key", LONG);
        for _ in 0..3 {
            let guard = lock.acquire().await.expect("answered").expect("free");
            let next = async {
                let guard = lock.acquire().await.expect("answered").expect("had in the end");
                (Instant::now(), guard)
            };
            let release = async {
                // By now the other looks every 100 ms only.
                sleep(Duration::from_millis(350)).await;
                assert!(guard.release().await.expect("answered"));
                Instant::now()
            };
            let ((got, guard), released) = tokio::join!(next, release);
            let late = got.saturating_duration_since(released);
            assert!(guard.release().await.expect("answered"));
            in_time("the wake-up", late, Duration::from_millis(40))?;
        }
        Ok(())
    })
    .await;
}

async fn a_dropped_guard_lets_go<B: Backend, S>(cache: Cache<B, S>) {
    let lock = RedLock::new(&cache, "key", LONG);
    drop(lock.acquire().await.expect("answered").expect("free"));
    let again = timeout(Duration::from_secs(2), lock.acquire()).await;
    let again = again.expect("let go").expect("answered");
    assert!(again.expect("had").release().await.expect("answered"));
}

async fn a_late_owner_leaves_the_next_one_alone<B: Backend, S>(cache: Cache<B, S>) {
    let late = RedLock::new(&cache, "key", LEASE).acquire().await;
    let late = late.expect("answered").expect("free");
    outlive(&cache, LEASE).await;
    assert_eq!(late.remaining(), Duration::ZERO);
    let next = RedLock::new(&cache, "key", LONG).try_acquire().await;
    let next = next.expect("answered").expect("the lease is over");
    assert!(!late.extend().await.expect("answered"));
    assert!(!late.release().await.expect("answered"));
    assert!(next.extend().await.expect("answered"));
    assert!(next.release().await.expect("answered"));
}

async fn an_extended_lock_stays<B: Backend, S>(cache: Cache<B, S>) {
    undisturbed(async || {
        let lock = RedLock::new(&cache, "key", Duration::from_secs(1));
        let guard = lock.acquire().await.expect("answered").expect("free");
        // Until the first lease would surely be over.
        let times = if is_coarse(&cache) { 6 } else { 3 };
        for _ in 0..times {
            sleep(Duration::from_millis(600)).await;
            let extended = guard.extend().await.expect("answered");
            while_awake(
                "it is had after 600 ms of 1 s",
                extended,
                Duration::from_millis(300),
            )?;
            let left = guard.remaining();
            while_awake(
                "it is had anew",
                left > Duration::from_millis(600),
                Duration::from_millis(300),
            )?;
        }
        assert!(guard.release().await.expect("answered"));
        Ok(())
    })
    .await;
}

async fn a_lock_kept_alive_outlives_its_lease<B: Backend, S>(cache: Cache<B, S>) {
    undisturbed(async || {
        let lock = RedLock::new(&cache, "key", LEASE);
        let kept = lock.clone().keep_alive(true).acquire().await;
        let kept = kept.expect("answered").expect("free");
        outlive(&cache, 2 * LEASE).await;
        let free = lock.try_acquire().await.expect("answered").is_some();
        let renewed = !free && kept.remaining() > Duration::ZERO;
        let renewed = renewed & kept.release().await.expect("answered");
        while_awake("it is renewed in time", renewed, LEASE / 2)
    })
    .await;
}

async fn a_wait_ends_one_lease_after_the_last_change_of_owner<B: Backend, S>(cache: Cache<B, S>) {
    undisturbed(async || {
        let key = cache.stored_key("key-lock");
        let first = cache.backend().write(&key, B::Raw::from_token("one"), Some(LONG));
        first.await.expect("answered");
        let lock = RedLock::new(&cache, "key", LEASE);
        // With two seconds more, and rounded up, where only those count.
        let lease = if is_coarse(&cache) {
            Duration::from_secs(3)
        } else {
            LEASE
        };
        let waits = async {
            let start = Instant::now();
            assert!(lock.acquire().await.expect("answered").is_none());
            start.elapsed()
        };
        let changes = async {
            sleep(lease * 2 / 3).await;
            // In one step: a moment without an owner would be the waiter's.
            let another = cache
                .backend()
                .write(&key, B::Raw::from_token("another"), Some(LONG));
            another.await.expect("answered");
        };
        let (waited, ()) = tokio::join!(waits, changes);
        assert!(waited >= lease * 5 / 3 - Duration::from_millis(50), "{waited:?}");
        let late = waited.saturating_sub(lease * 5 / 3);
        in_time("the end of the wait", late, Duration::from_millis(400))?;

        let start = Instant::now();
        let hasty = lock.max_wait(Duration::from_millis(100)).acquire().await;
        assert!(hasty.expect("answered").is_none());
        in_time("the hasty wait", start.elapsed(), Duration::from_millis(300))
    })
    .await;
}

async fn waiters_are_served_in_the_order_they_came<B: Backend, S>(cache: Cache<B, S>) {
    let lock = RedLock::new(&cache, "key", LONG);
    let guard = lock.acquire().await.expect("answered").expect("free");
    let served = std::sync::Arc::new(Mutex::new(Vec::new()));
    let mut waiters = Vec::new();
    for n in 0..5 {
        let (lock, served) = (lock.clone(), std::sync::Arc::clone(&served));
        waiters.push(tokio::spawn(async move {
            let ran = lock.run(async { served.lock().expect("no panic").push(n) }).await;
            assert_eq!(ran.expect("answered"), Some(()));
        }));
        sleep(Duration::from_millis(20)).await;
    }
    assert!(guard.release().await.expect("answered"));
    for waiter in waiters {
        waiter.await.expect("no panic");
    }
    assert_eq!(*served.lock().expect("no panic"), [0, 1, 2, 3, 4]);
}

async fn work_runs_only_with_the_lock<B: Backend, S>(cache: Cache<B, S>) {
    let lock = RedLock::new(&cache, "key", LONG).max_wait(Duration::from_millis(50));
    let inner = lock.clone();
    let ran = lock.run(async move { inner.run(async { "inner" }).await }).await;
    let inner = ran.expect("answered").expect("the lock was free");
    assert_eq!(inner.expect("answered"), None);
    assert_eq!(
        lock.run(async { "after" }).await.expect("answered"),
        Some("after")
    );
}

async fn fencing_tokens_rise_where_there_are_any<B: Backend, S>(cache: Cache<B, S>) {
    let lock = RedLock::new(&cache, "key", LONG);
    let mut tokens = Vec::new();
    for _ in 0..10 {
        let guard = lock.acquire().await.expect("answered").expect("free");
        tokens.extend(guard.fencing_token());
        assert!(guard.release().await.expect("answered"));
    }
    let expected = if cache.backend().name() == "memcached" {
        0
    } else {
        10
    };
    assert_eq!(tokens.len(), expected);
    assert!(
        tokens.is_sorted_by(|earlier, later| earlier < later),
        "{tokens:?}"
    );
}

async fn namespaces_have_locks_of_their_own<B: Backend, S>(cache: Cache<B, S>) {
    let (one, other) = (cache.with_namespace("one"), cache.with_namespace("other"));
    let _one = RedLock::new(&one, "key", LONG)
        .try_acquire()
        .await
        .expect("answered")
        .expect("free");
    let _other = RedLock::new(&other, "key", LONG)
        .try_acquire()
        .await
        .expect("answered")
        .expect("free");
    assert!(one.exists("key-lock").await.expect("answered"));
    let long = "x".repeat(300);
    let _long = RedLock::new(&one, &long, LONG)
        .try_acquire()
        .await
        .expect("answered")
        .expect("free");
    let again = RedLock::new(&one, &long, LONG).try_acquire().await;
    assert!(again.expect("answered").is_none());
}

async fn a_cache_that_is_off_lets_everybody_in<B: Backend, S>(cache: Cache<B, S>) {
    let on = RedLock::new(&cache, "key", LONG)
        .acquire()
        .await
        .expect("answered");
    let off = RedLock::new(&cache.with_disabled(true), "key", LONG);
    let [one, other] = [off.acquire().await, off.try_acquire().await];
    let (one, other) = (one.expect("had").expect("had"), other.expect("had").expect("had"));
    assert!(one.extend().await.expect("had"));
    assert_eq!((one.fencing_token(), one.remaining()), (None, Duration::MAX));
    assert!(one.release().await.expect("had") && other.release().await.expect("had"));
    assert_eq!(off.run(async { 1 }).await.expect("had"), Some(1));
    assert!(
        on.expect("free").release().await.expect("answered"),
        "it was left alone"
    );
}

stores::on_every_store! {
    one_has_it_until_it_is_released
    who_waits_is_woken_by_the_release
    a_dropped_guard_lets_go
    a_late_owner_leaves_the_next_one_alone
    an_extended_lock_stays
    a_lock_kept_alive_outlives_its_lease
    a_wait_ends_one_lease_after_the_last_change_of_owner
    waiters_are_served_in_the_order_they_came
    work_runs_only_with_the_lock
    fencing_tokens_rise_where_there_are_any
    namespaces_have_locks_of_their_own
    a_cache_that_is_off_lets_everybody_in
}

#[tokio::test]
async fn a_lease_of_zero_is_refused() {
    let lock = RedLock::new(&SimpleMemoryCache::new(), "key", Duration::ZERO);
    let error = lock.acquire().await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidTtl);
    assert_eq!(
        error.to_string(),
        "invalid ttl: a lease of 0 is no lock; give it as long as the work takes, or use keep_alive"
    );
}

#[tokio::test]
async fn a_lock_in_a_store_that_is_away_is_an_error_that_says_where() {
    let mut server = support::own_redis();
    let cache: aiocache::redis::RedisCache =
        Cache::builder(support::backend(&server)).namespace("ns").build();
    server.kill().expect("the server obeys");
    let lock = RedLock::new(&cache, "card-4111", LONG);
    let error = lock.acquire().await.expect_err("nobody answers");
    assert!(error.is_transient(), "{error}");
    assert!(
        error
            .to_string()
            .starts_with("lock on redis in namespace \"ns\": "),
        "{error}"
    );
    assert_eq!(error.key(), Some("ns:card-4111-lock"));
    assert!(!format!("{error:?} {lock:?}").contains("4111"));
    assert!(lock.run(async {}).await.is_err());
}

/// Without a runtime there is neither a timer nor a task, and memory needs none.
#[test]
fn memory_needs_no_runtime() {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    let cache = SimpleMemoryCache::new();
    let lock = RedLock::new(&cache, "key", LONG).keep_alive(true);
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(Some(guard))) = pin!(lock.acquire()).poll(&mut cx) else {
        panic!("a free lock is had at once");
    };
    let mut waits = pin!(lock.acquire());
    assert!(waits.as_mut().poll(&mut cx).is_pending());
    drop(guard);
    assert!(matches!(waits.as_mut().poll(&mut cx), Poll::Ready(Ok(Some(_)))));
}
