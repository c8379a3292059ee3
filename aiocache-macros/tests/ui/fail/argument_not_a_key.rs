use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

struct Pool;

#[cached(cache = USERS)]
async fn load(id: u64, pool: Pool) -> Option<u64> {
    let _ = pool;
    Some(id)
}

fn main() {}
