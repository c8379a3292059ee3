//! A cluster of three nodes, one of which is killed, replaced or stopped.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::testing::{Fault, FaultProxy, in_time_beyond, undisturbed};
use aiocache_core::{Backend, ErrorKind, Want};
use aiocache_redis::RedisBackend;
use support::cluster::{DEADLINE, Nodes, connect, names, owner, refs};
use support::fake::Fake;
use support::{PATIENCE, bytes, get};
use tokio::time::sleep;

/// What a busy machine may add to a deadline.
const SLACK: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_killed_costs_its_share_and_no_more_than_the_deadline() {
    undisturbed(async || {
        let mut nodes = Nodes::start(0).await;
        let redis = connect(&nodes);
        let names = names("key-", 300);
        let pairs = names.iter().map(|name| (name.as_str(), bytes(name))).collect();
        redis.write_many(pairs, None).await.expect("written");
        let mut owners = Vec::new();
        for name in &names {
            owners.push(owner(&nodes, name).await);
        }
        nodes.servers[1].kill().expect("the server obeys");
        let (mut right, mut failed, mut worst) = (0, 0, Duration::ZERO);
        for _ in 0..3 {
            let reads = names.iter().zip(&owners).map(|(name, owner)| {
                let (redis, name, owner) = (redis.clone(), name.clone(), *owner);
                tokio::spawn(async move {
                    let start = Instant::now();
                    (owner, get(&redis, &name).await, start.elapsed(), name)
                })
            });
            for read in reads.collect::<Vec<_>>() {
                let (owner, answer, took, name) = read.await.expect("no panic");
                worst = worst.max(took);
                match answer {
                    Ok(value) => {
                        assert_eq!(value, Some(bytes(&name)));
                        assert_ne!(owner, 1);
                        right += 1;
                    }
                    Err(error) => {
                        assert_eq!(owner, 1, "{error}");
                        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                        failed += 1;
                    }
                }
            }
        }
        println!("900 reads with a node of 3 dead: right {right}, failed {failed}, slowest {worst:?}");
        let share = 3 * owners.iter().filter(|owner| **owner == 1).count();
        assert_eq!((right, failed), (900 - share, share));
        in_time_beyond("a read", worst, DEADLINE, DEADLINE + SLACK)?;

        let start = Instant::now();
        let error = redis
            .read_many(&refs(&names), Want::VALUE, |_, _| ())
            .await
            .expect_err("a share is missing");
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let pairs = names.iter().map(|name| (name.as_str(), bytes("2"))).collect();
        redis
            .write_many(pairs, None)
            .await
            .expect_err("a share is missing");
        in_time_beyond(
            "two commands",
            start.elapsed(),
            2 * DEADLINE,
            2 * DEADLINE + SLACK,
        )?;
        for (name, _) in names.iter().zip(&owners).filter(|(_, owner)| **owner != 1) {
            assert_eq!(get(&redis, name).await.expect("read"), Some(bytes("2")), "{name}");
        }

        tokio::task::block_in_place(|| nodes.servers[1].restart()).expect("the server obeys");
        let start = Instant::now();
        while redis.ping().await.is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "never back");
            sleep(Duration::from_millis(10)).await;
        }
        println!("all three answer again after {:?}", start.elapsed());
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_takes_over_is_found() {
    undisturbed(async || {
        let mut nodes = Nodes::start(1).await;
        let redis = connect(&nodes);
        let mut name = String::new();
        for number in 0.. {
            name = format!("key-{number}");
            if owner(&nodes, &name).await == 0 {
                break;
            }
        }
        redis.write(&name, bytes("1"), None).await.expect("written");
        let start = Instant::now();
        nodes.servers[0].kill().expect("the server obeys");
        let (mut errors, mut worst) = (0, Duration::ZERO);
        loop {
            let begin = Instant::now();
            let written = redis.write(&name, bytes("2"), None).await;
            worst = worst.max(begin.elapsed());
            match written {
                Ok(()) => break,
                Err(error) => assert!(error.is_transient(), "{error}"),
            }
            errors += 1;
            assert!(start.elapsed() < Duration::from_secs(20), "never written");
            sleep(Duration::from_millis(10)).await;
        }
        println!(
            "written {:?} after the kill -9 of its master, {errors} errors, slowest {worst:?}",
            start.elapsed()
        );
        in_time_beyond("a write", worst, DEADLINE, DEADLINE + SLACK)?;
        assert_eq!(get(&redis, &name).await.expect("read"), Some(bytes("2")));
        Ok(())
    })
    .await;
}

/// A node that has every key.
async fn node() -> Fake {
    Fake::start(|_, words| {
        let answer = if words == ["PING"] { "+PONG" } else { "$1\r\n1" };
        Some(format!("{answer}\r\n"))
    })
    .await
}

/// One that loads its data, and tells all the same that `owner` has every slot, as newer versions do.
async fn teller(owner: &Fake) -> Fake {
    let port = owner.addr.port();
    Fake::start(move |_, words| match words {
        ["CLUSTER", ..] => Some(format!(
            "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$9\r\n127.0.0.1\r\n:{port}\r\n"
        )),
        _ => Some("-LOADING Redis is loading the dataset in memory\r\n".to_owned()),
    })
    .await
}

fn through(seeds: &str) -> RedisBackend {
    let builder = RedisBackend::builder(format!("redis-cluster://{seeds}")).deadline(PATIENCE);
    builder.build().expect("a good URL")
}

#[tokio::test]
async fn a_seed_that_loads_its_data_tells_of_the_cluster() {
    let node = node().await;
    let redis = through(&teller(&node).await.addr.to_string());
    assert_eq!(get(&redis, "key").await.expect("read"), Some(bytes("1")));
}

/// One that was reset, or came back without its disk: who believed it had no node for any key.
#[tokio::test]
async fn a_node_that_knows_of_no_slots_is_not_believed() {
    let empty = Fake::start(|_, _| Some("*0\r\n".to_owned())).await;
    let node = node().await;
    let late = FaultProxy::start(teller(&node).await.addr)
        .await
        .expect("a free port");
    late.set(Fault::Delay {
        to_server: Duration::ZERO,
        to_client: Duration::from_millis(20),
    });
    let redis = through(&format!("{},{}", empty.addr, late.addr()));
    assert_eq!(get(&redis, "key").await.expect("read"), Some(bytes("1")));

    // Where none knows of any, the error says so.
    let error = get(&through(&empty.addr.to_string()), "key").await;
    let error = error.expect_err("nobody has it");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("knows of no slots"), "{error}");
}

/// P9 of a cluster.
#[tokio::test]
async fn a_counter_on_a_stopped_node_is_unknown_and_never_counted_twice() {
    let mut nodes = Nodes::start(0).await;
    let redis = RedisBackend::builder(nodes.url())
        .deadline(Duration::from_millis(100))
        .build()
        .expect("a good URL");
    let stopped = owner(&nodes, "counter").await;
    let (mut acknowledged, mut unknown, mut unavailable) = (0, 0, 0);
    for round in 0..100 {
        let pause = round % 25 == 12;
        if pause {
            nodes.servers[stopped].pause().expect("the server obeys");
        }
        let counts = (0..5).map(|_| {
            let redis = redis.clone();
            tokio::spawn(async move { redis.increment("counter", 1, None).await })
        });
        for count in counts.collect::<Vec<_>>() {
            match count.await.expect("no panic").map_err(|error| error.kind()) {
                Ok(_) => acknowledged += 1,
                Err(ErrorKind::Unknown) => unknown += 1,
                Err(ErrorKind::Unavailable) => unavailable += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        if pause {
            nodes.servers[stopped].resume().expect("the server obeys");
            sleep(Duration::from_millis(50)).await;
        }
    }
    sleep(Duration::from_millis(300)).await;
    let counter = connect(&nodes)
        .increment("counter", 0, None)
        .await
        .expect("counted");
    println!("acknowledged {acknowledged}, unknown {unknown}, unavailable {unavailable}, counter {counter}");
    assert!(unknown > 0 && acknowledged > 0);
    assert!(counter >= acknowledged && counter <= acknowledged + unknown);
}
