//! Behind sentinels: the master dies, steps down, or was never there.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::testing::{in_time, in_time_beyond, undisturbed};
use aiocache_core::{Backend, ErrorKind};
use aiocache_redis::RedisBackend;
use support::sentinel::Watched;
use support::{bytes, get};
use tokio::time::sleep;

const DEADLINE: Duration = Duration::from_millis(400);
/// From the promotion of the replica to the first write: one or two seconds until the sentinels know, and at most
/// 250 ms until the next try to connect. How long the sentinels vote is theirs: where no one of them gets two voices,
/// they begin anew after twice their `failover-timeout` and up to a second of chance.
const BOUND: Duration = Duration::from_secs(4);
/// More than three such votes.
const VOTES: Duration = Duration::from_secs(20);
/// What a busy machine may add to a deadline.
const SLACK: Duration = Duration::from_millis(200);

fn connect(watched: &Watched) -> RedisBackend {
    RedisBackend::builder(watched.url())
        .deadline(DEADLINE)
        .build()
        .expect("a good URL")
}

/// Writes until it works again, and tells how often it did not and how long one write took at most.
async fn until_written(redis: &RedisBackend) -> (u32, Duration) {
    let start = Instant::now();
    let (mut errors, mut worst) = (0, Duration::ZERO);
    loop {
        let begin = Instant::now();
        let written = redis.write("key", bytes("after"), None).await;
        worst = worst.max(begin.elapsed());
        match written {
            Ok(()) => return (errors, worst),
            Err(error) => assert!(error.is_transient(), "{error}"),
        }
        errors += 1;
        assert!(start.elapsed() < VOTES, "never written");
        sleep(Duration::from_millis(10)).await;
    }
}

/// How long it takes from now until the replica is a master.
async fn promotion(watched: &Watched) -> Duration {
    let start = Instant::now();
    while !watched.ask(&watched.replica, "ROLE").await.starts_with("master") {
        assert!(start.elapsed() < VOTES, "no failover");
        sleep(Duration::from_millis(10)).await;
    }
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_the_death_of_the_master_the_new_one_is_written_to() {
    undisturbed(async || {
        let mut watched = Watched::start(None).await;
        let redis = connect(&watched);
        redis.write("key", bytes("before"), None).await.expect("written");
        redis.increment("counter", 1, None).await.expect("counted");
        let start = Instant::now();
        watched.master.kill().expect("the server obeys");
        let write = async {
            let (errors, worst) = until_written(&redis).await;
            println!("{errors} errors, slowest {worst:?}");
            (start.elapsed(), worst)
        };
        let ((written, worst), promoted) = tokio::join!(write, promotion(&watched));
        println!("promoted {promoted:?} after the kill -9 of the master, written after {written:?}");
        in_time_beyond("a write", worst, DEADLINE, DEADLINE + SLACK)?;
        in_time("the first write", written, promoted + BOUND)?;
        assert_eq!(watched.ask(&watched.replica, "GET key").await, "after");
        assert_eq!(get(&redis, "key").await.expect("read"), Some(bytes("after")));
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_that_steps_down_is_left() {
    undisturbed(async || {
        let watched = Watched::start(None).await;
        let redis = connect(&watched);
        redis.write("key", bytes("before"), None).await.expect("written");
        let asked = watched.ask(&watched.sentinels[0], "SENTINEL FAILOVER main").await;
        assert_eq!(asked, "OK");
        promotion(&watched).await;
        // Both take writes, and the old master's will be lost.
        let start = Instant::now();
        loop {
            let (_, worst) = until_written(&redis).await;
            in_time_beyond("a write", worst, DEADLINE, DEADLINE + SLACK)?;
            if watched.ask(&watched.replica, "GET key").await == "after" {
                break;
            }
            in_time("leaving the old master", start.elapsed(), BOUND)?;
            sleep(Duration::from_millis(10)).await;
        }
        println!(
            "the new master is written to {:?} after its promotion",
            start.elapsed()
        );
        assert_eq!(redis.increment("counter", 1, None).await.expect("counted"), 1);
        assert_eq!(watched.ask(&watched.replica, "GET counter").await, "1");
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_password_is_the_servers_and_not_the_sentinels() {
    let watched = Watched::start(Some("right-canary")).await;
    let right = RedisBackend::builder(watched.url())
        .password("right-canary")
        .build()
        .expect("good options");
    right.ping().await.expect("let in");
    let wrong = RedisBackend::builder(watched.url())
        .password("wrong-canary")
        .build()
        .expect("good options");
    let error = wrong.ping().await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Server, "{error}");
    assert!(
        !format!("{error} {error:?} {wrong:?}").contains("canary"),
        "{error:?}"
    );
}

#[tokio::test]
async fn sentinels_have_a_password_of_their_own() {
    let watched = Watched::start(None).await;
    for sentinel in &watched.sentinels {
        let set = "ACL SETUSER default resetpass >sentinel-canary";
        assert_eq!(watched.ask(sentinel, set).await, "OK");
    }
    let builder = || RedisBackend::builder(watched.url());
    let right = builder().sentinel_password("sentinel-canary");
    right.build().expect("good options").ping().await.expect("let in");
    for wrong in [builder(), builder().sentinel_password("wrong-canary")] {
        let wrong = wrong.build().expect("good options");
        let error = wrong.ping().await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Server, "{error}");
        assert!(
            !format!("{error} {error:?} {wrong:?}").contains("canary"),
            "{error:?}"
        );
    }
    let half = builder().sentinel_username("user").build();
    assert_eq!(half.expect_err("refused").kind(), ErrorKind::InvalidConfig);
}

#[tokio::test]
async fn sentinels_that_are_away_or_dark_cost_little() {
    undisturbed(async || {
        let mut watched = Watched::start(None).await;
        watched.sentinels[0].kill().expect("the server obeys");
        watched.sentinels[1].pause().expect("the server obeys");
        let redis = connect(&watched);
        let start = Instant::now();
        redis.ping().await.expect("the third knows");
        println!("connected after {:?}", start.elapsed());

        let unknown = watched.url().replace("/main", "/other");
        let unknown = RedisBackend::builder(unknown)
            .deadline(DEADLINE)
            .build()
            .expect("a good URL");
        let start = Instant::now();
        let error = unknown.ping().await.expect_err("no such master");
        in_time_beyond("the refusal", start.elapsed(), DEADLINE, DEADLINE + SLACK)?;
        assert!(error.to_string().contains("No such master"), "{error}");

        watched.sentinels[1].kill().expect("the server obeys");
        watched.sentinels[2].kill().expect("the server obeys");
        // What is connected needs no sentinel.
        redis.ping().await.expect("there");
        let late = connect(&watched);
        let error = late.ping().await.expect_err("nobody to ask");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(
            error.to_string().contains("main") || error.to_string().contains("127.0.0.1"),
            "{error}"
        );
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_open_connections_to_the_master_are_told() {
    let mut watched = Watched::start(None).await;
    let redis = connect(&watched);
    let open = || redis.stats().connections;
    assert_eq!(open(), Some(0), "before the first command");
    redis.ping().await.expect("the master answers");
    assert_eq!(open(), Some(1), "those to sentinels do not count");
    watched.master.kill().expect("the server obeys");
    let start = Instant::now();
    while open() != Some(0) {
        assert!(start.elapsed() < VOTES, "{:?}", open());
        sleep(Duration::from_millis(5)).await;
    }
    until_written(&redis).await;
    assert_eq!(open(), Some(1), "to the new master");
    redis.close().await.expect("closed");
    assert_eq!(open(), Some(0));
}
