//! Clearing a namespace, and nothing else.

mod support;

use aiocache_core::{Backend, ErrorKind, Reply, Want};
use aiocache_redis::RedisBackend;
use support::{HARD_PREFIXES, backend, bytes, get, scaled, server};

async fn size(redis: &RedisBackend) -> i64 {
    redis
        .raw(&[b"DBSIZE"])
        .await
        .expect("counted")
        .as_integer()
        .expect("a number")
}

/// P19 of one server.
#[tokio::test]
async fn every_prefix_is_taken_literally() {
    let server = server();
    let redis = backend(&server);
    let per_prefix = scaled(500, 10_000);
    let mut left: Vec<String> = Vec::new();
    for prefix in HARD_PREFIXES {
        let keys: Vec<String> = (0..per_prefix)
            .map(|number| format!("{prefix}{number}"))
            .collect();
        let pairs = keys.iter().map(|key| (key.as_str(), bytes(key))).collect();
        redis.write_many(pairs, None).await.expect("written");
        left.extend(keys);
    }
    let all = left.len();
    for prefix in HARD_PREFIXES {
        redis.clear(prefix).await.expect("cleared");
        left.retain(|key| !key.starts_with(prefix));
        // As many as there have to be, and all of those that have to be.
        assert_eq!(
            size(&redis).await,
            i64::try_from(left.len()).expect("few"),
            "after {prefix:?}"
        );
        for keys in left.chunks(5000) {
            let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
            let found = redis
                .read_many(&keys, Want::VALUE, |_, _| ())
                .await
                .expect("read");
            let lost = found.iter().position(Option::is_none);
            assert_eq!(lost.map(|at| keys[at]), None, "went with {prefix:?}");
        }
    }
    println!("{all} keys in 20 namespaces: left in a cleared one 0, lost elsewhere 0");
    assert_eq!(left.len(), 0);
}

#[tokio::test]
async fn a_large_namespace_goes_whole_and_keys_that_are_no_text_stay() {
    let server = server();
    let redis = backend(&server);
    for prefix in ["ns", "other"] {
        let keys: Vec<String> = (0..10_000).map(|number| format!("{prefix}:{number}")).collect();
        let pairs = keys.iter().map(|key| (key.as_str(), bytes("1"))).collect();
        redis.write_many(pairs, None).await.expect("written");
    }
    redis.raw(&[b"SET", b"\xff\xfe", b"1"]).await.expect("written");
    redis.raw(&[b"SET", b"ns:\xff\xfe", b"1"]).await.expect("written");
    redis.clear("ns:").await.expect("cleared");
    assert_eq!(size(&redis).await, 10_001);
    redis.write("ns:1", bytes("new"), None).await.expect("written");
    assert_eq!(get(&redis, "ns:1").await.expect("read"), Some(bytes("new")));
}

#[tokio::test]
async fn clearing_everything_has_to_be_said() {
    let server = server();
    let redis = backend(&server);
    redis.write("key", bytes("1"), None).await.expect("written");
    let error = redis.clear("").await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::NoNamespace);
    assert_eq!(size(&redis).await, 1);
    redis.clear_all().await.expect("cleared");
    assert_eq!(redis.raw(&[b"DBSIZE"]).await.expect("counted"), Reply::Integer(0));
}
