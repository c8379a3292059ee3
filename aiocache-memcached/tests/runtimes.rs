//! One backend used from several runtimes.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::testing::{in_time, runtimes, undisturbed_blocking};
use aiocache_core::{Backend, Reply};
use aiocache_memcached::MemcachedBackend;
use support::{backend, server};
use tokio::runtime::Runtime;

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

/// Waits until it has that many: its threads see the end of a connection one before another.
async fn until_clients(memcached: &MemcachedBackend, count: usize) {
    let start = Instant::now();
    while clients(memcached).await != count {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "never {count} connections"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The connections of one runtime.
const POOL: usize = 4;
/// None of the commands may be slower.
const BOUND: Duration = Duration::from_millis(50);

fn runtime() -> Runtime {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.expect("a runtime")
}

fn none_waits(slowest: impl Fn() -> Duration) {
    undisturbed_blocking(|| {
        let slowest = slowest();
        println!("slowest {slowest:?}");
        in_time("the slowest command", slowest, BOUND)
    });
}

#[test]
fn one_after_another_each_starts_clean_and_leaves_nothing() {
    let server = server();
    let memcached = backend(&server);
    none_waits(|| runtimes::one_after_another(&memcached));
    // The connections of ended runtimes are closed.
    runtime().block_on(until_clients(&memcached, POOL));
}

#[test]
fn at_once_none_waits_for_another() {
    let server = server();
    let shared = backend(&server);
    none_waits(|| runtimes::at_once(&shared));
}

#[test]
fn a_runtime_that_is_alive_but_not_driven_holds_nobody_up() {
    let server = server();
    let shared = backend(&server);
    none_waits(|| runtimes::beside_one_that_stands_still(&shared));
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
        until_clients(&watcher, POOL).await;
        assert_eq!(
            tokio::runtime::Handle::current().metrics().num_alive_tasks(),
            POOL + 1,
            "of the watcher"
        );
    });
}
