//! Methods, associated functions and traits.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::sync::{Arc, LazyLock};

use aiocache_core::SimpleMemoryCache;
use aiocache_macros::cached;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

#[derive(Clone)]
struct Shop {
    cache: SimpleMemoryCache,
    name: String,
}

impl Shop {
    fn new(name: &str) -> Self {
        Self {
            cache: SimpleMemoryCache::new(),
            name: name.to_owned(),
        }
    }

    #[cached(cache = self.cache, skip(self))]
    async fn early(&self, id: u32) -> Result<String, String> {
        if id == 0 {
            return Err("no".into());
        }
        let name: &str = &self.name;
        let checked: u32 = id.to_string().parse().map_err(|_| "never")?;
        Ok(format!("{name}{checked}"))
    }

    #[cached(cache = CACHE, key = "shop:{self.name}:{id}")]
    async fn consumed(self, mut id: u32, (a, b): (u32, u32)) -> Option<String> {
        id += a + b;
        Some(format!("{}{id}", self.name))
    }

    #[cached(cache = self.cache, skip(self))]
    async fn shared(self: Arc<Self>, id: u32) -> Option<String> {
        Some(format!("{}{id}", self.name))
    }

    #[cached(cache = CACHE, controls = false)]
    async fn associated(id: u32) -> Option<String> {
        Some(format!("shop {id}"))
    }

    #[cached(cache = CACHE, skip(self), key_builder = |id: &u32| format!("built:{id}"))]
    async fn built(&self, id: u32) -> Option<String> {
        Some(format!("{}{id}", self.name))
    }
}

struct Pair<T>(T);

impl<T: Default + ToString + Send + Sync + 'static> Pair<T> {
    #[cached(cache = CACHE, skip(self))]
    async fn kind(&self) -> Option<String> {
        Some(std::any::type_name::<T>().to_owned() + &self.0.to_string())
    }

    #[cached(cache = CACHE, controls = false)]
    async fn unnamed(id: u32) -> Option<String> {
        Some(T::default().to_string() + &id.to_string())
    }
}

#[tokio::test]
async fn a_body_returns_early_and_with_a_question_mark() {
    let shop = Shop::new("a");
    assert_eq!(shop.early(0).await, Err("no".to_owned()));
    assert_eq!(shop.early(1).await.as_deref(), Ok("a1"));
}

#[tokio::test]
async fn every_receiver_but_a_mutable_one_works() {
    let shop = Shop::new("b");
    assert_eq!(shop.clone().consumed(1, (2, 3)).await.as_deref(), Some("b6"));
    assert_eq!(
        CACHE.get::<String>("shop:b:1").await.unwrap().as_deref(),
        Some("b6")
    );
    assert_eq!(Arc::new(shop.clone()).shared(1).await.as_deref(), Some("b1"));
    assert_eq!(shop.built(7).await.as_deref(), Some("b7"));
    assert_eq!(
        CACHE.get::<String>("built:7").await.unwrap().as_deref(),
        Some("b7")
    );
    assert_eq!(Shop::associated(1).await.as_deref(), Some("shop 1"));
}

#[tokio::test]
async fn instances_of_a_generic_type_do_not_share_entries() {
    assert_eq!(Pair(1_u8).kind().await.as_deref(), Some("u81"));
    assert_eq!(Pair(1_u16).kind().await.as_deref(), Some("u161"));
    assert_eq!(Pair::<u8>::unnamed(1).await.as_deref(), Some("01"));
    assert_eq!(Pair::<String>::unnamed(1).await.as_deref(), Some("1"));
}

trait Stock {
    fn label(&self) -> String;

    #[cached(cache = CACHE, skip(self))]
    async fn by_default(&self, id: u32) -> Option<String> {
        Some(self.label() + &id.to_string())
    }

    async fn count(&self, id: u32) -> Option<u32>;
}

impl Stock for Shop {
    fn label(&self) -> String {
        self.name.clone()
    }

    #[cached(cache = self.cache, skip(self))]
    async fn count(&self, id: u32) -> Option<u32> {
        Some(id)
    }
}

impl Stock for u8 {
    fn label(&self) -> String {
        "byte".to_owned()
    }

    #[cached(cache = CACHE, skip(self))]
    async fn count(&self, id: u32) -> Option<u32> {
        Some(id + u32::from(*self))
    }
}

#[tokio::test]
async fn trait_methods_are_told_apart_by_their_type() {
    let shop = Shop::new("c");
    assert_eq!(shop.by_default(1).await.as_deref(), Some("c1"));
    assert_eq!(7_u8.by_default(1).await.as_deref(), Some("byte1"));
    assert_eq!((shop.count(1).await, 7_u8.count(1).await), (Some(1), Some(8)));
}

#[tokio::test]
async fn the_future_of_a_method_can_be_spawned() {
    let shop = Arc::new(Shop::new("d"));
    let spawned = tokio::spawn(async move { shop.early(1).await });
    assert_eq!(spawned.await.unwrap().as_deref(), Ok("d1"));
}
