//! A static cache used from several runtimes: one after another, at once, and while the first is alive but idle.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

mod support;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use aiocache::redis::RedisCache;
use aiocache::testing::{in_time, undisturbed_blocking};
use aiocache::{Cache, RedLock, SimpleMemoryCache, cached};
use tokio::runtime::{Builder, Runtime};

/// None of the commands may be slower.
const BOUND: Duration = Duration::from_millis(50);
/// How often each runtime asks.
const ROUNDS: u32 = 10;

static MEMORY: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
static REDIS: LazyLock<RedisCache> = LazyLock::new(|| support::redis("runtimes"));

#[cached(cache = MEMORY)]
async fn from_memory(test: &str, round: u32) -> Result<u32, String> {
    Ok(round + u32::from(test.is_empty()))
}

#[cached(cache = REDIS)]
async fn from_redis(test: &str, round: u32) -> Result<u32, String> {
    LOADS.fetch_add(1, SeqCst);
    Ok(round + u32::from(test.is_empty()))
}

static LOADS: AtomicU32 = AtomicU32::new(0);

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn multi_thread() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

/// The slowest of get, set and increment on both caches, of both decorated calls and of a lock. An error is a panic.
async fn use_both(test: &'static str) -> Duration {
    let mut slowest = Duration::ZERO;
    for round in 0..ROUNDS {
        macro_rules! timed {
            ($command:expr) => {{
                let start = Instant::now();
                let result = $command.await.expect("no error");
                slowest = slowest.max(start.elapsed());
                result
            }};
        }
        let key = format!("{test}-{round}");
        let counter = format!("{test}-counter");
        timed!(MEMORY.set(&key, &round));
        assert_eq!(timed!(MEMORY.get::<u32>(&key)), Some(round));
        timed!(MEMORY.increment(&counter, 1));
        assert_eq!(timed!(from_memory(test, round)), round);
        timed!(REDIS.set(&key, &round));
        assert_eq!(timed!(REDIS.get::<u32>(&key)), Some(round));
        timed!(REDIS.increment(&counter, 1));
        assert_eq!(timed!(from_redis(test, round)), round);
        // Each runtime at once has one of its own, as locks are there to be waited for.
        let of_thread = format!("{key}-{:?}", thread::current().id());
        let lock = RedLock::new(&*REDIS, of_thread, Duration::from_secs(60));
        let guard = timed!(lock.acquire()).expect("free");
        assert!(timed!(guard.extend()));
        assert!(timed!(guard.release()));
    }
    slowest
}

/// Both counters of a test.
fn counted(test: &str) -> (i64, i64) {
    async fn one<B: aiocache::Backend, S>(cache: &Cache<B, S>, key: &str) -> i64 {
        cache.increment(key, 0).await.expect("no error")
    }
    let key = format!("{test}-counter");
    runtime().block_on(async { (one(&*MEMORY, &key).await, one(&*REDIS, &key).await) })
}

fn connect_once() {
    // The server starts with the first use of the static; only commands are measured.
    LazyLock::force(&REDIS);
}

#[test]
fn one_after_another() {
    connect_once();
    undisturbed_blocking(|| {
        let (memory, redis) = counted("after");
        let mut slowest = Duration::ZERO;
        for _ in 0..3 {
            slowest = slowest.max(runtime().block_on(use_both("after")));
            slowest = slowest.max(multi_thread().block_on(use_both("after")));
        }
        println!("slowest {slowest:?}");
        assert_eq!(counted("after"), (memory + 60, redis + 60));
        in_time("the slowest command", slowest, BOUND)
    });
}

#[test]
fn at_once() {
    connect_once();
    undisturbed_blocking(|| {
        let (memory, redis) = counted("once");
        let run = || runtime().block_on(use_both("once"));
        let threads: [_; 3] = std::array::from_fn(|_| thread::spawn(run));
        let each = threads.map(|thread| thread.join().expect("no error"));
        let slowest = each.into_iter().max().expect("three threads");
        println!("slowest {slowest:?}");
        assert_eq!(counted("once"), (memory + 30, redis + 30));
        in_time("the slowest command", slowest, BOUND)
    });
}

#[test]
fn while_the_runtime_that_connected_first_is_alive_but_idle() {
    connect_once();
    undisturbed_blocking(|| {
        let (memory, redis) = counted("idle");
        let first = runtime();
        first.block_on(use_both("idle"));
        // It stops in the middle of a command.
        let halfway = async { tokio::time::timeout(Duration::from_micros(1), REDIS.ping()).await };
        drop(first.block_on(halfway));
        let mut slowest = Duration::ZERO;
        for _ in 0..3 {
            slowest = slowest.max(runtime().block_on(use_both("idle")));
        }
        slowest = slowest.max(first.block_on(use_both("idle")));
        println!("slowest {slowest:?}");
        assert_eq!(counted("idle"), (memory + 50, redis + 50));
        in_time("the slowest command", slowest, BOUND)
    });
}

#[test]
fn a_load_in_one_runtime_is_waited_for_in_another() {
    static STARTS: AtomicU32 = AtomicU32::new(0);

    #[cached(cache = REDIS)]
    async fn slow(id: u32) -> Option<u32> {
        STARTS.fetch_add(1, SeqCst);
        tokio::time::sleep(Duration::from_millis(100)).await;
        Some(id)
    }

    connect_once();
    let run = || runtime().block_on(slow(1));
    let threads: [_; 4] = std::array::from_fn(|_| thread::spawn(run));
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), Some(1));
    }
    assert_eq!(STARTS.load(SeqCst), 1);
}
