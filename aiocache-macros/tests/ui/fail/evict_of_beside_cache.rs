use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cache_evict, cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS)]
async fn load(id: u64) -> Option<u64> {
    Some(id)
}

#[cache_evict(cache = USERS, of = load, key(id))]
async fn remove(id: u64) -> Result<(), String> {
    let _ = id;
    Ok(())
}

fn main() {}
