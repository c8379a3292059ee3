//! Generated code sets off no lint, and what the user says about lints is heard.
#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unnameable_types, unused)]
#![deny(single_use_lifetimes, trivial_casts, unused_qualifications, let_underscore_drop, elided_lifetimes_in_paths)]

use std::sync::LazyLock;

use aiocache_core::SimpleMemoryCache;
use aiocache_macros::cached;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

/// Documented.
#[cached(cache = CACHE)]
pub async fn public(id: u64, name: &str, (a, b): (u8, u8)) -> Result<String, std::io::Error> {
    Ok(format!("{id}{name}{a}{b}"))
}

#[cached(cache = CACHE, skip(cache))]
#[expect(unused_variables, reason = "of the body")]
async fn expected(id: u64, cache: &str) -> Option<u64> {
    let unused = 1;
    Some(id)
}

#[cached(cache = CACHE)]
#[expect(dead_code, reason = "of the function")]
async fn dead(id: u64) -> Option<u64> {
    Some(id)
}

#[cached(cache = cache, key = "{id}")]
async fn used_by_options(cache: &SimpleMemoryCache, id: u64) -> Option<u64> {
    Some(1)
}

#[cached(cache = CACHE)]
#[must_use]
#[allow(unused_mut, reason = "of the body")]
async fn attributes(mut id: u64) -> Option<u64> {
    let mut same = id;
    Some(same)
}

mod inner {
    use super::{CACHE, cached};

    #[cached(cache = CACHE)]
    pub(super) async fn restricted(id: u64) -> Option<u64> {
        Some(id)
    }

    #[cached(cache = CACHE, controls = Controls)]
    pub(crate) async fn other_name(id: u64) -> Option<u64> {
        Some(id)
    }
}

fn main() {
    drop((public(1, "", (1, 2)), expected(1, ""), attributes(1), inner::restricted(1), inner::other_name(1)));
    drop(used_by_options(&CACHE, 1));
    drop((inner::restricted::key(&1), inner::Controls::key(&1)));
}
