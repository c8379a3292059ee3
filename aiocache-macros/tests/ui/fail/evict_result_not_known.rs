use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cache_evict;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cache_evict(cache = USERS, key = "user:{id}")]
async fn remove<T: Default>(id: u64) -> T {
    let _ = id;
    T::default()
}

fn main() {}
