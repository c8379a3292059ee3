//! Functions of one name that stand in different blocks of one function do not share entries.
#![expect(
    clippy::unused_async,
    reason = "cached functions are async, whether or not they wait"
)]

use std::sync::LazyLock;

use aiocache::{SimpleMemoryCache, cached};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

#[tokio::test]
async fn each_block_has_its_own() {
    let one = {
        #[cached(cache = CACHE)]
        async fn number(of: u8) -> Option<u8> {
            Some(of + 1)
        }
        (number(1).await, number::key(&1))
    };
    let two = {
        #[cached(cache = CACHE)]
        async fn number(of: u8) -> Option<u8> {
            Some(of + 2)
        }
        (number(1).await, number::key(&1))
    };
    let three = {
        #[cached(cache = CACHE, controls = false)]
        async fn number(of: u8) -> Option<u8> {
            Some(of + 3)
        }
        number(1).await
    };
    assert_eq!((one.0, two.0, three), (Some(2), Some(3), Some(4)));
    assert_ne!(one.1, two.1);
}

#[cached(cache = CACHE)]
async fn plain(of: u8) -> Option<u8> {
    Some(of)
}

#[tokio::test]
async fn a_function_with_nothing_around_has_a_plain_name() {
    assert_eq!(plain(1).await, Some(1));
    assert_eq!(plain::key(&1), "same_name::plain(1)");
}
