//! The floor: a map behind a lock, which knows neither a bound nor a ttl, nor one load at a time.

pub(crate) const NAME: &str = "HashMap behind a RwLock";

macro_rules! functions {
    ($module:ident, $value:ty) => {
        pub(crate) mod $module {
            use std::collections::HashMap;
            use std::sync::{LazyLock, RwLock};

            use crate::contest::Contender;
            use crate::workload;

            static MAP: LazyLock<RwLock<HashMap<u64, $value>>> = LazyLock::new(RwLock::default);

            async fn find(key: u64) -> $value {
                if let Some(value) = MAP.read().expect("nothing panics with it").get(&key) {
                    return value.clone();
                }
                let value: $value = workload::load(key).await;
                MAP.write()
                    .expect("nothing panics with it")
                    .insert(key, value.clone());
                value
            }

            pub(crate) fn contenders() -> Vec<Contender> {
                vec![Contender::new(super::NAME, find).unbounded()]
            }
        }
    };
}

functions!(text, String);
functions!(record, crate::workload::Record);
