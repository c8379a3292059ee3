//! Many tasks on one connection, dropped at any point.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::testing::{Direction, Fault, in_time, undisturbed};
use aiocache_core::{Backend, ErrorKind, Reply};
use aiocache_redis::RedisBackend;
use support::{backend, bytes, get, next, patient, proxy, server, url};
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_commands_never_shift_an_answer() {
    let server = server();
    let redis = patient(&server);
    let keys: Vec<String> = (0..64).map(|task| format!("key-{task}")).collect();
    for key in &keys {
        redis.write(key, bytes(key), None).await.expect("written");
    }
    let tasks: Vec<_> = keys
        .into_iter()
        .enumerate()
        .map(|(task, key)| {
            let redis = redis.clone();
            tokio::spawn(async move {
                let mut state = 0x9e37_79b9_7f4a_7c15 ^ (task as u64 + 1);
                let (mut right, mut dropped, mut wrong) = (0, 0, 0);
                for _ in 0..300 {
                    let patience = Duration::from_micros(next(&mut state) % 3000);
                    match timeout(patience, get(&redis, &key)).await {
                        Ok(value) if value.as_ref().expect("no error") == &Some(bytes(&key)) => right += 1,
                        Ok(_) => wrong += 1,
                        Err(_) => dropped += 1,
                    }
                }
                (right, dropped, wrong)
            })
        })
        .collect();
    let (mut right, mut dropped, mut wrong) = (0, 0, 0);
    for task in tasks {
        let seen = task.await.expect("no panic");
        right += seen.0;
        dropped += seen.1;
        wrong += seen.2;
    }
    println!("right {right}, dropped {dropped}, wrong {wrong}");
    assert_eq!(wrong, 0);
    assert!(right > 0 && dropped > 0);
    let Reply::Text(stats) = redis.raw(&[b"INFO", b"stats"]).await.expect("asked") else {
        panic!("no text")
    };
    let opened = stats
        .lines()
        .find_map(|line| line.strip_prefix("total_connections_received:"));
    // One is the probe of the test's own server.
    assert_eq!(opened.map(str::trim), Some("2"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tasks_share_one_connection() {
    let server = server();
    let redis = backend(&server);
    let start = Instant::now();
    let tasks: Vec<_> = (0..1000)
        .map(|task| {
            let redis = redis.clone();
            tokio::spawn(async move {
                let key = format!("key-{task}");
                for _ in 0..10 {
                    redis
                        .write(&key, bytes(&key), Some(Duration::from_secs(60)))
                        .await
                        .expect("written");
                    assert_eq!(get(&redis, &key).await.expect("read"), Some(bytes(&key)));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    println!("20 000 commands in {:?}", start.elapsed());
    let Reply::Text(list) = redis.raw(&[b"CLIENT", b"LIST"]).await.expect("asked") else {
        panic!("no text")
    };
    assert_eq!(list.lines().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_caller_that_goes_away_holds_nobody_up() {
    for _ in 0..20 {
        undisturbed(async || {
            let server = server();
            let redis = backend(&server);
            let first = tokio::spawn({
                let redis = redis.clone();
                async move { redis.ping().await }
            });
            tokio::task::yield_now().await;
            first.abort();
            let start = Instant::now();
            redis.ping().await.expect("connected by whoever is there");
            in_time("the first answer", start.elapsed(), Duration::from_millis(100))
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_value_goes_by_a_connection_of_its_own() {
    let server = server();
    let redis = aiocache_redis::RedisBackend::builder(url(&server))
        .deadline(Duration::from_secs(20))
        .build()
        .expect("good options");
    let large = bytes(vec![b'x'; 48 << 20]);
    redis.write("small", bytes("1"), None).await.expect("written");
    let writing = tokio::spawn({
        let redis = redis.clone();
        async move { redis.write("large", large, None).await }
    });
    let mut worst = Duration::ZERO;
    while !writing.is_finished() {
        let start = Instant::now();
        get(&redis, "small").await.expect("read");
        worst = worst.max(start.elapsed());
    }
    writing.await.expect("no panic").expect("written");
    println!("slowest small read beside a write of 48 MiB: {worst:?}");
    let Reply::Text(list) = redis.raw(&[b"CLIENT", b"LIST"]).await.expect("asked") else {
        panic!("no text")
    };
    assert_eq!(list.lines().count(), 2);
    assert_eq!(
        get(&redis, "large").await.expect("read").map(|value| value.len()),
        Some(48 << 20)
    );
}

/// P2: writes that are dropped before, in the middle of or after being sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_half_written_value_swallows_no_later_command() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let redis = RedisBackend::connect(url).expect("a good URL");
    let large = bytes(vec![b'x'; 1_000_000]);
    let mut dropped = 0;
    for round in 0..100 {
        proxy.set(Fault::Stall(Direction::ToServer));
        for _ in 0..2 {
            let write = redis.write("large", large.clone(), None);
            let patience = Duration::from_millis(round % 5);
            dropped += usize::from(timeout(patience, write).await.is_err());
        }
        proxy.set(Fault::Pass);
        let value = bytes(format!("round {round}"));
        redis.write("key", value.clone(), None).await.expect("written");
        assert_eq!(
            get(&redis, "key").await.expect("read"),
            Some(value),
            "round {round}"
        );
    }
    let read = get(&redis, "large").await.expect("read");
    assert!(read.is_none_or(|read| read == large), "a whole value or none");
    println!(
        "P2: {dropped} of 200 writes of 1 MB dropped, connections {}",
        proxy.connections()
    );
    assert_eq!(dropped, 200, "nothing reached the server in time");
}

/// The delete went by the other connection, came first, and the value that had been given up stood after it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_value_that_was_given_up_does_not_land_after_a_later_delete() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let redis = RedisBackend::builder(url)
            .deadline(Duration::from_millis(600))
            .build();
        let redis = redis.expect("good options");
        let large = bytes(vec![b'x'; 2 << 20]);
        for key in ["key", "other"] {
            redis.write(key, bytes("1"), None).await.expect("written");
        }
        redis
            .write("key", large.clone(), None)
            .await
            .expect("both connections are there");
        for dropped in [false, true] {
            proxy.set(Fault::Delay {
                to_server: Duration::from_millis(900),
                to_client: Duration::ZERO,
            });
            let write = redis.write("key", large.clone(), None);
            if dropped {
                timeout(Duration::from_millis(550), write)
                    .await
                    .expect_err("dropped");
            } else {
                let late = write.await.expect_err("on its way for 900 ms");
                assert_eq!(late.kind(), ErrorKind::Timeout);
            }
            proxy.set(Fault::Pass);
            let start = Instant::now();
            redis.write("other", bytes("2"), None).await.expect("written");
            let other = start.elapsed();
            redis
                .delete("key")
                .await
                .expect("deleted, behind the large value");
            let key = start.elapsed();
            tokio::time::sleep(Duration::from_millis(400)).await;
            assert_eq!(
                get(&redis, "key").await.expect("read"),
                None,
                "dropped: {dropped}"
            );
            println!("another key is written in {other:?}, this one deleted in {key:?}");
            assert!(key > other, "{other:?} and {key:?}");
            in_time("a write of another key", other, Duration::from_millis(100))?;
            // Nothing is before it any more.
            let start = Instant::now();
            redis.write("key", bytes("1"), None).await.expect("written");
            in_time("a small write", start.elapsed(), Duration::from_millis(100))?;
        }
        Ok(())
    })
    .await;
}
