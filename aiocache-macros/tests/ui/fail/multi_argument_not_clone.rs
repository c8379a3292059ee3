use std::collections::HashMap;
use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::multi_cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

struct Token;

#[multi_cached(cache = USERS, keys = ids, skip(token))]
async fn load(ids: Vec<u64>, token: Token) -> HashMap<u64, u64> {
    drop(token);
    ids.into_iter().map(|id| (id, id)).collect()
}

fn main() {}
