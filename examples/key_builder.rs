//! cargo run --example key_builder
//!
//! The ways to decide what a key looks like, from the call's arguments to the store.

#![expect(clippy::unused_async, reason = "an example asks no database")]

use std::sync::LazyLock;

use aiocache::{Key, MemoryBackend, SimpleMemoryCache, cached};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(|| SimpleMemoryCache::new().with_namespace("app"));

/// Without an option: the function's path and its arguments.
#[cached(cache = CACHE)]
async fn generated(id: u64, tags: &[&str]) -> Option<u64> {
    Some(id + tags.len() as u64)
}

/// A template, checked at compile time; what could be taken for its own punctuation is escaped in a field.
#[cached(cache = CACHE, key = "user:{id}:{part}")]
async fn template(id: u64, part: &str) -> Option<u64> {
    Some(id + part.len() as u64)
}

/// A function of the arguments: here one that takes no notice of case.
#[cached(cache = CACHE, key_builder = |city: &str| city.to_lowercase())]
async fn built(city: &str) -> Option<usize> {
    println!("  built({city:?}) runs");
    Some(city.len())
}

/// A type of keys, for commands.
struct UserName(u64);

impl From<UserName> for Key<'_> {
    fn from(UserName(id): UserName) -> Self {
        format!("user:{id}:name").into()
    }
}

#[tokio::main]
async fn main() -> aiocache::Result<()> {
    // Both calls are of one city: the second one is a hit.
    println!("loaded       {:?} {:?}", built("Wien").await, built("WIEN").await);
    println!("built        {}", built::key("WIEN"));
    println!("generated    {}", generated::key(&7, &["a", "b"]));
    println!("template     {}", template::key(&7, "a:b"));
    println!("a type       {}", CACHE.stored_key(UserName(7)));

    // The last rule of all, for every key of a cache: from namespace and key to what is stored.
    let upper = SimpleMemoryCache::builder(MemoryBackend::new())
        .namespace("app")
        .key_builder(|namespace, key| format!("{namespace}/{}", key.to_uppercase()))
        .build();
    println!("of the cache {}", upper.stored_key("theme"));
    assert!(generated(7, &[]).await.is_some() && template(7, "").await.is_some());
    Ok(())
}
