//! Caches over a real Redis, for tests that ask the same of every store.

#![allow(dead_code, reason = "each test file uses a part of it")]

use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::testing::RedisServer;

/// The Redis of this test program. Tests keep apart by namespaces.
pub(crate) fn shared_redis() -> &'static RedisServer {
    RedisServer::shared().expect("redis-server starts")
}

/// A Redis of the test's own, to be killed or paused.
pub(crate) fn own_redis() -> RedisServer {
    RedisServer::start().expect("redis-server starts")
}

pub(crate) fn backend(server: &RedisServer) -> RedisBackend {
    RedisBackend::connect(server.url()).expect("a good URL")
}

/// A cache in the shared Redis.
pub(crate) fn redis(namespace: &str) -> RedisCache {
    RedisCache::builder(backend(shared_redis()))
        .namespace(namespace)
        .build()
}

/// Pings until the store answers.
pub(crate) async fn reach<B: aiocache::Backend, S>(cache: &aiocache::Cache<B, S>) {
    let start = std::time::Instant::now();
    while let Err(error) = cache.ping().await {
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "{error}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}
