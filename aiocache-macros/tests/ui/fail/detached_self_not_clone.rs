use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

struct Db;

impl Db {
    #[cached(cache = USERS, detached, skip(self))]
    async fn load(&self, id: u64) -> Option<u64> {
        Some(id)
    }
}

fn main() {}
