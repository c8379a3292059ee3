//! Methods that `#[async_trait]` has rewritten.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use aiocache_core::SimpleMemoryCache;
use aiocache_macros::cached;
use async_trait::async_trait;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

#[async_trait]
trait Users: Send + Sync {
    async fn find(&self, id: u32, prefix: &str) -> Result<String, String>;

    #[cached(cache = CACHE, skip(self))]
    async fn pair(&self, (a, b): (u32, u32)) -> Option<u32> {
        if a == 0 {
            return None;
        }
        Some(a + b)
    }

    async fn make<T: serde::Serialize + Send + Sync + 'static>(value: T) -> Option<usize>
    where
        Self: Sized;
}

struct Database {
    cache: SimpleMemoryCache,
    runs: AtomicU32,
}

#[async_trait]
impl Users for Database {
    #[cached(cache = self.cache, skip(self), ttl = 60)]
    async fn find(&self, id: u32, prefix: &str) -> Result<String, String> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let checked: u32 = if id == 0 { Err("zero")? } else { id };
        Ok(format!("{prefix}{checked}"))
    }

    #[cached(cache = CACHE, controls = false)]
    async fn make<T: serde::Serialize + Send + Sync + 'static>(value: T) -> Option<usize> {
        let _ = value;
        Some(size_of::<T>())
    }
}

fn database() -> Database {
    Database {
        cache: SimpleMemoryCache::new(),
        runs: AtomicU32::new(0),
    }
}

#[tokio::test]
async fn a_method_is_cached_behind_a_trait_object() {
    let users: Arc<dyn Users> = Arc::new(database());
    let spawned = tokio::spawn({
        let users = Arc::clone(&users);
        async move { users.find(1, "u").await }
    });
    assert_eq!(spawned.await.unwrap().as_deref(), Ok("u1"));
}

#[tokio::test]
async fn it_runs_once_and_errors_are_not_stored() {
    let users = database();
    for _ in 0..2 {
        assert_eq!(users.find(1, "u").await.as_deref(), Ok("u1"));
    }
    assert_eq!(users.runs.load(Ordering::SeqCst), 1);
    for _ in 0..2 {
        assert_eq!(users.find(0, "u").await, Err("zero".to_owned()));
    }
    assert_eq!(users.runs.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn default_methods_and_generic_functions_work() {
    let users = database();
    assert_eq!(
        (users.pair((1, 2)).await, users.pair((0, 2)).await),
        (Some(3), None)
    );
    assert_eq!(
        (Database::make(1_u8).await, Database::make(1_u32).await),
        (Some(1), Some(4))
    );
}
