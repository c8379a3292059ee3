//! The same cases over every store.

use std::time::Duration;

/// Longer than a machine stands still: what the stores are asked here is not to fail by that.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Makes a module for each store, with one test for each case: a function of a cache that nobody else uses.
macro_rules! on_every_store {
    ($($case:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $case() {
                super::$case(aiocache::SimpleMemoryCache::new()).await;
            })*
        }

        mod memory_of_one_type {
            $(#[tokio::test]
            async fn $case() {
                super::$case(aiocache::TypedMemoryCache::<String>::new()).await;
            })*
        }

        mod memory_chosen_at_run_time {
            $(#[tokio::test]
            async fn $case() {
                super::$case(aiocache::connect("memory://").expect("a good URL")).await;
            })*
        }

        mod redis {
            $(#[tokio::test]
            async fn $case() {
                let server = aiocache::testing::RedisServer::shared().expect("redis-server starts");
                let builder = aiocache::redis::RedisBackend::builder(server.url());
                let backend = builder.deadline(crate::stores::PATIENCE).build();
                let cache = aiocache::redis::RedisCache::builder(backend.expect("a good URL"));
                super::$case(cache.namespace(stringify!($case)).build()).await;
            })*
        }

        mod memcached {
            $(#[tokio::test]
            async fn $case() {
                let server = aiocache::testing::MemcachedServer::start().expect("memcached starts");
                let builder = aiocache::memcached::MemcachedBackend::builder().server(server.addr().to_string());
                let backend = builder.deadline(crate::stores::PATIENCE).build();
                super::$case(aiocache::Cache::builder(backend.expect("a good address")).build()).await;
            })*
        }
    };
}

pub(crate) use on_every_store;
