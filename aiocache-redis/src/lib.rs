//! The Redis backend of aiocache: [`RedisBackend`].
//!
//! One multiplexed connection per tokio runtime, a second one for large values, RESP3, a deadline around every
//! command, and reconnecting that costs idempotent callers nothing when the server restarts.
//!
//! ```no_run
//! use aiocache_redis::RedisBackend;
//!
//! // The URL is checked here; the first command connects.
//! let redis = RedisBackend::connect("redis://127.0.0.1/")?;
//! # drop(redis);
//! # Ok::<(), aiocache_core::Error>(())
//! ```

mod backend;
mod command;
mod config;
mod connect;
mod connection;
mod error;
mod lane;
mod read;
mod reply;
mod scan;
mod script;
mod url;
mod wire;

pub use backend::RedisBackend;
pub use config::RedisBuilder;
