//! The same cases over every store.

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
                let cache = aiocache::connect(&server.url()).expect("a good URL");
                super::$case(cache.with_namespace(stringify!($case))).await;
            })*
        }

        mod memcached {
            $(#[tokio::test]
            async fn $case() {
                let server = aiocache::testing::MemcachedServer::start().expect("memcached starts");
                let backend = aiocache::memcached::MemcachedBackend::connect(server.url());
                super::$case(aiocache::Cache::builder(backend.expect("a good URL")).build()).await;
            })*
        }
    };
}

pub(crate) use on_every_store;
