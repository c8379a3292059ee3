use aiocache_macros::cached;

#[cached(cache = 5)]
async fn load(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
