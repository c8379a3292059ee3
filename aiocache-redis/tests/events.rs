//! A cache over Redis tells when a lost connection is there again.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::{Cache, EventKind};
use support::{backend, server};

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
