use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

struct Db;

#[cached(cache = USERS, detached, skip(db))]
async fn load(db: &Db, id: u64) -> Option<u64> {
    let _ = db;
    Some(id)
}

fn main() {}
