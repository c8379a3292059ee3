//! Answers that are lost: what is told to the caller, and what is sent again.

mod support;

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::testing::{Counted, Direction, Fault, Increments};
use aiocache_core::{Backend, ErrorKind, Version};
use aiocache_redis::RedisBackend;
use support::{backend, bytes, get, proxy, scaled, server, until, url};
use tokio::time::sleep;

const DEADLINE: Duration = Duration::from_millis(250);

/// P9: a counter is what was acknowledged and some of what was unknown, and nothing is counted twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_is_what_was_acknowledged_and_some_of_the_unknown() {
    let mut server = server();
    let builder = RedisBackend::builder(url(&server)).deadline(DEADLINE);
    let redis = Arc::new(builder.build().expect("good options"));
    let mut told = Counted::default();
    let rounds = scaled(20, 200);
    for round in 0..rounds {
        let increments = Increments::begin(&redis, "counter", 50);
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

#[tokio::test]
async fn a_lost_answer_to_an_increment_is_unknown_and_never_sent_twice() {
    let mut server = server();
    let builder = RedisBackend::builder(url(&server)).deadline(Duration::from_millis(100));
    let redis = Arc::new(builder.build().expect("good options"));
    let mut told = Counted::default();
    for round in 0..200 {
        let stopped = round % 50 == 25;
        if stopped {
            server.pause().expect("the server obeys");
        }
        told.add(Increments::begin(&redis, "counter", 5).end().await);
        if stopped {
            server.resume().expect("the server obeys");
            sleep(Duration::from_millis(50)).await;
        }
    }
    sleep(Duration::from_millis(200)).await;
    let counter = backend(&server).increment("counter", 0, None).await;
    let counter = counter.expect("counted");
    println!("{told:?}, counter {counter}");
    assert!(told.unknown > 0);
    assert!(told.allows(counter), "{told:?}, counter {counter}");
}

#[tokio::test]
async fn a_write_that_may_have_been_applied_is_a_timeout_or_unknown_by_its_kind() {
    let mut server = server();
    let redis = RedisBackend::builder(url(&server))
        .deadline(Duration::from_millis(80))
        .build()
        .expect("good options");
    redis.ping().await.expect("there");
    server.pause().expect("the server obeys");
    let (write, add) = tokio::join!(
        redis.write("key", bytes("1"), None),
        redis.add("new", bytes("1"), None)
    );
    server.resume().expect("the server obeys");
    assert_eq!(write.expect_err("late").kind(), ErrorKind::Timeout);
    assert_eq!(add.expect_err("late").kind(), ErrorKind::Unknown);
    sleep(Duration::from_millis(50)).await;
    assert_eq!(
        get(&redis, "key").await.expect("read"),
        Some(bytes("1")),
        "it was applied"
    );
}

#[tokio::test]
async fn an_answer_cut_off_repeats_what_is_harmless_and_nothing_else() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let redis = RedisBackend::connect(url).expect("a good URL");
    let direct = backend(&server);
    let minute = Some(Duration::from_secs(60));
    redis
        .increment("warm", 1, minute)
        .await
        .expect("scripts are known");

    // The command reaches the server; its answer is lost and then the connection.
    let lose_answers = async || {
        redis.ping().await.expect("connected");
        proxy.set_live(Fault::BlackHole(Direction::ToClient));
    };
    let cut = async |before| {
        until("sent", || proxy.bytes_to_server() > before).await;
        sleep(Duration::from_millis(50)).await;
        proxy.cut();
    };
    lose_answers().await;
    let (written, ()) = tokio::join!(redis.write("key", bytes("1"), None), cut(proxy.bytes_to_server()));
    written.expect("repeated");
    lose_answers().await;
    let (read, ()) = tokio::join!(get(&redis, "key"), cut(proxy.bytes_to_server()));
    assert_eq!(read.expect("repeated"), Some(bytes("1")));

    for (how, ttl) in [("plain", None), ("script", minute)] {
        lose_answers().await;
        let (counted, ()) = tokio::join!(redis.increment(how, 1, ttl), cut(proxy.bytes_to_server()));
        assert_eq!(counted.expect_err("cut off").kind(), ErrorKind::Unknown, "{how}");
        assert_eq!(
            get(&direct, how).await.expect("read"),
            Some(bytes("1")),
            "{how} was counted once"
        );
    }
    lose_answers().await;
    let (added, ()) = tokio::join!(redis.add("new", bytes("1"), None), cut(proxy.bytes_to_server()));
    assert_eq!(added.expect_err("cut off").kind(), ErrorKind::Unknown);
    lose_answers().await;
    let version = Version::bytes(bytes("1"));
    let (deleted, ()) = tokio::join!(
        redis.compare_and_delete("key", &version),
        cut(proxy.bytes_to_server())
    );
    assert_eq!(deleted.expect_err("cut off").kind(), ErrorKind::Unknown);
    lose_answers().await;
    let (answer, ()) = tokio::join!(redis.raw(&[b"PING"]), cut(proxy.bytes_to_server()));
    assert_eq!(answer.expect_err("cut off").kind(), ErrorKind::Unknown);
}
