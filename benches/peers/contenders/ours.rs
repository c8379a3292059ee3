//! aiocache: one line above the function, over the store for any type and over a typed one.

pub(crate) const DEFAULT: &str = "aiocache, default store";
pub(crate) const TYPED: &str = "aiocache, typed store";

macro_rules! functions {
    ($module:ident, $value:ty) => {
        pub(crate) mod $module {
            use std::sync::LazyLock;

            use aiocache::{MemoryBackend, SimpleMemoryCache, TypedMemoryCache, cached};

            use crate::contest::Contender;
            use crate::workload::{self, capacity};

            static ERASED: LazyLock<SimpleMemoryCache> = LazyLock::new(|| {
                let store = MemoryBackend::builder()
                    .max_entries(capacity() as u64)
                    .build();
                SimpleMemoryCache::builder(store).build()
            });
            static TYPED: LazyLock<TypedMemoryCache<$value>> = LazyLock::new(|| {
                let store = MemoryBackend::builder()
                    .max_entries(capacity() as u64)
                    .build();
                TypedMemoryCache::builder(store).build()
            });

            #[cached(cache = ERASED, ttl = 3600)]
            async fn erased(key: u64) -> $value {
                workload::load(key).await
            }

            #[cached(cache = TYPED, ttl = 3600)]
            async fn typed(key: u64) -> $value {
                workload::load(key).await
            }

            fn held(entries: u64) -> usize {
                usize::try_from(entries).expect("below the bound")
            }

            pub(crate) fn contenders() -> Vec<Contender> {
                vec![
                    Contender::new(super::DEFAULT, erased).holds(async || held(ERASED.backend().len())),
                    Contender::new(super::TYPED, typed).holds(async || held(TYPED.backend().len())),
                ]
            }
        }
    };
}

functions!(text, String);
functions!(record, crate::workload::Record);
