use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS, detached)]
async fn load(id: u64) -> Option<u64> {
    let shared = std::rc::Rc::new(id);
    std::future::ready(()).await;
    Some(*shared)
}

fn main() {}
