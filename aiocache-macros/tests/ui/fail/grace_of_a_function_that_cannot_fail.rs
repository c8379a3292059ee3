use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS, grace = "1h")]
async fn load(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
