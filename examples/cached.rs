//! cargo run --example cached
use aiocache::{SimpleMemoryCache, cached};
use std::sync::LazyLock;

static USERS: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

#[cached(cache = USERS, ttl = 60)]
async fn user(id: u64) -> Result<String, std::io::Error> {
    println!("loading {id}");
    Ok(format!("user {id}"))
}

#[tokio::main]
async fn main() {
    println!("{:?}", user(1).await);
    println!("{:?}", user(1).await);
    println!("{}", user::key(&1));
    println!("{:?}", user::invalidate(&1).await);
    println!("{:?}", user(1).await);
}
