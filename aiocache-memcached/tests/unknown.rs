//! P9: what is told of a counter whose answers are lost.

mod support;

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::Backend;
use aiocache_core::testing::{Counted, Increments};
use aiocache_memcached::MemcachedBackend;
use support::{backend, scaled, server};
use tokio::time::sleep;

const DEADLINE: Duration = Duration::from_millis(250);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_is_what_was_acknowledged_and_some_of_the_unknown() {
    let mut server = server();
    let builder = MemcachedBackend::builder().server(server.url());
    let memcached = Arc::new(builder.deadline(DEADLINE).build().expect("good options"));
    let mut told = Counted::default();
    let rounds = scaled(20, 200);
    for round in 0..rounds {
        let increments = Increments::begin(&memcached, "counter", 50);
        // Half of the increments find the server stopped in the middle of its work, for longer than the deadline.
        if round % 2 == 1 {
            server.pause().expect("the server obeys");
            sleep(DEADLINE + Duration::from_millis(50)).await;
            server.resume().expect("the server obeys");
        }
        told.add(increments.end().await);
    }
    sleep(Duration::from_millis(300)).await;
    let counter = backend(&server).increment("counter", 0, None).await;
    let counter = counter.expect("counted");
    println!(
        "P9: {} increments, stopped {} times: {told:?}, counter {counter}",
        50 * rounds,
        rounds / 2
    );
    assert!(told.unknown > 0);
    assert!(told.allows(counter), "{told:?}, counter {counter}");
}
