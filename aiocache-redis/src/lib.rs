//! The Redis backend of aiocache: [`RedisBackend`], and [`RedisCache`] over it.
//!
//! One multiplexed connection per tokio runtime, a second one for large values, RESP3, a deadline around every
//! command, and reconnecting that costs idempotent callers nothing when the server restarts.
//!
//! | URL | what it is | feature |
//! |---|---|---|
//! | `redis://[user[:password]@]host[:port][/database]` | one server | |
//! | `redis+unix:///path/to/socket` | one server | |
//! | `rediss://…` | the same with TLS | `tls` |
//! | `redis-cluster://host[:port],host[:port]…` | a cluster, by some of its nodes | `cluster` |
//! | `redis-sentinel://host[:port],host[:port]…/master-name` | the master that these sentinels name | `sentinel` |
//!
//! `rediss-cluster://` and `rediss-sentinel://` are the last two with TLS. In the `aiocache` crate the features have
//! `redis-` before their names.
//!
//! ```no_run
//! use std::sync::LazyLock;
//!
//! use aiocache_redis::{RedisBackend, RedisCache};
//!
//! static USERS: LazyLock<RedisCache> = LazyLock::new(|| {
//!     // The URL is checked here; the first command connects.
//!     let redis = RedisBackend::connect("redis://127.0.0.1/").expect("a valid URL");
//!     RedisCache::builder(redis).namespace("users").build()
//! });
//!
//! # async fn example() -> aiocache_core::Result<()> {
//! USERS.set("name", "Ada").await?;
//! let name: Option<String> = USERS.get("name").await?;
//! # drop(name);
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

use aiocache_core::{Cache, JsonSerializer};

mod backend;
#[cfg(feature = "cluster")]
mod cluster;
mod command;
mod config;
mod connect;
mod connection;
mod deadline;
mod error;
mod lane;
mod lock;
mod read;
mod reply;
mod scan;
mod script;
#[cfg(feature = "sentinel")]
mod sentinel;
mod store;
mod strays;
#[cfg(feature = "tls")]
mod tls;
mod url;
mod wire;
mod write;

pub use backend::RedisBackend;
pub use config::RedisBuilder;

/// A cache in Redis; values are JSON unless another serializer is named.
pub type RedisCache<S = JsonSerializer> = Cache<RedisBackend, S>;
