use std::collections::HashMap;
use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::multi_cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

type Users = Result<HashMap<u64, u64>, String>;

#[multi_cached(cache = USERS, keys = ids)]
async fn load(ids: Vec<u64>) -> Users {
    Ok(ids.into_iter().map(|id| (id, id)).collect())
}

fn main() {}
