use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cache_put;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cache_put(cache = USERS, key = "user:{id}")]
async fn store(id: u64) {
    let _ = id;
}

fn main() {}
