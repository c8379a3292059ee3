//! Namespaces that can be cleared.

mod support;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use aiocache_core::testing::MemcachedServer;
use aiocache_core::{Backend, Cache, ErrorKind, JsonSerializer, Reply, Want};
use aiocache_memcached::{MemcachedBackend, MemcachedCache};
use support::random::Random;
use support::{backend, bytes, get, scaled, server};

/// A process of its own, as far as generations go: it knows none yet.
fn process(server: &MemcachedServer) -> MemcachedBackend {
    MemcachedBackend::connect(format!("{}?clearable_namespaces=true", server.url())).expect("a good URL")
}

/// The number of a namespace as the server has it.
async fn generation(server: &MemcachedServer, namespace: &str) -> Option<String> {
    let raw = get(&backend(server), &format!("{namespace}:generation")).await;
    raw.expect("read")
        .map(|raw| String::from_utf8(raw.to_vec()).expect("text"))
}

async fn write(memcached: &MemcachedBackend, key: &str, value: &str) {
    memcached.write(key, bytes(value), None).await.expect("written");
}

async fn read(memcached: &MemcachedBackend, key: &str) -> Option<String> {
    let raw = get(memcached, key).await.expect("read");
    raw.map(|raw| String::from_utf8(raw.to_vec()).expect("text"))
}

#[tokio::test]
async fn a_key_is_stored_with_the_generation_of_its_namespace() {
    let server = server();
    let (one, plain) = (process(&server), backend(&server));
    write(&one, "users:42:name", "Ada").await;
    write(&one, "bare", "1").await;
    let number = generation(&server, "users")
        .await
        .expect("made by the first command");
    let stored = format!("users:{number}:42:name");
    assert_eq!(read(&plain, &stored).await.as_deref(), Some("Ada"));
    assert_eq!(read(&plain, "users:42:name").await, None);
    assert_eq!(
        read(&plain, "bare").await.as_deref(),
        Some("1"),
        "a key without a colon is in no namespace"
    );
    assert_eq!(read(&one, "users:42:name").await.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn a_clear_is_seen_by_every_process_at_once() {
    let server = server();
    let [one, two, three] = [(); 3].map(|()| process(&server));
    for round in 0..20 {
        for process in [&one, &two, &three] {
            write(process, "users:1", "old").await;
            write(process, "users2:1", "stays").await;
        }
        let clearing = [&one, &two, &three][round % 3];
        clearing.clear("users:").await.expect("cleared");
        for process in [&one, &two, &three] {
            assert_eq!(read(process, "users:1").await, None, "round {round}");
            assert_eq!(read(process, "users2:1").await.as_deref(), Some("stays"));
        }
    }
    // A process that did not know the number before.
    assert_eq!(read(&process(&server), "users:1").await, None);
}

#[tokio::test]
async fn every_command_goes_by_the_generation_in_force() {
    let server = server();
    let (one, two) = (process(&server), process(&server));
    write(&two, "n:key", "old").await;
    write(&two, "n:counter", "5").await;
    let version = two.read("n:key", Want::VERSION, |entry| entry.version).await;
    let version = version.expect("read").flatten().expect("a version");
    let clear = async || one.clear("n:").await.expect("cleared");

    clear().await;
    assert!(two.add("n:key", bytes("new"), None).await.expect("added"));
    assert!(!one.add("n:key", bytes("newer"), None).await.expect("asked"));
    clear().await;
    assert_eq!(two.increment("n:counter", 1, None).await.expect("counted"), 1);
    assert_eq!(one.increment("n:counter", -2, None).await.expect("counted"), -1);
    write(&one, "n:key", "new").await;
    clear().await;
    assert!(!two.delete("n:key").await.expect("asked"));
    write(&one, "n:key", "new").await;
    clear().await;
    assert!(!two.exists("n:key").await.expect("asked"));
    write(&one, "n:key", "new").await;
    clear().await;
    assert!(!two.expire("n:key", None).await.expect("asked"));
    write(&one, "n:key", "old").await;
    clear().await;
    let set = two.compare_and_set("n:key", bytes("x"), None, &version).await;
    assert!(!set.expect("compared"));
    write(&one, "n:key", "old").await;
    clear().await;
    assert!(!two.compare_and_delete("n:key", &version).await.expect("compared"));
    write(&one, "n:key", "old").await;
    clear().await;
    let read = two
        .read_many(&["n:key", "m:key", "bare"], Want::VALUE, |_, _| ())
        .await;
    assert_eq!(read.expect("read"), [None; 3]);
    clear().await;
    let pairs = vec![("n:key", bytes("1")), ("m:key", bytes("2")), ("bare", bytes("3"))];
    two.write_many(pairs, None).await.expect("written");
    let read = one
        .read_many(&["n:key", "m:key", "bare"], Want::VALUE, |_, _| ())
        .await;
    assert_eq!(read.expect("read"), [Some(()); 3]);
    clear().await;
    assert_eq!(
        two.delete_many(&["n:key", "m:key", "bare"])
            .await
            .expect("deleted"),
        2
    );
}

#[tokio::test]
async fn a_lost_generation_brings_nothing_back() {
    let server = server();
    let (one, two) = (process(&server), process(&server));
    let mut seen = vec![];
    for round in 0..50 {
        write(&one, "users:1", "old").await;
        seen.push(generation(&server, "users").await.expect("there"));
        // As an eviction does.
        let deleted = one.raw(&[b"delete", b"users:generation"]).await;
        assert_eq!(deleted.expect("deleted"), Reply::Text("DELETED".to_owned()));
        assert_eq!(read(&two, "users:1").await, None, "round {round}");
        assert_eq!(read(&one, "users:1").await, None, "round {round}");
        write(&two, "users:1", "new").await;
        assert_eq!(read(&one, "users:1").await.as_deref(), Some("new"));
        seen.push(generation(&server, "users").await.expect("made anew"));
    }
    let different: std::collections::HashSet<_> = seen.iter().collect();
    assert_eq!(different.len(), 51, "a number came again: {seen:?}");
}

#[tokio::test]
async fn a_restart_and_clear_all_leave_nothing_and_harm_nothing() {
    let mut server = server();
    let one = process(&server);
    write(&one, "users:1", "old").await;
    one.clear_all().await.expect("emptied");
    assert_eq!(read(&one, "users:1").await, None);
    write(&one, "users:1", "new").await;
    assert_eq!(read(&one, "users:1").await.as_deref(), Some("new"));
    server.restart().expect("the server obeys");
    assert_eq!(read(&one, "users:1").await, None);
    write(&one, "users:1", "newer").await;
    assert_eq!(read(&one, "users:1").await.as_deref(), Some("newer"));
}

#[tokio::test]
async fn a_number_from_a_clock_ahead_is_never_used_again() {
    let server = server();
    let (one, plain) = (process(&server), backend(&server));
    write(&plain, "users:generation", "9000000000000000").await;
    write(&one, "users:1", "old").await;
    assert_eq!(
        read(&plain, "users:9000000000000000:1").await.as_deref(),
        Some("old")
    );
    one.clear("users:").await.expect("cleared");
    assert_eq!(
        generation(&server, "users").await.as_deref(),
        Some("9000000000000001")
    );
    assert!(plain.delete("users:generation").await.expect("deleted"));
    assert_eq!(read(&one, "users:1").await, None);
    assert_eq!(
        generation(&server, "users").await.as_deref(),
        Some("9000000000000002")
    );
    for spoilt in ["", "no number", "-1", "18446744073709551615"] {
        write(&one, "users:1", "old").await;
        write(&plain, "users:generation", spoilt).await;
        assert_eq!(read(&one, "users:1").await, None, "{spoilt:?}");
        write(&one, "users:1", "new").await;
        assert_eq!(read(&process(&server), "users:1").await.as_deref(), Some("new"));
        write(&plain, "users:generation", spoilt).await;
        one.clear("users:").await.expect("cleared");
        assert_eq!(read(&one, "users:1").await, None, "{spoilt:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_cleared_is_told_so_and_kept() {
    let server = server();
    let one = process(&server);
    let long = format!("{}:", "n".repeat(64));
    for prefix in ["", ":", "users", "a:b:", "caf\u{e9}:", "a b:", &long] {
        let error = one.clear(prefix).await.expect_err(prefix);
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{prefix}");
        assert!(error.to_string().contains("63 bytes"), "{error}");
    }
    let error = backend(&server).clear("users:").await.expect_err("not turned on");
    assert!(error.to_string().contains("clearable_namespaces"), "{error}");
    one.clear(&format!("{}:", "n".repeat(63))).await.expect("cleared");
}

#[tokio::test]
async fn a_cache_clears_all_of_its_namespace_and_nothing_else() {
    let server = server();
    let all: Cache<_, JsonSerializer> = MemcachedCache::builder(process(&server)).build();
    let caches = ["users", "users2", "user", "a:b"].map(|namespace| all.with_namespace(namespace));
    // Keys that memcached cannot hold are replaced, and are in the namespace all the same.
    let keys = [
        "1",
        "a b",
        "caf\u{e9}",
        "a:b",
        "",
        &"k".repeat(300),
        &"k".repeat(225),
    ];
    for cleared in &caches {
        for cache in &caches {
            for key in keys {
                cache.set(key, &1).await.expect("written");
            }
        }
        all.set("users", &1).await.expect("written");
        cleared.clear().await.expect("cleared");
        for cache in &caches {
            let is_cleared = cache.namespace() == cleared.namespace();
            for key in keys {
                let there = cache.exists(key).await.expect("asked");
                assert_eq!(there, !is_cleared, "{key} in {:?}", cache.namespace());
            }
        }
        assert!(all.exists("users").await.expect("asked"));
    }
}

#[tokio::test]
async fn a_server_that_is_away_costs_its_share_only_and_keeps_it_through_a_clear() {
    let mut servers = [(); 3].map(|()| server());
    let hosts: Vec<_> = servers.iter().map(|server| server.addr().to_string()).collect();
    let url = format!("memcached://{}?clearable_namespaces=true", hosts.join(","));
    let connect = || MemcachedBackend::connect(url.clone()).expect("a good URL");
    let (one, two) = (connect(), connect());
    let keys: Vec<_> = (0..60).map(|n| format!("users:{n}")).collect();
    for key in &keys {
        write(&one, key, key).await;
    }
    one.clear("users:").await.expect("cleared");
    for key in &keys {
        assert_eq!(read(&two, key).await, None, "{key} is on one of three servers");
        write(&two, key, key).await;
    }
    servers[1].pause().expect("the server obeys");
    let error = one.clear("users:").await.expect_err("one is away");
    assert!(error.is_transient(), "{error}");
    servers[1].resume().expect("the server obeys");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let mut left = 0;
    for key in &keys {
        left += usize::from(read(&two, key).await.is_some());
    }
    assert!(
        left < 40,
        "{left} of 60 are left: the servers that answer were cleared"
    );
    one.clear("users:").await.expect("all are there");
    for key in &keys {
        assert_eq!(read(&two, key).await, None);
    }
}

/// When each write ended, by its number.
type Ends = Mutex<HashMap<u64, u64>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_written_before_a_clear_is_read_after_it() {
    let rounds = scaled(400, 20_000);
    let server = server();
    let clock = Arc::new(AtomicU64::new(1));
    // The time at which the last clear that has ended began.
    let cleared = Arc::new(AtomicU64::new(0));
    let ends = Arc::new(Ends::default());
    let worker = |number: u64| {
        let memcached = process(&server);
        let (clock, cleared, ends) = (Arc::clone(&clock), Arc::clone(&cleared), Arc::clone(&ends));
        tokio::spawn(async move {
            let (mut random, mut reads, mut hits, mut clears) =
                (Random::new(number + 1), 0_u64, 0_u64, 0_u64);
            for _ in 0..rounds {
                let key = format!("users:{}", random.below(4));
                match random.below(10) {
                    0 => {
                        let began = clock.fetch_add(1, SeqCst);
                        memcached.clear("users:").await.expect("cleared");
                        cleared.fetch_max(began, SeqCst);
                        clears += 1;
                    }
                    1..5 => {
                        let id = clock.fetch_add(1, SeqCst);
                        write(&memcached, &key, &id.to_string()).await;
                        let end = clock.fetch_add(1, SeqCst);
                        ends.lock().expect("no panic").insert(id, end);
                    }
                    _ => {
                        let since = cleared.load(SeqCst);
                        let found = read(&memcached, &key).await;
                        reads += 1;
                        if let Some(id) = found {
                            hits += 1;
                            let id = id.parse().expect("a number");
                            let end = ends.lock().expect("no panic").get(&id).copied();
                            assert!(end.is_none_or(|end| end > since), "{id} came back");
                        }
                    }
                }
            }
            (reads, hits, clears)
        })
    };
    let workers: Vec<_> = (0..8).map(worker).collect();
    let (mut reads, mut hits, mut clears) = (0, 0, 0);
    for worker in workers {
        let done = worker.await.expect("no panic");
        (reads, hits, clears) = (reads + done.0, hits + done.1, clears + done.2);
    }
    println!("P19: {reads} reads by 8 processes over {clears} clears: {hits} hits, cleared values 0");
    assert!(hits > 0 && hits < reads);
}
