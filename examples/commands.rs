//! cargo run --example commands
//!
//! The cache alone: every command by its aiocache name.

use std::time::Duration;

use aiocache::{Error, ErrorKind, SimpleMemoryCache, Ttl};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let cache = SimpleMemoryCache::new().with_namespace("demo");

    cache.set("city", "Wien").await?;
    println!("get       {:?}", cache.get::<String>("city").await?);
    println!("a miss    {:?}", cache.get::<String>("river").await?);
    println!("exists    {}", cache.exists("city").await?);
    println!("stored as {}", cache.stored_key("city"));

    let taken = cache.add("city", "Graz").await.expect_err("the key is there");
    println!("add       {taken}");
    let wrong = cache.get::<bool>("city").await.expect_err("it is text");
    println!("as a bool {wrong}");
    assert_eq!(
        (taken.kind(), wrong.kind()),
        (ErrorKind::KeyExists, ErrorKind::Type)
    );

    cache.multi_set([("a", &1_u32), ("b", &2)]).await?;
    println!("multi_get {:?}", cache.multi_get::<u32>(["a", "x", "b"]).await?);

    println!("increment {}", cache.increment("visits", 1).await?);
    println!("increment {}", cache.increment("visits", 41).await?);
    println!("as a u16  {:?}", cache.get::<u16>("visits").await?);

    // A handle with another ttl; everything else is shared.
    let brief = cache.with_ttl(Duration::from_millis(200));
    brief.set("brief", &true).await?;
    println!("brief     {:?}", cache.get::<bool>("brief").await?);
    tokio::time::sleep(Duration::from_millis(300)).await;
    println!("later     {:?}", cache.get::<bool>("brief").await?);

    println!("expire    {}", cache.expire("city", Ttl::seconds(60)).await?);
    println!("ttl of a  {:?}", cache.ttl("a").await?);

    println!("delete    {}", cache.delete("city").await?);
    println!("several   {}", cache.multi_delete(["a", "b", "x"]).await?);
    cache.clear().await?; // this namespace, and no other
    println!("cleared   {:?}", cache.get::<i64>("visits").await?);
    Ok(())
}
