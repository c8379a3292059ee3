#![doc = include_str!("../README.md")]
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

/// The guide's snippets are tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../docs/backends.md")]
    mod backends {}
    #[doc = include_str!("../docs/caches.md")]
    mod caches {}
    #[doc = include_str!("../docs/coming-from-python.md")]
    mod coming_from_python {}
    #[doc = include_str!("../docs/decorators.md")]
    mod decorators {}
    #[doc = include_str!("../docs/keys.md")]
    mod keys {}
    #[doc = include_str!("../docs/locks.md")]
    mod locks {}
    #[doc = include_str!("../docs/observability.md")]
    mod observability {}
    #[doc = include_str!("../docs/plugins.md")]
    mod plugins {}
    #[doc = include_str!("../docs/policies.md")]
    mod policies {}
    #[doc = include_str!("../docs/reliability.md")]
    mod reliability {}
    #[doc = include_str!("../docs/serializers.md")]
    mod serializers {}
    #[doc = include_str!("../docs/stampede.md")]
    mod stampede {}
    #[doc = include_str!("../docs/testing.md")]
    mod testing {}
    #[doc = include_str!("../docs/writing-a-backend.md")]
    mod writing_a_backend {}
}
