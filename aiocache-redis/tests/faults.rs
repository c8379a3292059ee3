//! Servers that are killed, restarted and paused.

mod support;

use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};

use aiocache_core::testing::{Direction, Fault, Storm, in_time, in_time_beyond, undisturbed, while_awake};
use aiocache_core::{Backend, Error, ErrorKind};
use aiocache_redis::RedisBackend;
use support::fake::Fake;
use support::{PATIENCE, backend, bytes, get, proxy, scaled, server, server_with, until, url};
use tokio::time::sleep;

fn patient(url: String) -> RedisBackend {
    let builder = RedisBackend::builder(url).deadline(PATIENCE);
    builder.build().expect("good options")
}

/// P6, down for no time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_costs_idempotent_callers_nothing() {
    undisturbed(async || {
        let mut server = server();
        // How long a machine takes to start a server is not its clients' fault.
        let patient = RedisBackend::builder(support::url(&server)).deadline(Duration::from_secs(2));
        let storm = Storm::begin(patient.build().expect("good options"), 50);
        let restarts = scaled(3, 30);
        for _ in 0..restarts {
            // Longer than the longest pause between attempts: each restart meets connections that work.
            sleep(Duration::from_millis(400)).await;
            tokio::task::block_in_place(|| {
                server.kill().expect("the server obeys");
                server.restart().expect("the server obeys");
            });
        }
        sleep(Duration::from_millis(300)).await;
        let seen = storm.end().await;
        let errors: Vec<_> = seen.errors().collect();
        println!(
            "P6: {} commands over {restarts} kills -9, {} errors, slowest {:?}",
            seen.commands(),
            errors.len(),
            seen.slowest()
        );
        assert!(seen.commands() > 0);
        // Who stands still for longer has spent much of the deadline with it.
        while_awake(
            &format!(
                "no error, but {} of them, the first {:?}",
                errors.len(),
                errors.first()
            ),
            errors.is_empty(),
            Duration::from_millis(100),
        )
    })
    .await;
}

/// P6, down for longer than a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_away_is_unavailable_only_while_it_is_away() {
    undisturbed(async || {
        let mut server = server();
        let storm = Storm::begin(backend(&server), 50);
        sleep(Duration::from_millis(100)).await;
        server.kill().expect("the server obeys");
        sleep(Duration::from_millis(1500)).await;
        tokio::task::block_in_place(|| server.restart()).expect("the server obeys");
        let back = Instant::now();
        sleep(Duration::from_millis(700)).await;
        let seen = storm.end().await;

        let first = seen.success_after(back).expect("it works again") - back;
        println!(
            "P6: {} commands around 1.5 s without a server, slowest {:?}, first success {first:?} after its start",
            seen.commands(),
            seen.slowest()
        );
        // The longest pause between attempts, and an attempt.
        in_time_beyond("the first success", first, Duration::from_millis(250), Duration::from_millis(300))?;
        let late = seen.errors_after(back + Duration::from_millis(300)).count();
        while_awake("no error after it", late == 0, Duration::from_millis(100))?;
        let kinds = seen.errors().map(Error::kind);
        assert!(kinds.clone().count() > 0 && kinds.clone().all(|kind| kind == ErrorKind::Unavailable));
        in_time("a command", seen.slowest(), Duration::from_millis(700))
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_costs_nothing_not_even_a_counter() {
    let mut server = server();
    let redis = backend(&server);
    for _ in 0..3 {
        redis.ping().await.expect("there");
        tokio::task::yield_now().await;
        server.restart().expect("the server obeys");
        // The connection's task sees the end when this runtime next polls it.
        sleep(Duration::from_millis(20)).await;
        assert_eq!(redis.increment("counter", 1, None).await.expect("counted"), 1);
    }
}

/// It was taken for one that a server accepts and drops.
#[tokio::test]
async fn a_connection_that_nobody_used_yet_is_replaced_as_any_other() {
    let mut server = server();
    let redis = patient(url(&server));
    for round in 0..3 {
        // Looked at once and dropped: a deadline of no time is at times later than the answer.
        let mut ping = Box::pin(redis.ping());
        let waits = poll_fn(|cx| Poll::Ready(ping.as_mut().poll(cx).is_pending())).await;
        drop(ping);
        assert!(waits, "there is no connection yet");
        until("a connection", || redis.stats().connections == Some(1)).await;
        server.restart().expect("the server obeys");
        until("the end of it", || redis.stats().connections == Some(0)).await;
        redis
            .ping()
            .await
            .unwrap_or_else(|error| panic!("{round}: {error}"));
        server.restart().expect("the server obeys");
        until("the end of the next", || redis.stats().connections == Some(0)).await;
    }
}

/// The window is all the time that a large value takes.
#[tokio::test]
async fn the_first_command_of_a_connection_is_repeated_as_any_other() {
    let fake = Fake::start(|connection, words| match words {
        ["SET", ..] if connection == 1 => None,
        _ => Some("+OK\r\n".to_owned()),
    })
    .await;
    let redis = patient(fake.url());
    let written = redis.write("key", bytes(vec![b'x'; 2 << 20]), None).await;
    written.expect("repeated");
    assert_eq!(fake.connections(), 2);
}

#[tokio::test]
async fn a_server_that_accepts_and_drops_is_left_alone_between_attempts() {
    let fake = Fake::start(|_, words| (words != ["GET", "key"]).then(|| "+PONG\r\n".to_owned())).await;
    let redis = RedisBackend::builder(fake.url())
        .deadline(Duration::from_millis(300))
        .build()
        .expect("good options");
    let start = Instant::now();
    let mut refused = 0;
    while refused < 20 {
        let before = fake.connections();
        let error = get(&redis, "key").await.expect_err("dropped");
        assert!(error.is_transient(), "{error}");
        refused += usize::from(fake.connections() == before);
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "its patience has no end"
        );
        sleep(Duration::from_millis(5)).await;
    }
    // 25 ms at least, then 50, 100, and 125 from there.
    let most = 5 + start.elapsed().as_millis() / 125;
    let connections = fake.connections();
    println!("{connections} connections in {:?}", start.elapsed());
    assert!(
        connections as u128 <= most,
        "{connections} connections, and at most {most}"
    );
}

#[tokio::test]
async fn a_paused_server_costs_the_deadline_and_is_found_again() {
    undisturbed(async || {
        let mut server = server();
        let deadline = Duration::from_millis(250);
        let redis = RedisBackend::builder(url(&server))
            .deadline(deadline)
            .build()
            .expect("good options");
        redis.write("key", bytes("1"), None).await.expect("written");
        server.pause().expect("the server obeys");
        let mut worst = Duration::ZERO;
        for _ in 0..8 {
            let start = Instant::now();
            let error = get(&redis, "key").await.expect_err("paused");
            assert!(
                matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable),
                "{error}"
            );
            worst = worst.max(start.elapsed());
        }
        server.resume().expect("the server obeys");
        println!("slowest {worst:?} with a deadline of {deadline:?}");
        in_time("a command", worst, deadline * 2)?;
        let start = Instant::now();
        while get(&redis, "key").await.is_err() {
            sleep(Duration::from_millis(5)).await;
        }
        let back = start.elapsed();
        println!("back after {back:?}");
        in_time("the first answer", back, Duration::from_millis(500))
    })
    .await;
}

#[tokio::test]
async fn a_server_that_never_answered_costs_each_caller_at_most_the_deadline() {
    undisturbed(async || {
        let mut server = server();
        server.pause().expect("the server obeys");
        let deadline = Duration::from_millis(250);
        let redis = RedisBackend::builder(url(&server))
            .deadline(deadline)
            .build()
            .expect("good options");
        let mut worst = Duration::ZERO;
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(3) {
            let start = Instant::now();
            let error = redis.increment("counter", 1, None).await.expect_err("paused");
            assert_eq!(error.kind(), ErrorKind::Unavailable, "nothing was sent");
            worst = worst.max(start.elapsed());
            sleep(Duration::from_millis(10)).await;
        }
        println!("slowest {worst:?} with a deadline of {deadline:?}");
        in_time("a command", worst, deadline * 2)?;
        server.resume().expect("the server obeys");
        sleep(Duration::from_millis(300)).await;
        assert_eq!(redis.increment("counter", 1, None).await.expect("counted"), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_server_that_is_full_is_unavailable() {
    let server = server_with(&["--maxclients", "1"]);
    let first = backend(&server);
    // The starter's own probe may still be counted.
    while first.ping().await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    let second = backend(&server);
    let error = second.ping().await.expect_err("full");
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    first.close().await.expect("closed");
    sleep(Duration::from_millis(300)).await;
    second.ping().await.expect("there is room");
}

#[tokio::test]
async fn a_connection_that_only_times_out_is_left() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let redis = RedisBackend::builder(url)
        .deadline(Duration::from_millis(200))
        .build()
        .expect("good options");
    redis.write("key", bytes("1"), None).await.expect("written");
    proxy.set_live(Fault::BlackHole(Direction::Both));
    let start = Instant::now();
    let mut errors = 0;
    while get(&redis, "key").await.is_err() {
        errors += 1;
        assert!(start.elapsed() < Duration::from_secs(3), "never left");
    }
    println!("left after {errors} timeouts, {:?}", start.elapsed());
    assert_eq!(errors, 3);
}

/// A script that the server does not know is sent twice, and each sending had a whole deadline.
#[tokio::test]
async fn a_script_that_is_not_known_keeps_one_deadline_too() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let deadline = Duration::from_millis(400);
        let redis = RedisBackend::builder(url).deadline(deadline).build();
        let redis = redis.expect("good options");
        redis.raw(&[b"SCRIPT", b"FLUSH"]).await.expect("flushed");
        proxy.set(Fault::Delay {
            to_server: Duration::ZERO,
            to_client: Duration::from_millis(250),
        });
        let start = Instant::now();
        let minute = Some(Duration::from_secs(60));
        let error = redis
            .increment("counter", 1, minute)
            .await
            .expect_err("250 ms twice");
        let took = start.elapsed();
        assert_eq!(error.kind(), ErrorKind::Unknown);
        assert!(took >= deadline, "{took:?}");
        in_time_beyond(
            "both sendings",
            took,
            deadline,
            deadline + Duration::from_millis(95),
        )
    })
    .await;
}
