use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::{cached};

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS)]
async fn load(#[cfg(unix)] id: u64, #[cfg(windows)] id: u32) -> Option<u64> {
    Some(u64::from(id))
}

fn main() {}
