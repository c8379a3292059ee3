//! cargo run --example redis
//!
//! A typed value in Redis, where `REDIS_URL` says there is one: `REDIS_URL=redis://127.0.0.1/`.

#![expect(clippy::unused_async, reason = "an example asks no database")]

use std::error::Error;
use std::sync::LazyLock;

use aiocache::cached;
use aiocache::redis::{RedisBackend, RedisCache};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

// The URL is checked when the static is first used; the first command connects.
static USERS: LazyLock<RedisCache> = LazyLock::new(|| {
    let url = std::env::var("REDIS_URL").expect("main has looked");
    let redis = RedisBackend::connect(url).expect("a valid URL");
    RedisCache::builder(redis).namespace("example-users").build()
});

#[cached(cache = USERS, key = "{id}", ttl = 60)]
async fn load_user(id: u64) -> Result<User, std::io::Error> {
    println!("  load_user({id}) runs");
    Ok(User {
        id,
        name: format!("user {id}"),
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("REDIS_URL").is_none() {
        println!("Set REDIS_URL to run this example: REDIS_URL=redis://127.0.0.1/ cargo run --example redis");
        return Ok(());
    }
    USERS.clear().await?; // the namespace, and nothing else
    println!("{:?}", load_user(42).await?);
    println!("{:?}", load_user(42).await?);

    let stored = USERS.raw(&[b"GET", load_user::key(&42).as_bytes()]).await?;
    println!(
        "Redis holds {} under {}",
        stored.as_str().unwrap_or("nothing"),
        load_user::key(&42)
    );
    println!("{:?} left", USERS.ttl("42").await?);

    println!("removed: {}", load_user::invalidate(&42).await?);
    USERS.close().await?;
    Ok(())
}
