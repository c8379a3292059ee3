//! `foyer`'s memory cache, which knows no ttl.

pub(crate) const STRING: &str = "foyer, String key, no ttl";
pub(crate) const NUMBER: &str = "foyer, u64 key, no ttl";

macro_rules! functions {
    ($module:ident, $value:ty) => {
        pub(crate) mod $module {
            use std::convert::Infallible;
            use std::sync::LazyLock;

            use foyer::{Cache, CacheBuilder};

            use crate::contest::Contender;
            use crate::workload::{self, capacity};

            static BY_STRING: LazyLock<Cache<String, $value>> =
                LazyLock::new(|| CacheBuilder::new(capacity()).build());
            static BY_NUMBER: LazyLock<Cache<u64, $value>> =
                LazyLock::new(|| CacheBuilder::new(capacity()).build());

            async fn by_string(key: u64) -> $value {
                let text = format!("user:{key}");
                let load = || async move { Ok::<$value, Infallible>(workload::load(key).await) };
                let entry = BY_STRING.get_or_fetch(text.as_str(), load).await;
                entry.expect("the load does not fail").value().clone()
            }

            async fn by_number(key: u64) -> $value {
                let load = || async move { Ok::<$value, Infallible>(workload::load(key).await) };
                let entry = BY_NUMBER.get_or_fetch(&key, load).await;
                entry.expect("the load does not fail").value().clone()
            }

            pub(crate) fn contenders() -> Vec<Contender> {
                vec![
                    Contender::new(super::STRING, by_string).holds(async || BY_STRING.entries()),
                    Contender::new(super::NUMBER, by_number).holds(async || BY_NUMBER.entries()),
                ]
            }
        }
    };
}

functions!(text, String);
functions!(record, crate::workload::Record);
