//! A user of `aiocache-core` and `aiocache-macros` under names of its own, without the facade.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::collections::HashMap;
use std::sync::LazyLock;

use heart::{Cache, MemoryBackend};
use spells::{cache_evict, cache_put, cached, multi_cached};

static CACHE: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

/// A cached function.
#[cached(cache = CACHE, key = "name:{id}", crate = ::heart)]
pub async fn name(id: u32) -> Option<String> {
    Some(format!("name {id}"))
}

/// A cached function over several keys.
#[multi_cached(cache = CACHE, keys = ids, key = "name:{ids}", crate = ::heart)]
pub async fn names(ids: Vec<u32>) -> HashMap<u32, String> {
    ids.into_iter().map(|id| (id, format!("names {id}"))).collect()
}

/// Stores a name.
#[cache_put(cache = CACHE, key = "name:{id}")]
pub async fn put(id: u32, text: &str) -> String {
    let _ = id;
    text.to_owned()
}

/// Takes a name away.
#[cache_evict(of = name, key(id))]
pub async fn evict(id: u32) {
    let _ = id;
}
