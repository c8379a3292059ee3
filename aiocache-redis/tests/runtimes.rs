//! One backend used from several runtimes.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::{Backend, Locked, Reply};
use aiocache_redis::RedisBackend;
use support::{backend, bytes, get, server};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Ten rounds of reading, writing, counting and locking; the slowest command.
async fn use_it(redis: &RedisBackend) -> Duration {
    let mut worst = Duration::ZERO;
    let mut timed = |start: Instant| worst = worst.max(start.elapsed());
    for _ in 0..10 {
        let start = Instant::now();
        redis.write("key", bytes("1"), None).await.expect("written");
        timed(start);
        let start = Instant::now();
        assert_eq!(get(redis, "key").await.expect("read"), Some(bytes("1")));
        timed(start);
        let start = Instant::now();
        redis.increment("counter", 1, None).await.expect("counted");
        timed(start);
        // Several runtimes ask for it at once, and one has it.
        let token = format!("{:?}", std::thread::current().id());
        let start = Instant::now();
        let locked = redis.lock("lock", &token, Duration::from_secs(60)).await;
        timed(start);
        let had = locked.expect("answered") != Locked::Refused;
        let start = Instant::now();
        assert_eq!(redis.unlock("lock", &token).await.expect("answered"), had);
        timed(start);
    }
    worst
}

async fn clients(redis: &RedisBackend) -> usize {
    let Reply::Text(list) = redis.raw(&[b"CLIENT", b"LIST"]).await.expect("asked") else {
        panic!("no text")
    };
    list.lines().count()
}

const BOUND: Duration = Duration::from_millis(50);

#[test]
fn one_after_another_each_starts_clean_and_leaves_nothing() {
    let server = server();
    let redis = backend(&server);
    let mut worst = Duration::ZERO;
    for _ in 0..10 {
        worst = worst.max(runtime().block_on(use_it(&redis)));
    }
    let multi = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    worst = worst.max(multi.block_on(use_it(&redis)));
    drop(multi);
    println!("slowest {worst:?}");
    assert!(worst <= BOUND, "{worst:?}");
    let left = runtime().block_on(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        clients(&redis).await
    });
    assert_eq!(left, 1, "the connections of ended runtimes are closed");
}

#[test]
fn at_once_none_waits_for_another() {
    let server = server();
    let redis = backend(&server);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let redis = redis.clone();
            std::thread::spawn(move || runtime().block_on(use_it(&redis)))
        })
        .collect();
    let worst = threads
        .into_iter()
        .map(|thread| thread.join().expect("no panic"))
        .max();
    println!("slowest {worst:?}");
    assert!(worst <= Some(BOUND), "{worst:?}");
    let counted = runtime()
        .block_on(redis.increment("counter", 0, None))
        .expect("counted");
    assert_eq!(counted, 30);
}

#[test]
fn a_runtime_that_is_alive_but_not_driven_holds_nobody_up() {
    let server = server();
    let redis = backend(&server);
    let first = runtime();
    first.block_on(use_it(&redis));
    // Left in the middle of a command, with its connection open.
    let _ = first.block_on(async { tokio::time::timeout(Duration::from_micros(1), redis.ping()).await });
    let mut worst = Duration::ZERO;
    for _ in 0..3 {
        worst = worst.max(runtime().block_on(use_it(&redis)));
    }
    worst = worst.max(first.block_on(use_it(&redis)));
    println!("slowest {worst:?}");
    assert!(worst <= BOUND, "{worst:?}");
}

#[test]
fn a_dropped_backend_closes_its_connections() {
    let server = server();
    let watcher = backend(&server);
    let runtime = runtime();
    runtime.block_on(async {
        let redis = backend(&server);
        redis.ping().await.expect("there");
        assert_eq!(clients(&watcher).await, 2);
        drop(redis);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(clients(&watcher).await, 1);
        assert_eq!(
            tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            3,
            "of the watcher: its connection, the guard of that, and the watch over its deadlines"
        );
    });
}
