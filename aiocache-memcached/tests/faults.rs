//! Servers that are killed, restarted and paused.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::testing::{
    Direction, Fault, MemcachedServer, Storm, in_time, in_time_beyond, undisturbed, while_awake,
};
use aiocache_core::{Backend, Error, ErrorKind, Want};
use aiocache_memcached::MemcachedBackend;
use support::{backend, bytes, get, proxy, scaled, server};
use tokio::task::JoinHandle;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_costs_idempotent_callers_nothing() {
    undisturbed(async || {
        let mut server = server();
        // How long a machine takes to start a server is not its clients' fault.
        let patient = MemcachedBackend::builder()
            .server(server.url())
            .deadline(Duration::from_secs(2));
        let storm = Storm::begin(patient.build().expect("good options"), 50);
        let restarts = scaled(3, 30);
        for _ in 0..restarts {
            // Longer than the longest pause between attempts: each restart meets connections that work.
            sleep(Duration::from_millis(400)).await;
            tokio::task::block_in_place(|| server.restart()).expect("the server obeys");
        }
        sleep(Duration::from_millis(300)).await;
        let seen = storm.end().await;
        let errors: Vec<_> = seen.errors().collect();
        println!(
            "P6: {} commands over {restarts} restarts, slowest {:?}",
            seen.commands(),
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
            "P6: {} commands around 1.5 s without a server, slowest {:?}, first success after {first:?}",
            seen.commands(),
            seen.slowest()
        );
        // The longest pause between attempts, and an attempt.
        in_time_beyond(
            "the first success",
            first,
            Duration::from_millis(200),
            Duration::from_millis(300),
        )?;
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
    let memcached = backend(&server);
    for _ in 0..3 {
        memcached.ping().await.expect("there");
        tokio::task::yield_now().await;
        server.restart().expect("the server obeys");
        // The connection's task sees the end when this runtime next polls it.
        sleep(Duration::from_millis(20)).await;
        assert_eq!(memcached.increment("counter", 1, None).await.expect("counted"), 1);
    }
}

#[tokio::test]
async fn a_paused_server_costs_the_deadline_and_is_found_again() {
    undisturbed(async || {
        let mut server = server();
        let deadline = Duration::from_millis(250);
        let memcached = MemcachedBackend::builder()
            .server(server.url())
            .deadline(deadline)
            .build()
            .expect("good options");
        memcached.write("key", bytes("1"), None).await.expect("written");
        server.pause().expect("the server obeys");
        let mut worst = Duration::ZERO;
        for _ in 0..8 {
            let start = Instant::now();
            let error = get(&memcached, "key").await.expect_err("paused");
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
        while get(&memcached, "key").await.is_err() {
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
        let memcached = MemcachedBackend::builder()
            .server(server.url())
            .deadline(deadline)
            .build()
            .expect("good options");
        let mut worst = Duration::ZERO;
        let begin = Instant::now();
        let (seconds, mut commands) = (scaled(3, 30) as u64, 0);
        while begin.elapsed() < Duration::from_secs(seconds) {
            commands += 1;
            let start = Instant::now();
            let error = memcached.increment("counter", 1, None).await.expect_err("paused");
            assert_eq!(error.kind(), ErrorKind::Unavailable, "nothing was sent");
            worst = worst.max(start.elapsed());
            sleep(Duration::from_millis(10)).await;
        }
        println!(
            "P7: {commands} increments in {seconds} s at a stopped server, slowest {worst:?}, deadline {deadline:?}"
        );
        in_time("a command", worst, deadline * 2)?;
        server.resume().expect("the server obeys");
        sleep(Duration::from_millis(300)).await;
        assert_eq!(memcached.increment("counter", 1, None).await.expect("counted"), 1);
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_went_dark_costs_one_deadline_and_is_left() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let deadline = Duration::from_millis(200);
        let memcached = MemcachedBackend::builder()
            .server(url)
            .deadline(deadline)
            .pool_size(1)
            .build()
            .expect("good options");
        memcached.write("key", bytes("1"), None).await.expect("written");
        let times = scaled(2, 20);
        let mut slowest = Duration::ZERO;
        for _ in 0..times {
            proxy.set_live(Fault::BlackHole(Direction::Both));
            let start = Instant::now();
            assert_eq!(
                get(&memcached, "key").await.expect_err("dark").kind(),
                ErrorKind::Timeout
            );
            assert_eq!(
                get(&memcached, "key").await.expect("a new connection"),
                Some(bytes("1"))
            );
            slowest = slowest.max(start.elapsed());
        }
        println!("P8: dark {times} times, back after {slowest:?}, deadline {deadline:?}");
        in_time("a new connection", slowest, 3 * deadline)?;
        proxy.set_live(Fault::BlackHole(Direction::Both));
        let error = memcached.increment("counter", 1, None).await.expect_err("dark");
        assert_eq!(error.kind(), ErrorKind::Unknown, "it may have been counted");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_command_whose_connection_breaks_ends_with_its_deadline_while_no_other_is_made() {
    undisturbed(async || {
        let server = server();
        let (proxy, url) = proxy(&server).await;
        let deadline = Duration::from_millis(250);
        let memcached = MemcachedBackend::builder()
            .server(url)
            .deadline(deadline)
            .connect_timeout(Duration::from_secs(5))
            .pool_size(1)
            .build()
            .expect("good options");
        memcached.write("key", bytes("1"), None).await.expect("written");
        // Accepted and never answered, so that the read waits, is to be sent again, and finds no connection.
        proxy.set(Fault::BlackHole(Direction::Both));
        let start = Instant::now();
        let read = tokio::spawn({
            let memcached = memcached.clone();
            async move { get(&memcached, "key").await }
        });
        sleep(Duration::from_millis(50)).await;
        proxy.cut();
        let error = read.await.expect("no panic").expect_err("no answer");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        let took = start.elapsed();
        assert!(took >= deadline, "{took:?}");
        in_time("the read", took, deadline * 2)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_however_often_connections_break() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let memcached = MemcachedBackend::connect(url).expect("a good URL");
    let writes = scaled(625, 6_250);
    let task = |task: usize| {
        let memcached = memcached.clone();
        tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            for round in 0..writes {
                let key = format!("{task}.{round}");
                match memcached.write(&key, bytes(&key), None).await {
                    Ok(()) => acknowledged.push(key),
                    Err(error) => {
                        assert!(error.is_transient(), "{error}");
                        sleep(Duration::from_millis(5)).await;
                    }
                }
            }
            acknowledged
        })
    };
    let tasks: Vec<_> = (0..16).map(task).collect();
    let mut cuts = 0;
    while !tasks.iter().all(JoinHandle::is_finished) {
        sleep(Duration::from_millis(60)).await;
        proxy.cut();
        cuts += 1;
    }
    let (mut acknowledged, mut missing) = (0, 0);
    for task in tasks {
        for key in task.await.expect("no panic") {
            acknowledged += 1;
            let read = backend_read(&server, &key).await;
            missing += usize::from(read != Some(bytes(&key)));
        }
    }
    println!(
        "P4: {} writes over {cuts} cuts of every connection: {acknowledged} acknowledged, {missing} missing",
        16 * writes
    );
    assert_eq!(missing, 0);
    assert!(cuts > 3 && acknowledged > 8 * writes);
}

async fn backend_read(server: &MemcachedServer, key: &str) -> Option<bytes::Bytes> {
    thread_local! { static DIRECT: std::cell::OnceCell<MemcachedBackend> = const { std::cell::OnceCell::new() }; }
    // It is to say what is there, however long that takes.
    let patient = || {
        let builder = MemcachedBackend::builder().server(server.url());
        let patient = builder.deadline(Duration::from_secs(20)).build();
        patient.expect("good options")
    };
    let direct = DIRECT.with(|direct| direct.get_or_init(patient).clone());
    get(&direct, key).await.expect("read")
}

#[tokio::test]
async fn ok_means_that_the_server_said_so() {
    let mut server = server();
    let (proxy, url) = proxy(&server).await;
    let memcached = MemcachedBackend::builder()
        .server(url)
        .max_value_bytes(8 << 20)
        .build()
        .expect("good options");
    memcached.write("key", bytes("old"), None).await.expect("written");
    let error = memcached
        .write("key", bytes(vec![0; 2 << 20]), None)
        .await
        .expect_err("over -I");
    assert_eq!(error.kind(), ErrorKind::ValueTooLarge, "{error}");
    let pairs = vec![
        ("a", bytes("1")),
        ("b", bytes(vec![0; 2 << 20])),
        ("c", bytes("3")),
    ];
    let error = memcached.write_many(pairs, None).await.expect_err("over -I");
    assert_eq!((error.kind(), error.index()), (ErrorKind::ValueTooLarge, Some(1)));
    assert_eq!(get(&memcached, "c").await.expect("in step"), Some(bytes("3")));
    assert_eq!(proxy.connections(), 4, "a refusal costs no connection");

    // Killed between the write and the answer.
    proxy.set(Fault::BlackHole(Direction::ToClient));
    let write = tokio::spawn({
        let memcached = memcached.clone();
        async move { memcached.add("key", bytes("new"), None).await }
    });
    sleep(Duration::from_millis(50)).await;
    server.kill().expect("the server obeys");
    let error = write.await.expect("no panic").expect_err("nobody said so");
    assert_eq!(error.kind(), ErrorKind::Unknown, "{error}");
}

#[tokio::test]
async fn a_version_is_refused_after_a_restart() {
    let mut server = server();
    let memcached = backend(&server);
    memcached.write("key", bytes("1"), None).await.expect("written");
    let version = memcached.read("key", Want::VERSION, |entry| entry.version).await;
    let version = version.expect("read").flatten().expect("a version");
    server.restart().expect("the server obeys");
    let (number, _) = version.as_number().expect("a number");
    let again = backend(&server);
    // The same compare-and-set id, given to another write by another server.
    for round in 0..number {
        again
            .write("key", bytes(format!("{round}")), None)
            .await
            .expect("written");
    }
    let set = memcached
        .compare_and_set("key", bytes("stale"), None, &version)
        .await;
    assert!(!set.expect("compared"), "an id of the server before was taken");
    assert!(
        !memcached
            .compare_and_delete("key", &version)
            .await
            .expect("compared")
    );
    assert_ne!(get(&memcached, "key").await.expect("read"), Some(bytes("stale")));
}
