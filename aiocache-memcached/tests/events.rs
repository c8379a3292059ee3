//! A backend of memcached tells how many connections are open.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::Backend;
use aiocache_memcached::MemcachedBackend;
use support::server;

fn open(memcached: &MemcachedBackend) -> Option<u64> {
    memcached.stats().connections
}

/// Waits until so many connections are told.
async fn until(memcached: &MemcachedBackend, count: u64) {
    let begun = Instant::now();
    while open(memcached) != Some(count) {
        let told = open(memcached);
        assert!(begun.elapsed() < Duration::from_secs(20), "{told:?}, not {count}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connections_that_are_open_are_told_of_all_servers_and_runtimes() {
    const POOL: u64 = 3;
    let mut servers = [server(), server()];
    // A connection waits for the others for a part of the deadline.
    let deadline = Duration::from_secs(100);
    let mut builder = MemcachedBackend::builder().pool_size(3).deadline(deadline);
    for server in &servers {
        builder = builder.server(server.url());
    }
    let memcached = builder.build().expect("good URLs");
    assert_eq!(open(&memcached), Some(0), "before the first command");
    memcached.ping().await.expect("the servers answer");
    assert_eq!(open(&memcached), Some(2 * POOL), "made in one go");

    let other = memcached.clone();
    let of_another_runtime = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            other.ping().await.expect("the servers answer");
            open(&other)
        })
    });
    let counted = tokio::task::block_in_place(|| of_another_runtime.join());
    assert_eq!(counted.expect("no panic"), Some(4 * POOL));
    assert_eq!(open(&memcached), Some(2 * POOL), "that runtime has ended");

    servers[1].kill().expect("the server obeys");
    until(&memcached, POOL).await;
    memcached.close().await.expect("closed");
    assert_eq!(open(&memcached), Some(0));
    memcached.ping().await.expect("one server answers");
    assert_eq!(open(&memcached), Some(POOL), "to the one that is there");
}
