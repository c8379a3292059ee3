//! cargo run --example multi_cached
//!
//! A function that loads many values at once is asked for those that are missing, each once.

#![expect(clippy::unused_async, reason = "an example asks no database")]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aiocache::{SimpleMemoryCache, cached, multi_cached};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

/// One query for all of them, in a real service.
#[multi_cached(cache = CACHE, keys = ids, key = "user:{ids}", ttl = 60)]
async fn load_users(ids: Vec<u32>) -> BTreeMap<u32, String> {
    println!("  load_users({ids:?}) runs");
    ids.into_iter()
        .filter(|&id| id < 10)
        .map(|id| (id, format!("user {id}")))
        .collect()
}

/// The same key template, so the two functions share their entries.
#[cached(cache = CACHE, key = "user:{id}", ttl = 60)]
async fn load_user(id: u32) -> String {
    println!("  load_user({id}) runs");
    format!("user {id}")
}

#[tokio::main]
async fn main() -> Result<(), aiocache::Error> {
    println!("{:?}", load_users(vec![1, 2]).await);

    println!("partly cached, one key twice:");
    println!("{:?}", load_users(vec![1, 3, 2, 3]).await);

    println!("a key that is not returned is absent, and asked for again:");
    println!("{:?}", load_users(vec![1, 77]).await);
    println!("{:?}", load_users(vec![1, 77]).await);

    println!("shared with the function for one:");
    println!("{}", load_user(3).await);
    println!("{}", load_user(4).await);
    println!("{:?}", load_users(vec![3, 4]).await);

    println!("removed: {}", load_users::invalidate(vec![3, 4, 5]).await?);
    println!("cached:  {:?}", load_users::peek(vec![1, 2, 3, 4]).await?);
    Ok(())
}
