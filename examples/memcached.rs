//! cargo run --example memcached
//!
//! Values and counters in memcached, where `MEMCACHED_URL` says there is one: `MEMCACHED_URL=memcached://127.0.0.1:11211`.

#![expect(clippy::unused_async, reason = "an example asks no database")]

use std::error::Error;
use std::sync::LazyLock;

use aiocache::cached;
use aiocache::memcached::{MemcachedBackend, MemcachedCache};

// Several servers share the keys: `memcached://one:11211,two:11211`.
static PAGES: LazyLock<MemcachedCache> = LazyLock::new(|| {
    let url = std::env::var("MEMCACHED_URL").expect("main has looked");
    let memcached = MemcachedBackend::connect(url).expect("a valid URL");
    MemcachedCache::builder(memcached)
        .namespace("example-pages")
        .build()
});

/// memcached counts ttls in whole seconds, and its keys have 250 bytes at most: a longer one is hashed.
#[cached(cache = PAGES, key = "{path}", ttl = 60)]
async fn page(path: &str) -> Result<Vec<String>, std::io::Error> {
    println!("  page({path:?}) runs");
    Ok(path.split('/').map(str::to_owned).collect())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("MEMCACHED_URL").is_none() {
        println!(
            "Set MEMCACHED_URL to run this example: MEMCACHED_URL=memcached://127.0.0.1:11211 cargo run --example memcached"
        );
        return Ok(());
    }
    page::invalidate("docs/caches").await?;
    PAGES.delete("visits").await?;
    for _ in 0..2 {
        println!("{:?}", page("docs/caches").await?);
        println!("visits: {}", PAGES.increment("visits", 1).await?);
    }
    println!("stored as {}", page::key("docs/caches"));
    PAGES.close().await?;
    Ok(())
}
