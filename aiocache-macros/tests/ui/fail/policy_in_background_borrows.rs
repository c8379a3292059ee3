use std::sync::LazyLock;

use aiocache_core::{Background, Cache, MemoryBackend, Policy};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

static QUICK: Policy<Background> = Policy::new().detached();

#[cached(cache = USERS, policy = QUICK)]
async fn load_user(id: u64, text: &str) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
