//! A policy whose loads run in tasks, for a function over several keys.

use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::Duration;

use aiocache_core::{Background, Policy, SimpleMemoryCache};
use aiocache_macros::multi_cached;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

static QUICK: Policy<Background> = Policy::new()
    .grace(Duration::from_secs(3600))
    .soft_timeout(Duration::from_millis(50));

#[multi_cached(cache = CACHE, keys = ids, policy = QUICK)]
async fn load(ids: Vec<u32>) -> Result<HashMap<u32, u32>, String> {
    Ok(ids.into_iter().map(|id| (id, id)).collect())
}

fn main() {}
