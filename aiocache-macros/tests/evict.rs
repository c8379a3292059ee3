//! `#[cache_evict]`: functions that take entries away.
#![allow(clippy::unused_async, reason = "what is evicted here has nothing to wait for")]

use std::collections::HashMap;
use std::sync::LazyLock;

use aiocache_core::{MemoryBackend, Plugin, SimpleMemoryCache, bypass};
use aiocache_macros::{cache_evict, cached, multi_cached};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

#[cached(cache = CACHE)]
async fn load_name(id: u32, lang: &str) -> Option<String> {
    Some(format!("{lang}{id}"))
}

#[multi_cached(cache = CACHE, keys = ids)]
async fn load_names(ids: Vec<u32>) -> HashMap<u32, String> {
    ids.into_iter().map(|id| (id, format!("name {id}"))).collect()
}

async fn loaded(id: u32) -> (bool, bool) {
    let one = load_name::peek(&id, "en").await.expect("memory answers");
    let many = load_names::peek(vec![id]).await.expect("memory answers");
    (one.is_some(), !many.is_empty())
}

async fn fill(id: u32) {
    load_name(id, "en").await;
    load_names(vec![id]).await;
    assert_eq!(loaded(id).await, (true, true));
}

struct User {
    id: u32,
}

#[cache_evict(of = load_name, key(user.id, "en"), of = load_names, key(user.id))]
async fn rename(user: User, name: &str) -> Result<u32, String> {
    if name.is_empty() {
        return Err("a name is missing".into());
    }
    let _taken = user;
    Ok(1)
}

#[tokio::test]
async fn entries_of_other_functions_go_after_success_only() {
    fill(1).await;
    assert!(rename(User { id: 1 }, "").await.is_err());
    assert_eq!(loaded(1).await, (true, true));
    assert_eq!(rename(User { id: 1 }, "ada").await, Ok(1));
    assert_eq!(loaded(1).await, (false, false));
}

#[tokio::test]
async fn a_scope_does_not_keep_what_is_to_go() {
    fill(4).await;
    assert_eq!(bypass(rename(User { id: 4 }, "ada")).await, Ok(1));
    assert_eq!(loaded(4).await, (false, false));
}

#[cache_evict(of = load_name, key(id, lang), always)]
async fn fail(id: u32, lang: &str) -> std::io::Result<()> {
    let _ = (id, lang);
    Err(std::io::Error::other("down"))
}

#[tokio::test]
async fn always_means_after_a_failure_too() {
    fill(2).await;
    assert!(fail(2, "en").await.is_err());
    assert_eq!(loaded(2).await, (false, true));
}

#[cache_evict(of = load_name, key(id, "en"), before)]
async fn seen_within(id: u32) -> bool {
    load_name::peek(&id, "en")
        .await
        .expect("memory answers")
        .is_some()
}

#[tokio::test]
async fn before_means_before_the_body_runs() {
    fill(3).await;
    assert!(!seen_within(3).await);
}

struct Shop {
    cache: SimpleMemoryCache,
    name: String,
    changes: u32,
}

impl Shop {
    #[cache_evict(cache = self.cache, key = "price:{self.name}:{item.0}", key = "list:{self.name}")]
    async fn change(&mut self, item: (u32, f32)) {
        self.changes += 1;
        let (_id, _price) = item;
    }

    #[cache_evict(cache = self.cache, namespace = self.name, all)]
    async fn close(self) -> String {
        self.name
    }

    #[cache_evict(cache = self.cache, key_builder = |id: &(u32, ())| format!("price:{}", id.0), skip(self, note))]
    async fn forget(&self, (id, _): (u32, ()), note: &str) -> Option<()> {
        let _ = (id, note);
        None
    }
}

fn shop() -> Shop {
    Shop {
        cache: SimpleMemoryCache::new(),
        name: "a".into(),
        changes: 0,
    }
}

#[tokio::test]
async fn a_method_takes_several_keys_away() {
    let mut shop = shop();
    for key in ["price:a:1", "list:a", "price:a:2"] {
        shop.cache.set(key, &1_u8).await.unwrap();
    }
    shop.change((1, 2.5)).await;
    assert_eq!(shop.changes, 1);
    let left = shop
        .cache
        .multi_get::<u8>(["price:a:1", "list:a", "price:a:2"])
        .await
        .unwrap();
    assert_eq!(left, [None, None, Some(1)]);
}

#[tokio::test]
async fn all_means_the_whole_namespace_and_no_other() {
    let shop = shop();
    let cache = shop.cache.clone();
    cache.with_namespace("a").set("k", &1_u8).await.unwrap();
    cache.with_namespace("b").set("k", &1_u8).await.unwrap();
    assert_eq!(shop.close().await, "a");
    assert_eq!(cache.with_namespace("a").get::<u8>("k").await.unwrap(), None);
    assert_eq!(cache.with_namespace("b").get::<u8>("k").await.unwrap(), Some(1));
}

#[async_trait::async_trait]
trait Writer {
    async fn write(&mut self, id: u32) -> Result<u32, String>;
}

#[async_trait::async_trait]
impl Writer for Shop {
    #[cache_evict(cache = self.cache, key = "price:{id}")]
    async fn write(&mut self, id: u32) -> Result<u32, String> {
        self.changes += id;
        Ok(self.changes)
    }
}

#[tokio::test]
async fn async_trait_methods_and_spawned_calls_work() {
    let mut shop = shop();
    let cache = shop.cache.clone();
    cache.set("price:3", &1_u8).await.unwrap();
    assert_eq!(
        tokio::spawn(async move { shop.write(3).await }).await.unwrap(),
        Ok(3)
    );
    assert_eq!(cache.get::<u8>("price:3").await.unwrap(), None);
}

#[derive(Debug)]
struct Broken;

impl Plugin for Broken {
    async fn pre(&self, _: &aiocache_core::Command<'_>) {
        std::future::pending::<()>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_eviction_fails_no_call() {
    let cache = SimpleMemoryCache::builder(MemoryBackend::default())
        .plugin(Broken)
        .build();
    let shop = Shop {
        cache,
        name: "a".into(),
        changes: 0,
    };
    assert_eq!(
        shop.forget((1, ()), "").await,
        None,
        "the eviction times out, the call does not"
    );
}
