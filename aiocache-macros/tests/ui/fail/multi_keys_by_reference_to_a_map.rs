use std::collections::HashMap;
use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{multi_cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[multi_cached(cache = USERS, keys = ids)]
async fn load(ids: &HashMap<u64, u64>) -> HashMap<u64, u64> {
    ids.clone()
}

fn main() {}
