//! A cache over Redis tells when a lost connection is there again, and how many are open.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::{Backend, Cache, EventKind};
use aiocache_redis::RedisBackend;
use support::{backend, bytes, server};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_lost_is_told_when_it_is_back() {
    let mut server = server();
    let cache = Cache::builder(backend(&server)).namespace("n").build();
    let mut events = cache.events();
    cache.set("k", &1).await.expect("the server answers");
    assert_eq!(
        cache.stats().reconnects,
        0,
        "the first connection is none that was lost"
    );

    tokio::task::block_in_place(|| server.restart()).expect("the server obeys");
    let begun = Instant::now();
    while cache.stats().reconnects == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "no connection is told");
        let _unanswered = cache.get::<i32>("k").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let told = std::iter::from_fn(|| events.next_now()).filter(|event| event.kind == EventKind::Reconnected);
    assert!(told.count() >= 1);
}

fn open(redis: &RedisBackend) -> Option<u64> {
    redis.stats().connections
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connections_that_are_open_are_told() {
    let mut server = server();
    let redis = backend(&server);
    assert_eq!(open(&redis), Some(0), "before the first command");
    redis.ping().await.expect("the server answers");
    assert_eq!(open(&redis), Some(1));
    let large = redis.write("large", bytes(vec![b'x'; 2 << 20]), None);
    large.await.expect("written");
    assert_eq!(open(&redis), Some(2), "large requests have their own");

    let other = redis.clone();
    let of_another_runtime = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            other.ping().await.expect("the server answers");
            open(&other)
        })
    });
    let counted = tokio::task::block_in_place(|| of_another_runtime.join());
    assert_eq!(counted.expect("no panic"), Some(3));
    assert_eq!(open(&redis), Some(2), "that runtime has ended");

    server.kill().expect("the server obeys");
    let begun = Instant::now();
    while open(&redis) != Some(0) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", open(&redis));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::task::block_in_place(|| server.restart()).expect("the server obeys");
    while redis.ping().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "no connection again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(open(&redis), Some(1));
    redis.close().await.expect("closed");
    assert_eq!(open(&redis), Some(0));
}

#[tokio::test]
async fn with_protocol_2_a_lost_connection_is_told_after_the_next_command() {
    let mut server = server();
    let redis = RedisBackend::connect(format!("{}?protocol=2", support::url(&server))).expect("a good URL");
    redis.ping().await.expect("the server answers");
    assert_eq!(open(&redis), Some(1));
    server.kill().expect("the server obeys");
    redis.ping().await.expect_err("nobody answers");
    assert_eq!(open(&redis), Some(0));
}
