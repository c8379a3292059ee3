use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cache_put;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cache_put(cache = USERS)]
async fn store(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
