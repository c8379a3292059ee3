use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cache_evict;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cache_evict(cache = USERS)]
async fn remove(id: u64) -> Result<(), String> {
    let _ = id;
    Ok(())
}

fn main() {}
