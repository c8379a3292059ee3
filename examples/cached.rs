//! cargo run --example cached
//!
//! One line above an `async fn`: what it stores, and what it does not.

#![expect(clippy::unused_async, reason = "an example asks no database")]

use std::num::ParseIntError;
use std::sync::LazyLock;

use aiocache::{SimpleMemoryCache, cached};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

/// Of a `Result` the `Ok` is stored, never an error.
#[cached(cache = CACHE, ttl = 60)]
async fn parse(text: &str) -> Result<u32, ParseIntError> {
    println!("  parse({text:?}) runs");
    text.parse()
}

/// Of an `Option` the `Some` is stored, and with `cache_none` the `None` too.
#[cached(cache = CACHE, ttl = "1h30m", cache_none)]
async fn find_user(id: u32) -> Option<String> {
    println!("  find_user({id}) runs");
    (id == 1).then(|| "Ada".to_owned())
}

/// `skip_if` says which values are not worth keeping.
#[cached(cache = CACHE, ttl = 60, skip_if = |words: &Vec<String>| words.is_empty())]
async fn words(text: String) -> Vec<String> {
    println!("  words({text:?}) runs");
    text.split_whitespace().map(str::to_owned).collect()
}

#[tokio::main]
async fn main() -> Result<(), aiocache::Error> {
    println!("a value is loaded once, an error each time:");
    for text in ["7", "7", "x", "x"] {
        println!("parse({text:?}) = {:?}", parse(text).await.ok());
    }

    println!("a None is remembered:");
    for id in [1, 1, 2, 2] {
        println!("find_user({id}) = {:?}", find_user(id).await);
    }

    println!("an empty list is not:");
    for text in ["a b", "a b", "", ""] {
        println!("words({text:?}) = {:?}", words(text.to_owned()).await);
    }

    println!("the controls, by the function's own name:");
    println!("key        {}", parse::key("7"));
    println!("peek       {:?}", parse::peek("7").await?);
    println!("invalidate {}", parse::invalidate("7").await?);
    println!("peek       {:?}", parse::peek("7").await?);
    Ok(())
}
