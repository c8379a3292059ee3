//! Values that go both ways.

use std::fmt::Debug;
use std::time::Duration;

use aiocache::{Backend, Cache, Codec, Dump, JsonSerializer, Load, Remaining, Ttl};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::peer::Python;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct User {
    name: String,
    age: u32,
    tags: Vec<String>,
    weight: f64,
    manager: Option<Box<User>>,
}

impl User {
    pub(crate) fn ada() -> Self {
        let manager = Self {
            name: "Grace \"Amazing\" Hopper".to_owned(),
            age: 60,
            tags: Vec::new(),
            weight: -0.5,
            manager: None,
        };
        Self {
            name: "Ada Löveläce".to_owned(),
            age: 36,
            tags: vec!["a b".to_owned(), String::new()],
            weight: 55.25,
            manager: Some(Box::new(manager)),
        }
    }
}

/// Text that means something to protocols and formats.
pub(crate) fn text() -> String {
    "größe \" and\nlines".to_owned()
}

/// Has both write the value, alone and among several, with a ttl, and the other one read it.
pub(crate) async fn go_both_ways<B, S, T>(cache: &Cache<B, S>, python: &mut Python, value: T)
where
    B: Backend,
    S: Dump<T, B::Raw> + Load<T, B::Raw> + Send + Sync,
    T: Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send,
{
    let json = String::from_utf8(JsonSerializer.encode(&value).expect("JSON")).expect("UTF-8");
    let minute = cache.with_ttl(Ttl::seconds(60));

    minute.set("from-rust", &value).await.expect("written");
    assert_eq!(
        python.ask::<T>("get", r#""key": "from-rust""#),
        Some(value.clone())
    );
    python.ask::<bool>(
        "set",
        &format!(r#""key": "from-python", "value": {json}, "ttl": 60"#),
    );
    assert_eq!(
        cache.get("from-python").await.expect("readable"),
        Some(value.clone())
    );

    minute
        .multi_set([("m1", &value), ("m2", &value)])
        .await
        .expect("written");
    let read: Option<Vec<Option<T>>> = python.ask("multi_get", r#""keys": ["m1", "none", "m2"]"#);
    assert_eq!(read, Some(vec![Some(value.clone()), None, Some(value.clone())]));
    let pairs = format!(r#""pairs": [["p1", {json}], ["p2", {json}]], "ttl": 60"#);
    python.ask::<bool>("multi_set", &pairs);
    let read = cache
        .multi_get::<T>(["p1", "none", "p2"])
        .await
        .expect("readable");
    assert_eq!(read, [Some(value.clone()), None, Some(value)]);

    for key in ["from-rust", "from-python", "m1", "p2"] {
        let left = cache.ttl(key).await.expect("answered");
        assert!(
            matches!(left, Remaining::For(left) if left <= Duration::from_secs(60)),
            "{key}: {left:?}"
        );
    }
}
