#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The macros write `::aiocache`, in this crate's own tests too.
extern crate self as aiocache;

#[cfg(feature = "json")]
mod connect;

pub use aiocache_core::*;
#[cfg(feature = "macros")]
pub use aiocache_macros::{__facade_cached as cached, __facade_multi_cached as multi_cached};

#[cfg(feature = "json")]
pub use connect::{AnyCache, connect, connect_builder};

#[cfg(feature = "memcached")]
#[doc(inline)]
pub use aiocache_memcached as memcached;
#[cfg(feature = "redis")]
#[doc(inline)]
pub use aiocache_redis as redis;
