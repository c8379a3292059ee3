use std::sync::LazyLock;

use aiocache::{SimpleMemoryCache, cached_stampede};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

#[cached_stampede(cache = CACHE, lease = 2)]
async fn with_a_lease(id: u64) -> Option<u64> {
    Some(id)
}

#[cached_stampede(cache = CACHE)]
async fn with_the_default(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
