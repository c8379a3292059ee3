use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS, key = "user:{id}{lang}")]
async fn load(id: u64, lang: String) -> Option<String> {
    Some(format!("{id}{lang}"))
}

fn main() {}
