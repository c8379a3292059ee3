//! Caches that keep what they think worth it.

use std::cell::RefCell;

use aiocache::{MemoryBackend, TypedMemoryCache};
use cached::{Cached, LruCache};
use moka::future::Cache as Moka;
use quick_cache::sync::Cache as Quick;

pub(crate) const OURS: &str = "aiocache (S3-FIFO)";
pub(crate) const MOKA: &str = "moka (TinyLFU)";
pub(crate) const QUICK: &str = "quick_cache (S3-FIFO)";
pub(crate) const FOYER: &str = "foyer (S3-FIFO)";
pub(crate) const LRU: &str = "LRU (cached)";

pub(crate) const NAMES: [&str; 5] = [OURS, MOKA, QUICK, FOYER, LRU];

/// An empty cache of one of them.
pub(crate) enum Policy {
    Ours(TypedMemoryCache<u32>),
    Moka(Moka<u32, u32>),
    Quick(Quick<u32, u32>),
    Foyer(foyer::Cache<u32, u32>),
    Lru(RefCell<LruCache<u32, u32>>),
}

pub(crate) fn new(name: &str, capacity: usize) -> Policy {
    match name {
        OURS => {
            let store = MemoryBackend::builder().max_entries(capacity as u64).build();
            Policy::Ours(TypedMemoryCache::builder(store).build())
        }
        MOKA => Policy::Moka(Moka::new(capacity as u64)),
        QUICK => Policy::Quick(Quick::new(capacity)),
        FOYER => {
            let builder = foyer::CacheBuilder::new(capacity);
            let builder = builder.with_eviction_config(foyer::S3FifoConfig::default());
            Policy::Foyer(builder.build())
        }
        _ => Policy::Lru(RefCell::new(LruCache::new(capacity))),
    }
}

impl Policy {
    /// Asks for a key, stores it if it is not there, and tells whether it was.
    pub(crate) async fn access(&self, key: u32) -> bool {
        match self {
            Self::Ours(cache) => {
                let name = key.to_string();
                let found: Option<u32> = cache.get(&name).await.expect("memory answers");
                if found.is_none() {
                    cache.set(&name, &key).await.expect("memory answers");
                }
                found.is_some()
            }
            Self::Moka(cache) => {
                let found = cache.get(&key).await.is_some();
                if !found {
                    cache.insert(key, key).await;
                }
                found
            }
            Self::Quick(cache) => {
                let found = cache.get(&key).is_some();
                if !found {
                    cache.insert(key, key);
                }
                found
            }
            Self::Foyer(cache) => {
                let found = cache.get(&key).is_some();
                if !found {
                    cache.insert(key, key);
                }
                found
            }
            Self::Lru(cache) => {
                let mut cache = cache.borrow_mut();
                let found = cache.cache_get(&key).is_some();
                if !found {
                    cache.cache_set(key, key);
                }
                found
            }
        }
    }
}
