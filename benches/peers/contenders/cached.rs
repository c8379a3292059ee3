//! `cached`: its two macros, with and without a bound.

pub(crate) const CONCURRENT_LRU: &str = "cached, #[concurrent_cached(max_size, ttl)]";
pub(crate) const CONCURRENT: &str = "cached, #[concurrent_cached(ttl)]";
pub(crate) const LRU: &str = "cached, #[cached(max_size, ttl)]";
pub(crate) const BY_KEY: &str = "cached, #[cached(max_size, ttl, sync_writes)]";
pub(crate) const UNBOUNDED: &str = "cached, #[cached(ttl)]";

macro_rules! functions {
    ($module:ident, $value:ty) => {
        pub(crate) mod $module {
            use cached::Cached;
            use cached::macros::{cached, concurrent_cached};

            use crate::contest::Contender;
            use crate::workload;

            // The attributes take literals alone: workload::CAPACITY and workload::TTL.

            #[concurrent_cached(max_size = 200_000, ttl_secs = 3600)]
            async fn concurrent_lru(key: u64) -> $value {
                workload::load(key).await
            }

            #[concurrent_cached(ttl_secs = 3600)]
            async fn concurrent(key: u64) -> $value {
                workload::load(key).await
            }

            #[cached(max_size = 200_000, ttl_secs = 3600)]
            async fn lru(key: u64) -> $value {
                workload::load(key).await
            }

            #[cached(ttl_secs = 3600)]
            async fn unbounded(key: u64) -> $value {
                workload::load(key).await
            }

            // Its only form with one load at a time.
            #[cached(max_size = 200_000, ttl_secs = 3600, sync_writes = "by_key")]
            async fn by_key(key: u64) -> $value {
                workload::load(key).await
            }

            pub(crate) fn contenders() -> Vec<Contender> {
                vec![
                    Contender::new(super::CONCURRENT_LRU, concurrent_lru)
                        .holds(async || CONCURRENT_LRU.get().map_or(0, |store| store.len())),
                    Contender::new(super::CONCURRENT, concurrent).unbounded(),
                    Contender::new(super::LRU, lru).holds(async || LRU.read().await.cache_size()),
                    Contender::new(super::UNBOUNDED, unbounded).unbounded(),
                    Contender::new(super::BY_KEY, by_key).holds(async || BY_KEY.read().await.cache_size()),
                ]
            }
        }
    };
}

functions!(text, String);
functions!(record, crate::workload::Record);
