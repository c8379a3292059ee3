use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

fn pick() -> u64 {
    5
}

#[cached(cache = USERS, ttl = pick())]
async fn load(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
