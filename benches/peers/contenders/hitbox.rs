//! `hitbox-fn` over its moka backend, values in the format its documentation recommends; one load at a time is an
//! option there, which is set.

pub(crate) const NAME: &str = "hitbox-fn, moka backend";

macro_rules! functions {
    ($module:ident, $value:ty) => {
        pub(crate) mod $module {
            use std::sync::LazyLock;
            use std::time::Duration;

            use hitbox::concurrency::BroadcastConcurrencyManager;
            use hitbox::policy::{ConcurrencyLimit, PolicyConfig};
            use hitbox_backend::PassthroughCompressor;
            use hitbox_backend::format::BincodeFormat;
            use hitbox_fn::{Cache, cached};
            use hitbox_moka::MokaBackend;

            use crate::contest::Contender;
            use crate::workload::{self, TTL, capacity};

            type Moka = MokaBackend<BincodeFormat, PassthroughCompressor>;

            static CACHE: LazyLock<Cache<Moka, BroadcastConcurrencyManager<$value>>> = LazyLock::new(|| {
                let backend = MokaBackend::builder()
                    .max_entries(capacity() as u64)
                    .value_format(BincodeFormat)
                    .build();
                let one = ConcurrencyLimit::new(1).expect("within its bounds");
                let policy = PolicyConfig::builder()
                    .ttl(Duration::from_secs(TTL))
                    .concurrency(one);
                Cache::builder()
                    .backend(backend)
                    .policy(policy.build())
                    .concurrency_manager(BroadcastConcurrencyManager::new())
                    .build()
            });

            #[cached]
            async fn find(key: u64) -> $value {
                workload::load(key).await
            }

            async fn through_cache(key: u64) -> $value {
                find(key).cache(&*CACHE).await
            }

            pub(crate) fn contenders() -> Vec<Contender> {
                vec![Contender::new(super::NAME, through_cache)]
            }
        }
    };
}

functions!(text, String);
functions!(record, crate::workload::Record);
