//! `quick_cache`, which knows no ttl.

pub(crate) const STRING: &str = "quick_cache, String key, no ttl";
pub(crate) const NUMBER: &str = "quick_cache, u64 key, no ttl";

macro_rules! functions {
    ($module:ident, $value:ty) => {
        pub(crate) mod $module {
            use std::convert::Infallible;
            use std::sync::LazyLock;

            use quick_cache::sync::Cache;

            use crate::contest::Contender;
            use crate::workload::{self, capacity};

            static BY_STRING: LazyLock<Cache<String, $value>> = LazyLock::new(|| Cache::new(capacity()));
            static BY_NUMBER: LazyLock<Cache<u64, $value>> = LazyLock::new(|| Cache::new(capacity()));

            async fn by_string(key: u64) -> $value {
                let text = format!("user:{key}");
                let Ok(value) = BY_STRING
                    .get_or_insert_async::<str, Infallible>(
                        &text,
                        async move { Ok(workload::load(key).await) },
                    )
                    .await;
                value
            }

            async fn by_number(key: u64) -> $value {
                let Ok(value) = BY_NUMBER
                    .get_or_insert_async::<u64, Infallible>(
                        &key,
                        async move { Ok(workload::load(key).await) },
                    )
                    .await;
                value
            }

            pub(crate) fn contenders() -> Vec<Contender> {
                vec![
                    Contender::new(super::STRING, by_string).holds(async || BY_STRING.len()),
                    Contender::new(super::NUMBER, by_number).holds(async || BY_NUMBER.len()),
                ]
            }
        }
    };
}

functions!(text, String);
functions!(record, crate::workload::Record);
