//! Callers that go away leave nothing for the next one.

mod support;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use aiocache_core::testing::{Direction, Fault};
use aiocache_core::{Backend, Cache, RedLock};
use aiocache_memcached::MemcachedBackend;
use support::random::Random;
use support::{PATIENCE, backend, bytes, get, proxy, scaled, server};
use tokio::time::{sleep, timeout};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_reads_never_give_another_keys_value() {
    const TASKS: u64 = 64;
    let reads = scaled(300, 3_000);
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let builder = MemcachedBackend::builder().server(url).deadline(PATIENCE);
    let memcached = builder.build().expect("a good URL");
    for task in 0..TASKS {
        let key = format!("key-{task}");
        memcached.write(&key, bytes(&key), None).await.expect("written");
    }
    proxy.set(Fault::Delay {
        to_server: Duration::ZERO,
        to_client: Duration::from_millis(1),
    });
    let task = |task: u64| {
        let memcached = memcached.clone();
        tokio::spawn(async move {
            let (key, mut random) = (format!("key-{task}"), Random::new(task + 1));
            let (mut right, mut cancelled) = (0, 0);
            for _ in 0..reads {
                let patience = Duration::from_micros(500 + random.below(59_500));
                match timeout(patience, get(&memcached, &key)).await {
                    Ok(read) => {
                        assert_eq!(read.expect("an answer"), Some(bytes(&key)));
                        right += 1;
                    }
                    Err(_) => cancelled += 1,
                }
            }
            (right, cancelled)
        })
    };
    let (mut right, mut cancelled) = (0, 0);
    for task in (0..TASKS).map(task).collect::<Vec<_>>() {
        let (r, c) = task.await.expect("never another key's value");
        right += r;
        cancelled += c;
    }
    println!(
        "P1: {} reads by {TASKS} tasks: {right} right, {cancelled} dropped, wrong 0, {} connections",
        right + cancelled,
        proxy.connections()
    );
    assert!(
        cancelled > 100 && right > 1000,
        "{right} right, {cancelled} cancelled"
    );
    assert!(proxy.connections() <= 4, "{}", proxy.connections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_written_value_swallows_no_later_command() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let memcached = aiocache_memcached::MemcachedBackend::connect(url).expect("a good URL");
    let large = bytes(vec![b'x'; 1_000_000]);
    let rounds = scaled(100, 1_000);
    for round in 0..rounds as u64 {
        proxy.set(Fault::Stall(Direction::ToServer));
        for _ in 0..2 {
            let write = memcached.write("large", large.clone(), None);
            let patience = Duration::from_millis(round % 5);
            // Dropped before, in the middle of or after being sent.
            drop(timeout(patience, write).await);
        }
        proxy.set(Fault::Pass);
        let value = bytes(format!("round {round}"));
        memcached
            .write("key", value.clone(), None)
            .await
            .expect("written");
        assert_eq!(
            get(&memcached, "key").await.expect("read"),
            Some(value),
            "round {round}"
        );
    }
    let read = get(&memcached, "large").await.expect("read");
    assert!(read.is_none_or(|read| read == large), "a whole value or none");
    println!(
        "P2: {} writes of 1 MB dropped, lost 0, hung 0, {} connections",
        2 * rounds,
        proxy.connections()
    );
}

#[tokio::test]
async fn a_command_that_nobody_waits_for_any_more_is_not_sent() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let memcached = aiocache_memcached::MemcachedBackend::builder()
        .server(url)
        .pool_size(1)
        .build()
        .expect("good options");
    memcached.ping().await.expect("there");
    proxy.set(Fault::Stall(Direction::ToClient));
    let busy = tokio::spawn({
        let memcached = memcached.clone();
        async move { get(&memcached, "busy").await }
    });
    sleep(Duration::from_millis(20)).await;
    // The one connection is taken, so this waits in the queue.
    drop(
        timeout(
            Duration::from_millis(20),
            memcached.write("key", bytes("1"), None),
        )
        .await,
    );
    proxy.set(Fault::Pass);
    assert_eq!(busy.await.expect("no panic").expect("read"), None);
    memcached.ping().await.expect("there");
    assert_eq!(get(&backend(&server), "key").await.expect("read"), None);
}

/// Polls a future some times and drops it; false if it was done by then.
async fn is_dropped(future: impl Future, polls: u64) -> bool {
    let mut future = pin!(future);
    for _ in 0..=polls {
        let done = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
        if done {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_is_never_overtaken_by_an_earlier_one_that_was_dropped() {
    let server = server();
    let memcached = backend(&server);
    memcached.ping().await.expect("there");
    let (mut random, mut dropped) = (Random::new(3), 0);
    for round in 0..2000 {
        let old = memcached.write("key", bytes("old"), None);
        dropped += usize::from(is_dropped(old, random.below(20)).await);
        let new = bytes(format!("new {round}"));
        match round % 3 {
            0 => memcached.write("key", new.clone(), None).await.expect("written"),
            1 => {
                let pairs = vec![("other", bytes("1")), ("key", new.clone())];
                memcached.write_many(pairs, None).await.expect("written");
            }
            _ => {
                memcached.delete("key").await.expect("deleted");
                assert!(
                    memcached.add("key", new.clone(), None).await.expect("added"),
                    "{round}"
                );
            }
        }
        if round % 10 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(
            get(&memcached, "key").await.expect("read"),
            Some(new),
            "round {round}"
        );
    }
    println!("{dropped} of 2000 dropped");
    assert!(dropped > 200, "{dropped}");
}

/// The attempt may be on another connection than the release that follows it, and is not to be overtaken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_a_dropped_attempt_took_is_let_go() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let memcached = aiocache_memcached::MemcachedBackend::connect(url).expect("a good URL");
    let cache = Cache::builder(memcached.clone()).build();
    let lock = RedLock::new(&cache, "job", Duration::from_secs(60));
    for _ in 0..scaled(5, 50) {
        // Both connections are there, and then nothing reaches the server for a while.
        let (one, other) = tokio::join!(get(&memcached, "a"), get(&memcached, "b"));
        assert_eq!((one.expect("an answer"), other.expect("an answer")), (None, None));
        proxy.set(Fault::Stall(Direction::ToServer));
        assert!(
            timeout(Duration::from_millis(50), lock.try_acquire())
                .await
                .is_err()
        );
        sleep(Duration::from_millis(20)).await;
        proxy.set(Fault::Pass);
        sleep(Duration::from_millis(100)).await;
        cache.close().await.expect("what runs in the background ends");
        assert!(!memcached.exists("job-lock").await.expect("an answer"));
    }
}
