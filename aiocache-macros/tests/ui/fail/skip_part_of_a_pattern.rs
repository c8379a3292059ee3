use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS, skip(a))]
async fn load((a, b): (u64, u64)) -> Option<u64> {
    Some(a + b)
}

fn main() {}
