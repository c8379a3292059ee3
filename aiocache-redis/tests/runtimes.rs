//! One backend used from several runtimes.

mod support;

use std::time::Duration;

use aiocache_core::testing::{in_time, runtimes, undisturbed_blocking};
use aiocache_core::{Backend, Reply};
use aiocache_redis::RedisBackend;
use support::{backend, server};
use tokio::runtime::Runtime;

async fn clients(redis: &RedisBackend) -> usize {
    let Reply::Text(list) = redis.raw(&[b"CLIENT", b"LIST"]).await.expect("asked") else {
        panic!("no text")
    };
    list.lines().count()
}

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
    let redis = backend(&server);
    none_waits(|| runtimes::one_after_another(&redis));
    let left = runtime().block_on(async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        clients(&redis).await
    });
    assert_eq!(left, 1, "the connections of ended runtimes are closed");
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
