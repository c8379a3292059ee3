//! cargo run --example writers
//!
//! Functions that write, beside the one that reads: the cache is right after each of them, and nobody calls `delete`.

#![expect(clippy::unused_async, reason = "an example asks no database")]

use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex};

use aiocache::{SimpleMemoryCache, cache_evict, cache_put, cached};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

/// The database, as far as this example needs one.
static NAMES: Mutex<BTreeMap<u32, String>> = Mutex::new(BTreeMap::new());

#[cached(cache = CACHE, key = "name:{id}", ttl = 60)]
async fn name(id: u32) -> Option<String> {
    println!("  reading {id}");
    let names = NAMES.lock().expect("nothing panics under this lock");
    names.get(&id).cloned()
}

/// Runs every time; what it returns is stored under the reader's key.
#[cache_put(cache = CACHE, key = "name:{id}", ttl = 60)]
async fn rename(id: u32, to: &str) -> Result<String, String> {
    println!("  writing {id}");
    if to.is_empty() {
        return Err("a name has letters".to_owned());
    }
    let mut names = NAMES.lock().expect("nothing panics under this lock");
    names.insert(id, to.to_owned());
    Ok(to.to_owned())
}

/// Takes the entry away, under the key that `name` itself makes.
#[cache_evict(of = name, key(id))]
async fn remove(id: u32) -> Result<(), String> {
    println!("  removing {id}");
    let mut names = NAMES.lock().expect("nothing panics under this lock");
    names.remove(&id).map(drop).ok_or_else(|| format!("no {id}"))
}

#[tokio::main]
async fn main() {
    println!("{:?}", rename(1, "Ada").await);
    println!("{:?} without reading", name(1).await);

    println!("{:?}", rename(1, "").await);
    println!(
        "{:?} is still there: a write that failed changes nothing",
        name(1).await
    );

    println!("{:?}", remove(1).await);
    println!("{:?}", name(1).await);
}
