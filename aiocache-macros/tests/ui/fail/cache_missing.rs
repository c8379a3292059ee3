use aiocache_macros::cached;

#[cached(ttl = 60)]
async fn load(id: u64) -> Option<u64> {
    Some(id)
}

fn main() {}
