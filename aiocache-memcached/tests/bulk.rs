//! Many keys in one round trip.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::testing::{Fault, in_time, undisturbed};
use aiocache_core::{Backend, Want};
use aiocache_memcached::MemcachedBackend;
use support::{bytes, proxy, server};

const KEYS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_keys_are_one_round_trip() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let memcached = MemcachedBackend::builder()
            .server(url)
            .deadline(Duration::from_secs(2))
            .build()
            .expect("good options");
        memcached.ping().await.expect("there");
        let keys: Vec<_> = (0..KEYS).map(|n| format!("key-{n:0>40}")).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let one_way = Duration::from_millis(100);
        proxy.set(Fault::Delay {
            to_server: one_way,
            to_client: one_way,
        });
        let one_trip = |start: Instant, what: &str| {
            let took = start.elapsed();
            println!("{what}: {took:?}, of which {:?} on the way", 2 * one_way);
            assert!(took >= 2 * one_way, "{what} took {took:?}");
            in_time(what, took, 4 * one_way)
        };

        let start = Instant::now();
        let pairs = keys.iter().map(|key| (*key, bytes(key))).collect();
        memcached.write_many(pairs, None).await.expect("written");
        one_trip(start, "multi_set")?;
        let start = Instant::now();
        let read = memcached
            .read_many(&keys, Want::VALUE, |at, entry| entry.raw == keys[at])
            .await;
        one_trip(start, "multi_get")?;
        assert!(read.expect("read").into_iter().all(|right| right == Some(true)));
        let start = Instant::now();
        assert_eq!(memcached.delete_many(&keys).await.expect("deleted"), 1000);
        one_trip(start, "multi_delete")?;
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_the_buffers_between_hold_does_not_jam() {
    let server = server();
    let memcached = MemcachedBackend::builder()
        .server(server.url())
        .deadline(Duration::from_secs(20))
        .pool_size(1)
        .build()
        .expect("good options");
    let value = bytes(vec![b'v'; 100_000]);
    memcached
        .write("large", value.clone(), None)
        .await
        .expect("written");
    // Ten megabytes of questions, and answers of fifty while they are still being asked.
    let absent = "a".repeat(250);
    let mut keys = vec![absent.as_str(); 40_000];
    keys.extend(["large"; 500]);
    keys.rotate_right(500);
    let start = Instant::now();
    let read = memcached
        .read_many(&keys, Want::VALUE, |_, entry| *entry.raw == value)
        .await;
    println!("{:?}", start.elapsed());
    let read = read.expect("read");
    assert!(read[..500].iter().all(|right| *right == Some(true)));
    assert!(read[500..].iter().all(Option::is_none));
}
