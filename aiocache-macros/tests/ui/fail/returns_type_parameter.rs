use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS)]
async fn load<T: From<u64>>(id: u64) -> T {
    T::from(id)
}

fn main() {}
