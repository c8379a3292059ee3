//! Under which key `#[cached]` stores.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::sync::LazyLock;

use aiocache::{SimpleMemoryCache, cached};
use serde::Serialize;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
static SHOP: LazyLock<SimpleMemoryCache> = LazyLock::new(|| CACHE.with_namespace("shop"));
static BUILT: LazyLock<SimpleMemoryCache> = LazyLock::new(|| {
    SimpleMemoryCache::builder(Default::default())
        .namespace("built")
        .key_builder(|namespace, key| format!("{key}@{namespace}"))
        .build()
});

#[derive(Serialize)]
struct Filter {
    text: String,
    pages: (u8, u8),
}

fn filter(text: &str) -> Filter {
    Filter {
        text: text.to_owned(),
        pages: (1, 2),
    }
}

#[cached(cache = CACHE)]
async fn plain(id: u64, text: &str) -> Option<u32> {
    Some(u32::from(text.len() > 3) + u32::try_from(id).ok()?)
}

#[expect(dead_code, reason = "only its key is asked for")]
#[cached(cache = SHOP, version = 2)]
async fn versioned(filter: &Filter, tags: HashSet<u8>, map: BTreeMap<String, f64>) -> Option<usize> {
    Some(filter.text.len() + tags.len() + map.len())
}

#[cached(cache = SHOP, namespace = "other:shop", skip(secret))]
async fn elsewhere(id: i8, secret: &str) -> Option<String> {
    Some(format!("{id}{secret}"))
}

#[cached(cache = SHOP, key = "list:{filter.text}/{filter.pages.0}:{id}")]
async fn template(filter: Filter, id: u16) -> Option<usize> {
    Some(filter.text.len() + usize::from(id))
}

#[cached(cache = SHOP, key_builder = pair)]
async fn by_builder(left: u32, right: &str) -> Option<String> {
    Some(format!("{left}{right}"))
}

fn pair(left: &u32, right: &str) -> String {
    format!("{right}<{left}")
}

#[cached(cache = BUILT, key = "{id}")]
async fn by_the_caches_rule(id: u32) -> Option<u32> {
    Some(id)
}

#[cached(cache = CACHE)]
async fn generic<T: Display + Serialize + Sync>(value: T) -> String {
    format!("{value} {}", std::any::type_name::<T>())
}

#[test]
fn a_key_says_which_function_and_which_arguments() {
    assert_eq!(plain::key(&7, "a \"b\""), r#"cached_keys::plain(7,"a \"b\"")"#);
    assert_eq!(elsewhere::key(&-1), "other%3Ashop:cached_keys::elsewhere(-1)");
    assert_eq!(by_builder::key(&1, "r"), "shop:r<1");
    assert_eq!(by_the_caches_rule::key(&1), "1@built");
    let tags = HashSet::from([3, 1, 2]);
    let map = BTreeMap::from([("b".to_owned(), 0.5), ("a".to_owned(), 1.0)]);
    let key = versioned::key(&filter("x"), &tags, &map);
    let (name, arguments) = key.split_once('(').expect("arguments");
    assert_eq!(name, "shop:cached_keys::versioned@2");
    assert!(arguments.contains("1,2,3"), "sorted: {arguments}");
    assert!(
        arguments.find("\"a\"") < arguments.find("\"b\""),
        "sorted: {arguments}"
    );
}

#[test]
fn a_templates_fields_cannot_reach_over_its_punctuation() {
    assert_eq!(template::key(&filter("tea"), &5), "shop:list:tea/1:5");
    assert_eq!(template::key(&filter("a/b:%"), &5), "shop:list:a%2Fb%3A%25/1:5");
}

#[tokio::test]
async fn each_function_stores_under_the_key_that_it_names() {
    assert_eq!(plain(1, "text").await, Some(2));
    assert!(CACHE.exists(plain::key(&1, "text")).await.unwrap());
    assert_eq!(elsewhere(1, "a").await.as_deref(), Some("1a"));
    assert_eq!(
        elsewhere(1, "b").await.as_deref(),
        Some("1a"),
        "secret is skipped"
    );
    assert!(CACHE.exists(elsewhere::key(&1)).await.unwrap());
    assert_eq!(template(filter("tea"), 5).await, Some(8));
    assert_eq!(SHOP.get::<usize>("list:tea/1:5").await.unwrap(), Some(8));
    assert_eq!(by_builder(1, "r").await.as_deref(), Some("1r"));
    assert_eq!(SHOP.get::<String>("r<1").await.unwrap().as_deref(), Some("1r"));
    assert_eq!(by_the_caches_rule(1).await, Some(1));
    assert_eq!(BUILT.get::<u32>("1").await.unwrap(), Some(1));
    assert!(by_the_caches_rule::invalidate(&1).await.unwrap());
}

#[tokio::test]
async fn instances_of_a_generic_function_do_not_meet() {
    assert_eq!(generic(1_u8).await, "1 u8");
    assert_eq!(generic(1_u64).await, "1 u64");
    assert_eq!(generic("1").await, "1 &str");
    assert_ne!(generic::key(&1_u8), generic::key(&1_u64));
}
