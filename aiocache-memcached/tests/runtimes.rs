//! One backend used from several runtimes.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::{Backend, Locked, Reply};
use aiocache_memcached::MemcachedBackend;
use support::{backend, bytes, get, server};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// Ten rounds of reading, writing, counting and locking; the slowest command.
async fn use_it(memcached: &MemcachedBackend) -> Duration {
    let mut worst = Duration::ZERO;
    let mut timed = |start: Instant| worst = worst.max(start.elapsed());
    for _ in 0..10 {
        let start = Instant::now();
        memcached.write("key", bytes("1"), None).await.expect("written");
        timed(start);
        let start = Instant::now();
        assert_eq!(get(memcached, "key").await.expect("read"), Some(bytes("1")));
        timed(start);
        let start = Instant::now();
        memcached.increment("counter", 1, None).await.expect("counted");
        timed(start);
        // Several runtimes ask for it at once, and one has it.
        let token = format!("{:?}", std::thread::current().id());
        let start = Instant::now();
        let locked = memcached.lock("lock", &token, Duration::from_secs(60)).await;
        timed(start);
        let had = locked.expect("answered") != Locked::Refused;
        let start = Instant::now();
        assert_eq!(memcached.unlock("lock", &token).await.expect("answered"), had);
        timed(start);
    }
    worst
}

/// How many connections the server has, that of the caller included.
async fn clients(memcached: &MemcachedBackend) -> usize {
    let Reply::Map(statistics) = memcached.raw(&[b"stats"]).await.expect("asked") else {
        panic!("no map")
    };
    let count = statistics
        .iter()
        .find(|(name, _)| name.as_str() == Some("curr_connections"))
        .and_then(|(_, count)| count.as_str()?.parse::<usize>().ok());
    count.expect("a number")
}

/// The connections of one runtime.
const POOL: usize = 4;
const BOUND: Duration = Duration::from_millis(50);

#[test]
fn one_after_another_each_starts_clean_and_leaves_nothing() {
    let server = server();
    let memcached = backend(&server);
    let mut worst = Duration::ZERO;
    for _ in 0..10 {
        worst = worst.max(runtime().block_on(use_it(&memcached)));
    }
    let multi = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    worst = worst.max(multi.block_on(use_it(&memcached)));
    drop(multi);
    println!("slowest {worst:?}");
    assert!(worst <= BOUND, "{worst:?}");
    let left = runtime().block_on(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        clients(&memcached).await
    });
    assert_eq!(left, POOL, "the connections of ended runtimes are closed");
}

#[test]
fn at_once_none_waits_for_another() {
    let server = server();
    let memcached = backend(&server);
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let memcached = memcached.clone();
            std::thread::spawn(move || runtime().block_on(use_it(&memcached)))
        })
        .collect();
    let worst = threads
        .into_iter()
        .map(|thread| thread.join().expect("no panic"))
        .max();
    println!("slowest {worst:?}");
    assert!(worst <= Some(BOUND), "{worst:?}");
    let counted = runtime()
        .block_on(memcached.increment("counter", 0, None))
        .expect("counted");
    assert_eq!(counted, 30);
}

#[test]
fn a_runtime_that_is_alive_but_not_driven_holds_nobody_up() {
    let server = server();
    let memcached = backend(&server);
    let first = runtime();
    first.block_on(use_it(&memcached));
    // Left in the middle of a command, with its connection open.
    let _ = first.block_on(async { tokio::time::timeout(Duration::from_micros(1), memcached.ping()).await });
    let mut worst = Duration::ZERO;
    for _ in 0..3 {
        worst = worst.max(runtime().block_on(use_it(&memcached)));
    }
    worst = worst.max(first.block_on(use_it(&memcached)));
    println!("slowest {worst:?}");
    assert!(worst <= BOUND, "{worst:?}");
}

#[test]
fn a_dropped_backend_closes_its_connections() {
    let server = server();
    let watcher = backend(&server);
    let runtime = runtime();
    runtime.block_on(async {
        let memcached = backend(&server);
        memcached.ping().await.expect("there");
        assert_eq!(clients(&watcher).await, 2 * POOL);
        drop(memcached);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(clients(&watcher).await, POOL);
        assert_eq!(
            tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            POOL + 1,
            "of the watcher"
        );
    });
}
