//! Every command against a real server.

mod support;

use std::time::Duration;

use aiocache_core::{Backend, ErrorKind, Remaining, Reply, Version, Want};
use support::{backend, bytes, get, server, url};

const MINUTE: Option<Duration> = Some(Duration::from_secs(60));

#[tokio::test]
async fn a_value_is_read_as_it_was_written() {
    let server = server();
    let redis = backend(&server);
    let all: Vec<u8> = (0..=255).cycle().take(3 << 20).collect();
    for value in [&b""[..], b"\xff\x00\r\n$-1\r\n", &all] {
        redis
            .write("key \r\n\0ä*", bytes(value), None)
            .await
            .expect("written");
        assert_eq!(
            get(&redis, "key \r\n\0ä*").await.expect("read").as_deref(),
            Some(value)
        );
    }
    assert_eq!(get(&redis, "missing").await.expect("read"), None);
}

#[tokio::test]
async fn a_read_gives_what_is_wanted_beside_the_value() {
    let server = server();
    let redis = backend(&server);
    redis.write("short", bytes("1"), MINUTE).await.expect("written");
    redis.write("ever", bytes("2"), None).await.expect("written");
    let all =
        |entry: aiocache_core::Entry<'_, bytes::Bytes>| (entry.raw.clone(), entry.remaining, entry.version);

    let (_, remaining, version) = redis
        .read("short", Want::VALUE, all)
        .await
        .expect("read")
        .expect("there");
    assert_eq!((remaining, version), (None, None));
    let (raw, remaining, _) = redis
        .read("short", Want::REMAINING, all)
        .await
        .expect("read")
        .expect("there");
    assert_eq!(raw, "1");
    assert!(
        matches!(remaining, Some(Remaining::For(left)) if left > Duration::from_secs(59) && Some(left) <= MINUTE)
    );
    let (_, remaining, version) = redis
        .read("ever", Want::VERSION, all)
        .await
        .expect("read")
        .expect("there");
    assert_eq!((remaining, version), (None, Some(Version::bytes(bytes("2")))));
    assert!(
        redis
            .read("missing", Want::REMAINING, all)
            .await
            .expect("read")
            .is_none()
    );

    let many = redis
        .read_many(
            &["ever", "missing", "short", "ever"],
            Want::REMAINING,
            |index, entry| (index, entry.raw.clone(), entry.remaining.expect("wanted")),
        )
        .await
        .expect("read");
    assert_eq!(many[0], Some((0, bytes("2"), Remaining::Never)));
    assert_eq!(many[1], None);
    assert!(matches!(&many[2], Some((2, raw, Remaining::For(_))) if raw == "1"));
    assert_eq!(many[3], Some((3, bytes("2"), Remaining::Never)));
}

#[tokio::test]
async fn several_are_written_read_and_deleted_in_order() {
    let server = server();
    let redis = backend(&server);
    for ttl in [None, MINUTE] {
        let pairs = vec![("a", bytes("1")), ("b", bytes("2")), ("a", bytes("3"))];
        redis.write_many(pairs, ttl).await.expect("written");
        let read = redis
            .read_many(&["b", "missing", "a", "b"], Want::VALUE, |_, entry| {
                entry.raw.clone()
            })
            .await
            .expect("read");
        assert_eq!(read, [Some(bytes("2")), None, Some(bytes("3")), Some(bytes("2"))]);
        assert_eq!(
            redis.ttl("a").await.expect("ttl") == Remaining::Never,
            ttl.is_none()
        );
        assert_eq!(
            redis
                .delete_many(&["a", "a", "missing", "b"])
                .await
                .expect("deleted"),
            2
        );
    }
    redis.write_many(Vec::new(), MINUTE).await.expect("nothing to do");
    assert_eq!(redis.delete_many(&[]).await.expect("nothing to do"), 0);
    let none = redis
        .read_many(&[], Want::VALUE, |_, _| ())
        .await
        .expect("nothing to do");
    assert!(none.is_empty());
}

#[tokio::test]
async fn add_leaves_what_is_there() {
    let server = server();
    let redis = backend(&server);
    assert!(redis.add("key", bytes("1"), MINUTE).await.expect("added"));
    assert!(!redis.add("key", bytes("2"), None).await.expect("refused"));
    assert_eq!(get(&redis, "key").await.expect("read"), Some(bytes("1")));
    assert!(matches!(redis.ttl("key").await.expect("ttl"), Remaining::For(_)));
    assert!(redis.exists("key").await.expect("exists"));
    assert!(redis.delete("key").await.expect("deleted"));
    assert!(!redis.delete("key").await.expect("deleted"));
    assert!(!redis.exists("key").await.expect("exists"));
    assert!(redis.add("key", bytes("3"), None).await.expect("added"));
}

#[tokio::test]
async fn counters_are_exact_to_the_ends_of_their_range() {
    let server = server();
    let redis = backend(&server);
    for ttl in [None, MINUTE] {
        for (delta, value) in [(-5, -5), (i64::MAX, i64::MAX - 5), (5, i64::MAX)] {
            assert_eq!(
                redis.increment("counter", delta, ttl).await.expect("counted"),
                value
            );
        }
        let error = redis.increment("counter", 1, ttl).await.expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::Overflow);
        assert_eq!(
            redis.increment("counter", 0, ttl).await.expect("counted"),
            i64::MAX
        );
        assert_eq!(
            redis.increment("low", i64::MIN, ttl).await.expect("counted"),
            i64::MIN
        );
        assert_eq!(
            redis.increment("odd", (1 << 53) + 1, ttl).await.expect("counted"),
            9_007_199_254_740_993
        );

        redis.write("text", bytes("12x"), None).await.expect("written");
        redis.raw(&[b"LPUSH", b"list", b"1"]).await.expect("pushed");
        for key in ["text", "list"] {
            let error = redis.increment(key, 1, ttl).await.expect_err("no integer");
            assert_eq!(error.kind(), ErrorKind::NotAnInteger);
        }
        assert_eq!(get(&redis, "text").await.expect("read"), Some(bytes("12x")));
        redis.clear_all().await.expect("cleared");
    }
}

#[tokio::test]
async fn many_increments_at_once_are_all_counted() {
    let server = server();
    let redis = backend(&server);
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let redis = redis.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    redis.increment("counter", 1, MINUTE).await.expect("counted");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(get(&redis, "counter").await.expect("read"), Some(bytes("1000")));
}

#[tokio::test]
async fn comparing_lets_one_write_through() {
    let server = server();
    let redis = backend(&server);
    let value = bytes(b"\xff\0\r\nold");
    redis.write("key", value.clone(), MINUTE).await.expect("written");
    let version = redis
        .read("key", Want::VERSION, |entry| entry.version)
        .await
        .expect("read")
        .flatten()
        .expect("wanted");
    assert!(
        redis
            .compare_and_set("key", bytes("new"), MINUTE, &version)
            .await
            .expect("set")
    );
    assert!(matches!(redis.ttl("key").await.expect("ttl"), Remaining::For(_)));
    assert!(
        !redis
            .compare_and_set("key", bytes("newer"), None, &version)
            .await
            .expect("refused")
    );
    assert!(!redis.compare_and_delete("key", &version).await.expect("refused"));
    let version = Version::bytes(bytes("new"));
    assert!(
        redis
            .compare_and_set("key", bytes("new"), None, &version)
            .await
            .expect("set")
    );
    assert_eq!(redis.ttl("key").await.expect("ttl"), Remaining::Never);
    assert!(
        !redis
            .compare_and_delete("key", &Version::number(1, 0))
            .await
            .expect("refused")
    );
    assert!(redis.compare_and_delete("key", &version).await.expect("deleted"));
    assert!(
        !redis
            .compare_and_set("key", bytes("back"), None, &version)
            .await
            .expect("refused")
    );
    assert_eq!(get(&redis, "key").await.expect("read"), None);
}

#[tokio::test]
async fn scripts_survive_being_forgotten_by_the_server() {
    let server = server();
    let redis = backend(&server);
    for round in 1..=3 {
        redis.raw(&[b"SCRIPT", b"FLUSH"]).await.expect("flushed");
        assert_eq!(
            redis.increment("counter", 1, MINUTE).await.expect("counted"),
            round
        );
    }
}

#[tokio::test]
async fn a_value_over_the_limit_is_not_sent() {
    let server = server();
    let redis = aiocache_redis::RedisBackend::builder(url(&server))
        .max_value_bytes(10)
        .build()
        .expect("good options");
    let (fits, large) = (bytes([b'x'; 10]), bytes([b'x'; 11]));
    redis.write("key", fits.clone(), None).await.expect("written");
    let errors = [
        redis.write("key", large.clone(), None).await.expect_err("large"),
        redis.add("new", large.clone(), None).await.expect_err("large"),
        redis
            .compare_and_set("key", large.clone(), None, &Version::bytes(fits.clone()))
            .await
            .expect_err("large"),
        redis
            .write_many(vec![("new", fits.clone()), ("key", large)], None)
            .await
            .expect_err("large"),
    ];
    assert!(
        errors
            .iter()
            .all(|error| error.kind() == ErrorKind::ValueTooLarge)
    );
    assert_eq!(errors[3].index(), Some(1));
    assert_eq!(get(&redis, "key").await.expect("read"), Some(fits));
    assert_eq!(get(&redis, "new").await.expect("read"), None);
    assert_eq!(redis.capabilities().max_value_bytes, Some(10));
}

#[tokio::test]
async fn raw_gives_any_answer_and_cuts_arguments_from_errors() {
    let server = server();
    let redis = backend(&server);
    redis
        .raw(&[b"HSET", b"hash", b"field", b"\xff"])
        .await
        .expect("set");
    let map = redis.raw(&[b"HGETALL", b"hash"]).await.expect("read");
    assert_eq!(
        map,
        Reply::Map(vec![(Reply::Bytes(bytes("field")), Reply::Bytes(bytes(b"\xff")))])
    );
    assert_eq!(
        redis.raw(&[b"PING"]).await.expect("pong"),
        Reply::Text("PONG".to_owned())
    );
    let double = redis
        .raw(&[b"ZADD", b"zset", b"INCR", b"1.5", b"m"])
        .await
        .expect("scored");
    assert_eq!(double, Reply::Text("1.5".to_owned()));

    for command in [
        &[&b"FOOcanary"[..], b"card-canary"][..],
        &[b"CLIENT", b"card-canary"],
        &[b"SET", b"a", b"b", b"card-canary"],
    ] {
        let error = redis.raw(command).await.expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Server);
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
    let error = redis.raw(&[b"SELECT", b"1"]).await.expect_err("not shared");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[tokio::test]
async fn a_key_of_another_type_is_an_error_of_the_server() {
    let server = server();
    let redis = backend(&server);
    redis.raw(&[b"LPUSH", b"list", b"1"]).await.expect("pushed");
    let error = get(&redis, "list").await.expect_err("a list");
    assert_eq!(error.kind(), ErrorKind::Server);
    assert!(error.to_string().contains("WRONGTYPE"), "{error}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_command_after_a_close_works() {
    let server = server();
    let redis = backend(&server);
    redis.ping().await.expect("there");
    redis.close().await.expect("closed");
    redis.close().await.expect("closed twice");
    redis.write("key", bytes("1"), None).await.expect("written");
    let answered = tokio::join!(get(&redis, "key"), redis.close());
    assert_eq!(answered.0.expect("answered before it closed"), Some(bytes("1")));
}
