use std::sync::LazyLock;

use aiocache_core::{Cache, JsonSerializer, MemoryBackend};
use aiocache_macros::cached;

static USERS: LazyLock<Cache<MemoryBackend, JsonSerializer>> =
    LazyLock::new(|| Cache::<MemoryBackend>::builder(MemoryBackend::default()).serializer(JsonSerializer).build());

struct User;

#[cached(cache = USERS)]
async fn load(id: u64) -> Option<User> {
    let _ = id;
    Some(User)
}

fn main() {}
