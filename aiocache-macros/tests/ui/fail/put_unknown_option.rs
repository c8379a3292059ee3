use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cache_put;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cache_put(cache = USERS, key = "user:{id}", max_wait = 3)]
async fn store(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
