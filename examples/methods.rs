//! cargo run --example methods
//!
//! A service struct that owns its cache: methods with `self`, told apart by tenant.

use aiocache::{SimpleMemoryCache, cached};

struct Users {
    cache: SimpleMemoryCache,
    tenant: String,
}

impl Users {
    fn new(cache: &SimpleMemoryCache, tenant: &str) -> Self {
        Self {
            cache: cache.clone(),
            tenant: tenant.to_owned(),
        }
    }

    /// Without a template, `self` would be part of the key; here the tenant is all of it that matters.
    #[cached(cache = self.cache, key = "{self.tenant}/user/{id}", ttl = 60)]
    async fn find(&self, id: u32) -> Option<String> {
        println!("  {}: find({id}) runs", self.tenant);
        Some(format!("{}'s user {id}", self.tenant))
    }

    /// The same for everyone, so `self` stays out of the key: aiocache's `noself`.
    #[cached(cache = self.cache, skip(self), ttl = 60)]
    async fn country_name(&self, code: &str) -> Option<&'static str> {
        println!("  {}: country_name({code:?}) runs", self.tenant);
        (code == "AT").then_some("Austria")
    }

    /// A writer takes the entry away, by the same key.
    async fn rename(&self, id: u32) -> aiocache::Result<()> {
        println!("  {}: rename({id})", self.tenant);
        self.cache.delete(format!("{}/user/{id}", self.tenant)).await?;
        Ok(())
    }
}

#[tokio::main]
async fn main() -> aiocache::Result<()> {
    let cache = SimpleMemoryCache::new();
    let (acme, apex) = (Users::new(&cache, "acme"), Users::new(&cache, "apex"));
    for users in [&acme, &acme, &apex] {
        println!("{:?}", users.find(1).await);
    }
    for users in [&acme, &apex] {
        println!("{:?}", users.country_name("AT").await);
    }
    acme.rename(1).await?;
    println!("{:?}", acme.find(1).await);
    Ok(())
}
