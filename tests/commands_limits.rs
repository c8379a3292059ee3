//! What commands refuse, and how long they take at most.

mod support;

use std::time::{Duration, Instant};

use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::testing::{in_time, undisturbed};
use aiocache::{
    Cache, ErrorKind, JsonSerializer, MemoryBackend, Reply, SimpleMemoryCache, Ttl, TypedMemoryCache,
};
use serde::{Deserialize, Serialize};
use support::{backend, own_redis, shared_redis};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Point {
    x: u8,
}

#[tokio::test]
async fn memory_names_both_types_when_another_one_is_asked_for() {
    let cache = SimpleMemoryCache::new();
    cache.set("point", &Point { x: 1 }).await.unwrap();
    let error = cache.get::<String>("point").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Type);
    let text = error.to_string();
    assert!(
        text.contains("commands_limits::Point") && text.contains("alloc::string::String"),
        "{text}"
    );
    let error = cache
        .with_serializer(JsonSerializer)
        .get::<u8>("point")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Type);

    let typed: TypedMemoryCache<Point> = TypedMemoryCache::new();
    typed.increment("counter", 1).await.unwrap();
    let error = typed.get::<Point>("counter").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Type);
    assert!(error.to_string().contains("a counter"), "{error}");
}

#[tokio::test]
async fn what_does_not_decode_is_an_error_that_does_not_show_it() {
    let cache = support::redis("undecodable");
    let key = cache.stored_key("4711");
    cache
        .raw(&[b"SET", key.as_bytes(), b"{\"x\": \"secret\"}"])
        .await
        .unwrap();
    let error = cache.get::<Point>("4711").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(
        (error.command(), error.backend(), error.namespace()),
        (Some("get"), Some("redis"), Some("undecodable"))
    );
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("4711") && !shown.contains("secret"), "{shown}");
    let kept = cache.raw(&[b"EXISTS", key.as_bytes()]).await.unwrap();
    assert_eq!(kept, Reply::Integer(1));
}

#[tokio::test]
async fn a_value_over_the_limit_is_refused_before_it_is_sent() {
    let redis = RedisBackend::builder(shared_redis().url())
        .max_value_bytes(100)
        .build()
        .unwrap();
    let cache = RedisCache::builder(redis).namespace("large").build();
    let (fits, too_large) = ("x".repeat(98), "x".repeat(99));
    cache.set("key", &fits).await.unwrap();
    let refused = [
        cache.set("key", &too_large).await.unwrap_err(),
        cache.add("other", &too_large).await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!(error.kind(), ErrorKind::ValueTooLarge, "{error}");
    }
    let error = cache
        .multi_set([("one", &fits), ("two", &too_large)])
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.index()), (ErrorKind::ValueTooLarge, Some(1)));
    assert_eq!(
        cache.multi_get::<String>(["key", "one", "other"]).await.unwrap(),
        [Some(fits), None, None]
    );
}

#[tokio::test]
async fn clear_never_empties_a_shared_store_and_clear_all_says_so_in_its_name() {
    let server = own_redis();
    let cache = RedisCache::builder(backend(&server)).build();
    cache.set("key", &1_u8).await.unwrap();
    let error = cache.clear().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoNamespace);
    assert!(error.to_string().contains("clear_all"), "{error}");
    assert_eq!(cache.get::<u8>("key").await.unwrap(), Some(1));
    cache.with_namespace("a").clear_all().await.unwrap();
    assert_eq!(cache.get::<u8>("key").await.unwrap(), None);

    let memory = SimpleMemoryCache::new();
    memory.with_namespace("a").set("key", &1_u8).await.unwrap();
    memory.clear().await.unwrap();
    assert!(!memory.with_namespace("a").exists("key").await.unwrap());
}

#[tokio::test]
async fn a_namespace_verbatim_is_stored_as_it_is() {
    let cache = RedisCache::builder(backend(shared_redis()))
        .namespace_verbatim("app:users")
        .build();
    cache.set("1", "Ada").await.unwrap();
    assert_eq!(
        cache.raw(&[b"GET", b"app:users:1"]).await.unwrap(),
        Reply::Bytes("\"Ada\"".into())
    );
}

#[tokio::test]
async fn memory_has_no_commands_of_its_own() {
    let error = SimpleMemoryCache::new().raw(&[b"PING"]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn options_that_make_no_sense_are_refused_at_once() {
    let zero = Cache::builder(MemoryBackend::<aiocache::Object>::new()).ttl(Ttl::seconds(0));
    assert_eq!(zero.try_build().unwrap_err().kind(), ErrorKind::InvalidTtl);
    for url in [
        "",
        "redis://",
        "http://127.0.0.1/",
        "redis://127.0.0.1:99999/",
        "redis://127.0.0.1/x",
    ] {
        let built = RedisBackend::connect(url);
        assert_eq!(
            built.map(drop).unwrap_err().kind(),
            ErrorKind::InvalidConfig,
            "{url:?}"
        );
    }
}

/// How long a command took, and how it failed.
async fn failing<T>(command: impl Future<Output = aiocache::Result<T>>) -> (Duration, ErrorKind) {
    let start = Instant::now();
    let error = command.await.err().expect("the server is paused");
    (start.elapsed(), error.kind())
}

#[tokio::test]
async fn a_store_that_does_not_answer_costs_the_timeout() {
    undisturbed(async || {
        let mut server = own_redis();
        let cache = RedisCache::builder(backend(&server))
            .namespace("paused")
            .timeout(Duration::from_millis(100))
            // It would answer in the store's place after a few timeouts.
            .breaker(None)
            .build();
        cache.with_timeout(None).set("key", &1_u8).await.unwrap();
        server.pause().unwrap();
        let within = |(took, kind): (Duration, ErrorKind), least, most| {
            assert_eq!(kind, ErrorKind::Timeout);
            assert!(took >= Duration::from_millis(least), "{took:?}");
            in_time("the timeout", took, Duration::from_millis(most))
        };
        within(failing(cache.get::<u8>("key")).await, 100, 300)?;
        within(failing(cache.set("key", &2_u8)).await, 100, 300)?;
        within(failing(cache.multi_get::<u8>(["key"])).await, 100, 300)?;
        within(failing(cache.increment("key", 1)).await, 100, 300)?;
        within(failing(cache.delete("key")).await, 100, 300)?;
        within(
            failing(cache.with_timeout(Duration::from_millis(20)).ping()).await,
            20,
            200,
        )?;
        // Without a timeout there is still the backend's own deadline.
        within(failing(cache.with_timeout(None).exists("key")).await, 500, 800)?;
        within(
            failing(cache.with_timeout(Duration::ZERO).get::<u8>("key")).await,
            500,
            800,
        )?;
        server.resume().unwrap();
        let start = Instant::now();
        while cache.ping().await.is_err() {
            assert!(start.elapsed() < Duration::from_secs(3), "it answers again");
        }
        Ok(())
    })
    .await;
}
