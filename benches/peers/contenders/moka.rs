//! `moka::future`, by the argument itself and by a key made as text.

pub(crate) const STRING: &str = "moka, String key";
pub(crate) const NUMBER: &str = "moka, u64 key";

macro_rules! functions {
    ($module:ident, $value:ty) => {
        pub(crate) mod $module {
            use std::hash::Hash;
            use std::sync::LazyLock;
            use std::time::Duration;

            use moka::future::Cache;

            use crate::contest::Contender;
            use crate::workload::{self, TTL, capacity};

            static BY_STRING: LazyLock<Cache<String, $value>> = LazyLock::new(|| {
                Cache::builder()
                    .max_capacity(capacity() as u64)
                    .time_to_live(Duration::from_secs(TTL))
                    .build()
            });
            static BY_NUMBER: LazyLock<Cache<u64, $value>> = LazyLock::new(|| {
                Cache::builder()
                    .max_capacity(capacity() as u64)
                    .time_to_live(Duration::from_secs(TTL))
                    .build()
            });

            async fn by_string(key: u64) -> $value {
                BY_STRING
                    .get_with(
                        format!("user:{key}"),
                        async move { workload::load(key).await },
                    )
                    .await
            }

            async fn by_number(key: u64) -> $value {
                BY_NUMBER
                    .get_with(key, async move { workload::load(key).await })
                    .await
            }

            // What is under way in its buffers counts as done.
            async fn held<K: Hash + Eq + Send + Sync + 'static>(cache: &Cache<K, $value>) -> usize {
                cache.run_pending_tasks().await;
                usize::try_from(cache.entry_count()).expect("below the bound")
            }

            pub(crate) fn contenders() -> Vec<Contender> {
                vec![
                    Contender::new(super::STRING, by_string).holds(async || held(&BY_STRING).await),
                    Contender::new(super::NUMBER, by_number).holds(async || held(&BY_NUMBER).await),
                ]
            }
        }
    };
}

functions!(text, String);
functions!(record, crate::workload::Record);
