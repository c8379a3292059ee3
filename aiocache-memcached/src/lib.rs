//! The memcached backend of aiocache: [`MemcachedBackend`], and [`MemcachedCache`] over it.
//!
//! A task owns each connection, so a caller that goes away never leaves an answer for the next one; every write is
//! acknowledged; several keys go in one round trip; keys are checked before a byte is sent; several servers share
//! the keys by consistent hashing.
//!
//! ```no_run
//! use std::sync::LazyLock;
//!
//! use aiocache_memcached::{MemcachedBackend, MemcachedCache};
//!
//! static USERS: LazyLock<MemcachedCache> = LazyLock::new(|| {
//!     // The URL is checked here; the first command connects.
//!     let memcached = MemcachedBackend::connect("memcached://127.0.0.1:11211").expect("a valid URL");
//!     MemcachedCache::builder(memcached).namespace("users").build()
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

mod alarm;
mod backend;
mod command;
mod config;
mod connect;
mod connection;
mod counter;
mod error;
mod expiry;
mod generation;
mod head;
mod job;
mod key;
mod lane;
mod meta;
mod orphans;
mod raw;
mod reader;
mod request;
mod ring;
mod servers;
mod text;
mod url;

pub use backend::MemcachedBackend;
pub use config::MemcachedBuilder;

/// A cache in memcached; values are JSON unless another serializer is named.
pub type MemcachedCache<S = JsonSerializer> = Cache<MemcachedBackend, S>;
