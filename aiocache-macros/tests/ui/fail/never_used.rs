#![deny(dead_code, unused_variables, unused_must_use)]

use std::sync::LazyLock;

use aiocache_core::{Cache, MemoryBackend};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend>> = LazyLock::new(Cache::new);

#[cached(cache = USERS)]
async fn never_called(id: u64) -> Option<u64> {
    Some(id)
}

#[cached(cache = USERS)]
async fn load(id: u64) -> Option<u64> {
    Some(1)
}

async fn caller() {
    load(1);
}

fn main() {
    let _ = caller();
}
