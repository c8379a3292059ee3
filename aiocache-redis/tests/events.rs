//! A backend of Redis tells how many connections are open.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::Backend;
use aiocache_redis::RedisBackend;
use support::{backend, bytes, server};

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
