use std::sync::LazyLock;

use aiocache::{SimpleMemoryCache, cached_stampede};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

const LEASE: u64 = 2;

#[cached_stampede(cache = CACHE, lease = LEASE)]
async fn with_an_expression(id: u64) -> Option<u64> {
    Some(id)
}

#[cached_stampede(cache = CACHE, lease = "never")]
async fn with_no_end(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
