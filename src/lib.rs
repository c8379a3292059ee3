#![cfg_attr(not(doctest), doc = include_str!("guide/links.md"))]
#![cfg_attr(not(doctest), doc = "")]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The macros write `::aiocache`, in this crate's own tests too.
extern crate self as aiocache;

#[cfg(feature = "json")]
mod connect;

pub use aiocache_core::*;
#[cfg(feature = "macros")]
#[cfg_attr(docsrs, doc(cfg(feature = "macros")))]
pub use aiocache_macros::{
    __facade_cached as cached, __facade_cached_stampede as cached_stampede,
    __facade_multi_cached as multi_cached, cache_evict, cache_put,
};

#[cfg(feature = "json")]
#[cfg_attr(docsrs, doc(cfg(feature = "json")))]
pub use connect::{AnyCache, connect, connect_builder};

#[cfg(feature = "memcached")]
#[cfg_attr(docsrs, doc(cfg(feature = "memcached")))]
#[doc(inline)]
pub use aiocache_memcached as memcached;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
#[doc(inline)]
pub use aiocache_redis as redis;

#[cfg(any(doc, doctest))]
pub mod guide;
