//! Clearing a namespace, and nothing else.

mod support;

use aiocache_core::{Backend, ErrorKind, Reply};
use aiocache_redis::RedisBackend;
use support::{backend, bytes, get, server};

async fn size(redis: &RedisBackend) -> i64 {
    redis
        .raw(&[b"DBSIZE"])
        .await
        .expect("counted")
        .as_integer()
        .expect("a number")
}

#[tokio::test]
async fn every_prefix_is_taken_literally() {
    let server = server();
    let redis = backend(&server);
    let prefixes = [
        "a:", "ab:", "abc:", "a*:", "a?:", "a[bc]:", "a[^b]:", "a\\:", "a\\*:", "[a-c]:", "[:", "]:", "^:",
        "-:", "*", "ä:", "a\n:", "a\\", "app1:", "app[12]:",
    ];
    let mut left: Vec<String> = Vec::new();
    for prefix in prefixes {
        for number in 0..150 {
            let key = format!("{prefix}{number}");
            redis.write(&key, bytes(&key), None).await.expect("written");
            left.push(key);
        }
    }
    assert_eq!(size(&redis).await, 3000);
    for prefix in prefixes {
        redis.clear(prefix).await.expect("cleared");
        left.retain(|key| !key.starts_with(prefix));
        assert_eq!(
            size(&redis).await,
            i64::try_from(left.len()).expect("few"),
            "after {prefix:?}"
        );
        for key in left.iter().step_by(50) {
            assert!(
                redis.exists(key).await.expect("exists"),
                "{key:?} went with {prefix:?}"
            );
        }
    }
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
