use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

fn build(id: &u64) -> String {
    id.to_string()
}

#[cached(cache = USERS, key = "user:{id}", key_builder = build)]
async fn load(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
