use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS, detached)]
async fn load(names: &[&str], id: Option<&u64>, log: &mut String) -> Option<u64> {
    log.push_str(names[0]);
    id.copied()
}

fn main() {}
