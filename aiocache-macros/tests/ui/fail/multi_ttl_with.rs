use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::multi_cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[multi_cached(cache = USERS, keys = ids, ttl_with = |v: &u64| *v)]
async fn load(ids: Vec<u64>) -> Vec<(u64, u64)> {
    ids.into_iter().map(|id| (id, id)).collect()
}

fn main() {}
