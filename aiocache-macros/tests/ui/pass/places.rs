//! Functions in functions, several in a module, from other macros, re-exported, recursive.
#![deny(warnings)]

use std::sync::LazyLock;

use aiocache_core::SimpleMemoryCache;
use aiocache_macros::cached;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

macro_rules! loader {
    ($name:ident, $arg:ident: $ty:ty, $cache:expr, $ttl:literal) => {
        #[cached(cache = $cache, ttl = $ttl)]
        async fn $name($arg: $ty, other: u8) -> Option<$ty> {
            let _ = other;
            Some($arg)
        }
    };
}

loader!(first, id: u64, CACHE, 60);
loader!(second, other: String, CACHE, "1h");

mod exported {
    use super::{CACHE, cached};

    #[cached(cache = CACHE)]
    pub async fn load(id: u64) -> Option<u64> {
        Some(id)
    }
}
use exported::load;

#[cached(cache = CACHE)]
async fn factorial(n: u64) -> Option<u64> {
    match n {
        0 => Some(1),
        n => Some(n * Box::pin(factorial(n - 1)).await?),
    }
}

fn main() {
    #[cached(cache = CACHE)]
    async fn inner(id: u64) -> Option<u64> {
        #[cached(cache = CACHE)]
        async fn inner(id: u64) -> Option<u64> {
            Some(id)
        }
        inner(id).await
    }
    let _ = (first(1, 2), second(String::new(), 1), load(1), load::key(&1), inner(1), factorial(3));
    assert_ne!(inner::key(&1), load::key(&1));
}
