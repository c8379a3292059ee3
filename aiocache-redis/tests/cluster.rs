//! A cluster of three nodes: keys over all of them, and slots that move.

mod support;

use std::time::{Duration, Instant};

use aiocache_core::testing::{in_time, undisturbed_blocking};
use aiocache_core::{Backend, ErrorKind, Remaining, Want};
use aiocache_redis::RedisBackend;
use support::cluster::{DEADLINE, Nodes, connect, names, refs};
use support::{HARD_PREFIXES, PATIENCE, bytes, get, server};

#[tokio::test]
async fn many_keys_go_to_all_nodes_and_come_back_in_order() {
    let nodes = Nodes::start(0).await;
    let redis = RedisBackend::connect(nodes.url()).expect("a good URL");
    let names = names("key-", 1000);
    let keys = refs(&names);
    for ttl in [None, Some(Duration::from_secs(60))] {
        let pairs = keys.iter().map(|key| (*key, bytes(key))).collect();
        redis.write_many(pairs, ttl).await.expect("written");
        let sizes = nodes.sizes().await;
        assert_eq!(sizes.iter().sum::<u64>(), 1000);
        assert!(sizes.iter().all(|size| *size > 200), "{sizes:?}");

        let mut asked = keys.clone();
        asked.reverse();
        asked.insert(500, "missing");
        for want in [Want::VALUE, Want::REMAINING] {
            let read = redis.read_many(&asked, want, |index, entry| {
                assert_eq!(entry.raw, &bytes(asked[index]));
                entry.remaining
            });
            let found = read.await.expect("read");
            assert_eq!(found.len(), 1001);
            for (index, remaining) in found.into_iter().enumerate() {
                match remaining {
                    None => assert_eq!(index, 500),
                    Some(None) => assert_eq!(want, Want::VALUE),
                    Some(Some(Remaining::Never)) => assert_eq!(ttl, None),
                    Some(Some(Remaining::For(left))) => assert!(ttl.is_some_and(|ttl| left <= ttl)),
                    Some(other) => panic!("{other:?}"),
                }
            }
        }
    }
    let half: Vec<_> = keys.iter().copied().step_by(2).chain(["missing"]).collect();
    assert_eq!(redis.delete_many(&half).await.expect("deleted"), 500);
    assert_eq!(nodes.sizes().await.iter().sum::<u64>(), 500);
    redis.ping().await.expect("all answer");
    redis.clear_all().await.expect("cleared");
    assert_eq!(nodes.sizes().await, [0; 3]);
}

/// P19 of a cluster.
#[tokio::test]
async fn twenty_namespaces_of_pattern_characters_are_cleared_one_by_one() {
    let nodes = Nodes::start(0).await;
    let redis = RedisBackend::builder(nodes.url()).deadline(PATIENCE).build();
    let redis = redis.expect("a good URL");
    let mut left: Vec<String> = Vec::new();
    for prefix in HARD_PREFIXES {
        let names = names(prefix, 500);
        let pairs = names.iter().map(|name| (name.as_str(), bytes("1"))).collect();
        redis.write_many(pairs, None).await.expect("written");
        left.extend(names);
    }
    assert_eq!(left.len(), 10_000);
    let (mut lost, mut remained) = (0, 0);
    for prefix in HARD_PREFIXES {
        redis.clear(prefix).await.expect("cleared");
        let (gone, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|name| name.starts_with(prefix));
        let count = async |names: &[String]| {
            let keys = refs(names);
            let found = redis
                .read_many(&keys, Want::VALUE, |_, _| ())
                .await
                .expect("read");
            found.into_iter().flatten().count()
        };
        remained += count(&gone).await;
        lost += others.len() - count(&others).await;
        left = others;
    }
    println!(
        "10 000 keys in 20 namespaces on 3 nodes: left in a cleared one {remained}, lost elsewhere {lost}"
    );
    assert_eq!((remained, lost), (0, 0));
    assert_eq!(nodes.sizes().await, [0; 3]);
}

async fn connections(nodes: &Nodes, number: usize) -> u64 {
    let stats = nodes.ask(number, "INFO stats").await;
    let mut lines = stats.lines();
    let opened = lines.find_map(|line| line.strip_prefix("total_connections_received:"));
    opened
        .and_then(|count| count.trim().parse().ok())
        .expect("a number")
}

#[tokio::test]
async fn a_slot_on_its_way_to_another_node_loses_nothing() {
    let mut nodes = Nodes::start(0).await;
    let redis = connect(&nodes);
    let to = nodes.add().await;
    let names = names("{tag}", 100);
    let keys = refs(&names);
    let pairs = keys.iter().map(|key| (*key, bytes(key))).collect();
    redis.write_many(pairs, None).await.expect("written");

    let slot = nodes.begin_move("{tag}", to).await;
    for key in keys.iter().step_by(2) {
        nodes.migrate(&slot, key).await;
        assert_eq!(get(&redis, key).await.expect("read"), Some(bytes(key)), "{key}");
    }
    commands_find_both_halves(&redis, &keys).await;
    let before = connections(&nodes, to).await;
    for key in keys.iter().step_by(2) {
        assert_eq!(get(&redis, key).await.expect("read"), Some(bytes(key)));
    }
    // One is the question's own.
    assert_eq!(
        connections(&nodes, to).await - before,
        1,
        "for a node that has no slot yet"
    );
    redis.clear("{tag}9").await.expect("cleared from both sides");
    assert_eq!(count(&redis, &keys).await, 89);

    for key in keys.iter().skip(1).step_by(2) {
        nodes.migrate(&slot, key).await;
    }
    nodes.end_move(slot).await;
    assert_eq!(count(&redis, &keys).await, 89);
    assert_eq!(
        redis.increment("{tag}counter", 1, None).await.expect("counted"),
        4
    );
    assert_eq!(redis.delete_many(&keys).await.expect("deleted"), 89);
}

/// What is asked of a slot while every other one of its keys is at its new node.
async fn commands_find_both_halves(redis: &RedisBackend, keys: &[&str]) {
    let minute = Some(Duration::from_secs(60));
    for counted in 1..=3 {
        for (counter, ttl) in [("{tag}counter", None), ("{tag}script", minute)] {
            let count = redis.increment(counter, 1, ttl).await;
            assert_eq!(count.expect("counted"), counted, "{counter}");
        }
    }
    assert!(redis.add("{tag}new", bytes("1"), None).await.expect("added"));
    for want in [Want::VALUE, Want::REMAINING] {
        let found = redis.read_many(keys, want, |index, entry| {
            assert_eq!(entry.raw, &bytes(keys[index]))
        });
        assert_eq!(found.await.expect("read").into_iter().flatten().count(), 100);
    }
}

/// How many of the keys are there.
async fn count(redis: &RedisBackend, keys: &[&str]) -> usize {
    let found = redis.read_many(keys, Want::VALUE, |_, _| ()).await;
    found.expect("read").into_iter().flatten().count()
}

#[test]
fn one_cluster_serves_runtimes_one_after_another() {
    undisturbed_blocking(|| {
        let runtime = || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
        };
        let first = runtime();
        let nodes = first.block_on(Nodes::start(0));
        let redis = connect(&nodes);
        let mut worst = Duration::ZERO;
        for _ in 0..5 {
            let use_it = async {
                for number in 0..10 {
                    let start = Instant::now();
                    redis
                        .increment(&format!("counter-{number}"), 1, None)
                        .await
                        .expect("counted");
                    worst = worst.max(start.elapsed());
                }
            };
            // The first runtime is alive and not driven meanwhile.
            runtime().block_on(use_it);
        }
        println!("slowest {worst:?}");
        let counted = first.block_on(redis.increment("counter-3", 0, None));
        assert_eq!(counted.expect("counted"), 5);
        in_time("the slowest command", worst, Duration::from_millis(50))
    });
}

#[tokio::test]
async fn what_cannot_be_a_cluster_is_told() {
    let server = server();
    let single = RedisBackend::connect(format!("redis-cluster://{}", server.addr())).expect("a good URL");
    let error = single.ping().await.expect_err("no cluster");
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.to_string().contains("cluster support disabled"), "{error}");
    let error = RedisBackend::builder("redis-cluster://127.0.0.1")
        .database(1)
        .build()
        .expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);

    let nobody = RedisBackend::builder("redis-cluster://127.0.0.1:1,127.0.0.1:2")
        .deadline(DEADLINE)
        .build()
        .expect("a good URL");
    let start = Instant::now();
    let error = get(&nobody, "key").await.expect_err("nobody there");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(start.elapsed() <= DEADLINE + Duration::from_millis(200));
}

#[tokio::test]
async fn the_open_connections_of_all_nodes_are_told() {
    let mut nodes = Nodes::start(0).await;
    let url = format!("redis-cluster://{}", nodes.servers[0].addr());
    let redis = RedisBackend::connect(url).expect("a good URL");
    let open = || redis.stats().connections;
    assert_eq!(open(), Some(0), "before the first command");
    let names = names("key-", 100);
    let pairs = names.iter().map(|name| (name.as_str(), bytes("1"))).collect();
    redis.write_many(pairs, None).await.expect("written");
    assert_eq!(open(), Some(4), "one to each node, and one that asked for them");

    nodes.servers[2].kill().expect("the server obeys");
    let begun = Instant::now();
    while open() != Some(3) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", open());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    redis.close().await.expect("closed");
    assert_eq!(open(), Some(0));
}
