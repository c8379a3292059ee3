//! A cache over Redis, as a service uses it.

mod support;

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::testing::Fault;
use aiocache_core::{Backend, ErrorKind, Policy};
use aiocache_redis::{RedisBackend, RedisCache};
use support::{backend, get, proxy, server};

#[tokio::test]
async fn values_are_plain_json_under_namespace_and_key() {
    let server = server();
    let redis = backend(&server);
    let users: RedisCache = RedisCache::builder(redis.clone()).namespace("users").build();
    users.set("1", &vec![1, 2]).await.expect("written");
    assert_eq!(users.get::<Vec<i32>>("1").await.expect("read"), Some(vec![1, 2]));
    assert_eq!(
        get(&redis, "users:1").await.expect("read").as_deref(),
        Some(&b"[1,2]"[..])
    );
    assert_eq!(users.increment("visits", -2).await.expect("counted"), -2);
    assert_eq!(users.get::<i64>("visits").await.expect("read"), Some(-2));
    assert_eq!(
        users.add("1", &0).await.expect_err("there").kind(),
        ErrorKind::KeyExists
    );

    let others = users.with_namespace("others");
    others.set("1", "kept").await.expect("written");
    users.clear().await.expect("cleared");
    assert_eq!(users.get::<Vec<i32>>("1").await.expect("read"), None);
    assert_eq!(
        others.get::<String>("1").await.expect("read").as_deref(),
        Some("kept")
    );
}

#[tokio::test]
async fn an_error_names_the_place_and_no_key() {
    let server = server();
    let redis = backend(&server);
    let users: RedisCache = RedisCache::builder(redis.clone()).namespace("users").build();
    redis
        .raw(&[b"LPUSH", b"users:card-canary", b"1"])
        .await
        .expect("pushed");
    let error = users.get::<String>("card-canary").await.expect_err("a list");
    assert_eq!((error.command(), error.backend()), (Some("get"), Some("redis")));
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_use_clones_of_one_cache() {
    let server = server();
    let cache: Arc<RedisCache> = Arc::new(
        RedisCache::builder(backend(&server))
            .namespace("n")
            .ttl(Duration::from_secs(60))
            .build(),
    );
    let tasks: Vec<_> = (0..50)
        .map(|number: i64| {
            let cache = Arc::clone(&cache);
            tokio::spawn(async move {
                cache.set(number, &number).await.expect("written");
                cache.get::<i64>(number).await.expect("read")
            })
        })
        .collect();
    for (number, task) in (0..).zip(tasks) {
        assert_eq!(task.await.expect("no panic"), Some(number));
    }
}

/// A write that had waited a second went ahead of a store with a longer deadline, and was then undone with it.
#[tokio::test]
async fn a_write_waits_for_a_store_as_long_as_the_deadline_lets_that_take() {
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let redis = RedisBackend::builder(url)
        .deadline(Duration::from_secs(4))
        .build();
    let cache: RedisCache = RedisCache::builder(redis.expect("good options")).build();
    let load = async || {
        proxy.set(Fault::Delay {
            to_server: Duration::ZERO,
            to_client: Duration::from_millis(1300),
        });
        Ok::<_, aiocache_core::Error>(1_u32)
    };
    let policy = Policy::new();
    let write = async {
        // While the answer to the load's store is on its way.
        tokio::time::sleep(Duration::from_millis(200)).await;
        cache.set("key", &2_u32).await
    };
    let (loaded, written) = tokio::join!(cache.get_or_load("key", &policy, load), write);
    assert_eq!(loaded.expect("loaded"), 1);
    written.expect("written");
    proxy.set(Fault::Pass);
    assert_eq!(cache.get::<u32>("key").await.expect("read"), Some(2));
}
