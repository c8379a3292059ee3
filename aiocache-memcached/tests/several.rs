//! Several servers, each with its share of the keys.

mod support;

use aiocache_core::testing::MemcachedServer;
use aiocache_core::{Backend, ErrorKind, Want};
use aiocache_memcached::MemcachedBackend;
use support::{backend, bytes, get, server};

fn keys() -> Vec<String> {
    (0..300).map(|n| format!("users:{n}")).collect()
}

/// Three servers and a backend over them, with every key written.
async fn filled() -> ([MemcachedServer; 3], MemcachedBackend) {
    let servers = [(); 3].map(|()| server());
    let hosts: Vec<_> = servers.iter().map(|server| server.addr().to_string()).collect();
    let url = format!("memcached://{}", hosts.join(","));
    let memcached = MemcachedBackend::connect(url).expect("a good URL");
    let keys = keys();
    let pairs = keys.iter().map(|key| (key.as_str(), bytes(key))).collect();
    memcached.write_many(pairs, None).await.expect("written");
    (servers, memcached)
}

async fn present(memcached: &MemcachedBackend) -> Vec<bool> {
    let keys = keys();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    let read = memcached
        .read_many(&keys, Want::VALUE, |at, entry| assert_eq!(entry.raw, keys[at]))
        .await;
    read.expect("read")
        .into_iter()
        .map(|read| read.is_some())
        .collect()
}

#[tokio::test]
async fn each_server_holds_its_share() {
    let (servers, memcached) = filled().await;
    assert!(present(&memcached).await.into_iter().all(|there| there));
    let mut all = 0;
    for server in &servers {
        let share = present(&backend(server))
            .await
            .into_iter()
            .filter(|there| *there)
            .count();
        println!("{share} of 300");
        assert!((50..=150).contains(&share), "{share}");
        all += share;
    }
    assert_eq!(all, 300, "each key is on one server");
    let keys = keys();
    let keys: Vec<_> = keys.iter().map(String::as_str).collect();
    assert_eq!(memcached.delete_many(&keys).await.expect("deleted"), 300);
}

#[tokio::test]
async fn a_server_that_is_away_costs_its_own_share_only() {
    let (mut servers, memcached) = filled().await;
    let lost = present(&backend(&servers[1])).await;
    servers[1].kill().expect("the server obeys");
    for (key, lost) in keys().iter().zip(&lost) {
        match get(&memcached, key).await {
            Ok(read) => assert!(!lost && read == Some(bytes(key)), "{key}"),
            Err(error) => assert!(*lost && error.kind() == ErrorKind::Unavailable, "{key}: {error}"),
        }
    }
    let there = present(&memcached).await;
    assert!(
        there.iter().zip(&lost).all(|(there, lost)| there != lost),
        "misses are the share"
    );
    memcached.ping().await.expect("two of three answer");
    let error = memcached.clear_all().await.expect_err("not all were emptied");
    assert_eq!(error.kind(), ErrorKind::Unavailable);

    servers[1].restart().expect("the server obeys");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let key = keys()
        .into_iter()
        .zip(&lost)
        .find(|(_, lost)| **lost)
        .expect("a share")
        .0;
    memcached
        .write(&key, bytes("back"), None)
        .await
        .expect("its server is back");
    assert_eq!(
        get(&backend(&servers[1]), &key).await.expect("read"),
        Some(bytes("back"))
    );
}

#[tokio::test]
async fn without_any_server_a_read_of_many_is_an_error() {
    let (mut servers, memcached) = filled().await;
    for server in &mut servers {
        server.kill().expect("the server obeys");
    }
    let read = memcached
        .read_many(&["users:1", "users:2", "users:3"], Want::VALUE, |_, _| ())
        .await;
    assert_eq!(read.expect_err("all are away").kind(), ErrorKind::Unavailable);
}
