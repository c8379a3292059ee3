use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::multi_cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[multi_cached(cache = USERS, keys = ids)]
async fn load(ids: Vec<u64>) -> Vec<u64> {
    ids
}

fn main() {}
