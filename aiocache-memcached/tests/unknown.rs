//! P9: what is told of a counter whose answers are lost.

mod support;

use std::time::Duration;

use aiocache_core::{Backend, ErrorKind};
use aiocache_memcached::MemcachedBackend;
use support::{backend, scaled, server};
use tokio::time::sleep;

const DEADLINE: Duration = Duration::from_millis(250);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_is_what_was_acknowledged_and_some_of_the_unknown() {
    let mut server = server();
    let builder = MemcachedBackend::builder().server(server.url());
    let memcached = builder.deadline(DEADLINE).build().expect("good options");
    let (mut acknowledged, mut unknown, mut unavailable) = (0, 0, 0);
    let rounds = scaled(20, 200);
    for round in 0..rounds {
        // Half of the increments find the server stopped in the middle of its work, for longer than the deadline.
        let stopped = round % 2 == 1;
        let counts: Vec<_> = (0..50)
            .map(|_| {
                let memcached = memcached.clone();
                tokio::spawn(async move { memcached.increment("counter", 1, None).await })
            })
            .collect();
        if stopped {
            server.pause().expect("the server obeys");
            sleep(DEADLINE + Duration::from_millis(50)).await;
            server.resume().expect("the server obeys");
        }
        for count in counts {
            match count.await.expect("no panic").map_err(|error| error.kind()) {
                Ok(_) => acknowledged += 1,
                Err(ErrorKind::Unknown) => unknown += 1,
                Err(ErrorKind::Unavailable) => unavailable += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    sleep(Duration::from_millis(300)).await;
    let counter = backend(&server).increment("counter", 0, None).await;
    let counter = counter.expect("counted");
    println!(
        "P9: {} increments, stopped {} times: acknowledged {acknowledged}, unknown {unknown}, unavailable \
         {unavailable}, counter {counter}",
        50 * rounds,
        rounds / 2
    );
    assert!(unknown > 0);
    assert!(counter >= acknowledged && counter <= acknowledged + unknown);
}
