use std::sync::LazyLock;

use aiocache_core::{Cache, LoadContext, MemoryBackend};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS, context = load)]
async fn load_user(id: u64, load: &LoadContext<u64>) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
