use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS)]
fn load(id: u64) -> impl Future<Output = Option<u64>> {
    async move { Some(id) }
}

fn main() {}
