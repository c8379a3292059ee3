//! What the web services serve: products in SQLite, and a cache in front of them. Nothing here knows the framework.

mod database;
mod request;

use std::sync::LazyLock;

use aiocache::{Cache, MemoryBackend, SimpleMemoryCache, cache_evict, cache_put, cached};

pub use database::{Database, Price, Product};
pub use request::{answer, asks_for_no_cache};
pub use sqlx::Error;

/// In this process. With `RedisCache` in its place all processes of the service share it, and nothing else changes.
static PRODUCTS: LazyLock<SimpleMemoryCache> =
    LazyLock::new(|| Cache::builder(MemoryBackend::new()).name("products").build());

/// One product. The database is not part of the key, because the template does not name it.
///
/// `detached`: a framework drops the handler of a client that went away; the query ends all the same, and its result
/// serves the next client.
///
/// # Errors
/// The database's. An error is never stored.
#[cached(cache = PRODUCTS, key = "product:{id}", ttl = "10m", detached)]
pub async fn product(database: &Database, id: i64) -> Result<Option<Product>, Error> {
    database.find(id).await
}

/// Changes a price, and has the changed product in the cache at once.
///
/// # Errors
/// The database's; the cached product stays.
#[cache_put(cache = PRODUCTS, key = "product:{id}", ttl = "10m")]
pub async fn set_price(database: &Database, id: i64, price: Price) -> Result<Option<Product>, Error> {
    database.set_price(id, price).await
}

/// Removes a product, also from the cache, under the key that [`product`] uses. Whether it was there.
///
/// # Errors
/// The database's; the cached product stays.
#[cache_evict(of = product, key(id))]
pub async fn remove(database: &Database, id: i64) -> Result<bool, Error> {
    database.remove(id).await
}

/// How the cache does, as a table, and how often the database was asked.
#[must_use]
pub fn statistics(database: &Database) -> String {
    format!(
        "{}\n  {:<14}{:>14}\n",
        PRODUCTS.stats(),
        "queries",
        database.queries()
    )
}
