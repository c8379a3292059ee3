//! SQLite, as it would be without a cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

const SEED: &str = "
    CREATE TABLE product (id INTEGER PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL);
    INSERT INTO product (name, cents) VALUES ('tea', 450), ('coffee', 620), ('cocoa', 510);
";

/// What the shop sells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Product {
    /// Its number, from 1.
    pub id: i64,
    /// What it is called.
    pub name: String,
    /// What it costs.
    pub cents: i64,
}

/// What a product is to cost.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Price {
    /// In cents.
    pub cents: u32,
}

/// A handle on the database; clones are of the same one.
#[derive(Debug, Clone)]
pub struct Database {
    pool: SqlitePool,
    queries: Arc<AtomicU64>,
}

impl Database {
    /// A new database in memory, with a few products.
    ///
    /// # Errors
    /// What SQLite says.
    pub async fn open() -> Result<Self, sqlx::Error> {
        // Such a database lives as long as its connection: there is one, and it stays.
        let one = SqlitePoolOptions::new().max_connections(1);
        let pool = one
            .idle_timeout(None)
            .max_lifetime(None)
            .connect("sqlite::memory:")
            .await?;
        sqlx::raw_sql(SEED).execute(&pool).await?;
        Ok(Self {
            pool,
            queries: Arc::default(),
        })
    }

    /// How often it was asked.
    #[must_use]
    pub fn queries(&self) -> u64 {
        self.queries.load(Relaxed)
    }

    pub(crate) async fn find(&self, id: i64) -> Result<Option<Product>, sqlx::Error> {
        self.queries.fetch_add(1, Relaxed);
        let query = sqlx::query_as("SELECT id, name, cents FROM product WHERE id = ?");
        Ok(query.bind(id).fetch_optional(&self.pool).await?.map(product))
    }

    pub(crate) async fn set_price(&self, id: i64, price: Price) -> Result<Option<Product>, sqlx::Error> {
        self.queries.fetch_add(1, Relaxed);
        let query = sqlx::query_as("UPDATE product SET cents = ? WHERE id = ? RETURNING id, name, cents");
        let row = query
            .bind(price.cents)
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(product))
    }

    pub(crate) async fn remove(&self, id: i64) -> Result<bool, sqlx::Error> {
        self.queries.fetch_add(1, Relaxed);
        let query = sqlx::query("DELETE FROM product WHERE id = ?");
        Ok(query.bind(id).execute(&self.pool).await?.rows_affected() > 0)
    }
}

fn product((id, name, cents): (i64, String, i64)) -> Product {
    Product { id, name, cents }
}
