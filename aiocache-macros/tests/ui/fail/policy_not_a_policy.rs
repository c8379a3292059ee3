use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS, policy = 5)]
async fn load_user(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
