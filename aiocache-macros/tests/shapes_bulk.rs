//! Every shape of a function under `#[multi_cached]`.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{LazyLock, Mutex};

use aiocache_core::SimpleMemoryCache;
use aiocache_macros::{cached, multi_cached};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

/// What one test's function was called with.
type Calls = Mutex<Vec<Vec<u32>>>;

fn note(calls: &Calls, ids: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let ids: Vec<u32> = ids.into_iter().collect();
    calls.lock().expect("nobody panics with it").push(ids.clone());
    ids
}

fn noted(calls: &Calls) -> Vec<Vec<u32>> {
    calls.lock().expect("nobody panics with it").clone()
}

#[tokio::test]
async fn a_vec_in_and_a_map_out() {
    static CALLS: Calls = Mutex::new(Vec::new());

    #[multi_cached(cache = CACHE, keys = ids, ttl = 60)]
    async fn load(ids: Vec<u32>) -> Result<HashMap<u32, String>, String> {
        Ok(note(&CALLS, ids)
            .into_iter()
            .map(|id| (id, id.to_string()))
            .collect())
    }

    load(vec![1, 2]).await.unwrap();
    let all = load(vec![3, 2, 1]).await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(noted(&CALLS), [vec![1, 2], vec![3]]);
    assert!(load::key(&1).ends_with(">(1)"), "{}", load::key(&1));
}

#[tokio::test]
async fn sets_slices_and_iterators_are_given_what_they_take() {
    #[multi_cached(cache = CACHE, keys = ids)]
    async fn set(ids: BTreeSet<u32>) -> BTreeMap<u32, u32> {
        ids.into_iter().map(|id| (id, id)).collect()
    }
    #[multi_cached(cache = CACHE, keys = ids)]
    async fn slice(ids: &[u32]) -> Vec<(u32, u32)> {
        ids.iter().map(|id| (*id, *id)).collect()
    }
    #[multi_cached(cache = CACHE, keys = ids)]
    #[allow(clippy::ptr_arg, reason = "this is what is tested")]
    async fn vec_ref(ids: &Vec<u32>) -> Vec<(u32, u32)> {
        ids.iter().map(|id| (*id, *id)).collect()
    }
    #[multi_cached(cache = CACHE, keys = ids)]
    async fn iterable(ids: impl IntoIterator<Item = u32>) -> Vec<(u32, u32)> {
        ids.into_iter().map(|id| (id, id)).collect()
    }
    #[multi_cached(cache = CACHE, keys = ids)]
    async fn iterator<I>(ids: I) -> Vec<(u32, u32)>
    where
        I: Iterator<Item = u32>,
    {
        ids.map(|id| (id, id)).collect()
    }

    for _ in 0..2 {
        assert_eq!(
            set(BTreeSet::from([1, 2])).await,
            BTreeMap::from([(1, 1), (2, 2)])
        );
        assert_eq!(slice(&[2, 1]).await, [(2, 2), (1, 1)]);
        assert_eq!(vec_ref(&vec![2, 1]).await, [(2, 2), (1, 1)]);
        assert_eq!(iterable(HashSet::from([1])).await, [(1, 1)]);
        assert_eq!(iterator([1].into_iter()).await, [(1, 1)]);
    }
    assert_eq!(slice::peek(&[1, 9]).await.unwrap(), [(1, 1)]);
    assert_eq!(iterator::peek([1, 9].into_iter()).await.unwrap(), [(1, 1)]);
}

#[tokio::test]
async fn other_arguments_are_cloned_lent_and_part_of_the_key() {
    #[multi_cached(cache = CACHE, keys = ids, skip(db))]
    async fn load(
        db: &str,
        ids: &[String],
        lang: String,
        (a, b): (u32, u32),
    ) -> Result<HashMap<String, String>, String> {
        Ok(ids
            .iter()
            .map(|id| (id.clone(), format!("{db}{id}{lang}{}", a + b)))
            .collect())
    }

    let ids = ["x".to_owned()];
    assert_eq!(
        load("db", &ids, "de".to_owned(), (1, 2)).await.unwrap()["x"],
        "dbxde3"
    );
    assert_eq!(
        load("other", &ids, "de".to_owned(), (1, 2)).await.unwrap()["x"],
        "dbxde3",
        "a hit"
    );
    assert_eq!(
        load("db", &ids, "fr".to_owned(), (1, 2)).await.unwrap()["x"],
        "dbxfr3"
    );
    let key = load::key(&ids[0], &"de".to_owned(), &(1, 2));
    assert!(key.ends_with(r#">("x","de",(1,2))"#), "{key}");
}

#[tokio::test]
async fn a_template_is_shared_with_a_function_for_one_value() {
    #[cached(cache = CACHE, key = "shared:{id}")]
    async fn one(id: u32) -> Option<String> {
        Some(format!("one {id}"))
    }
    #[multi_cached(cache = CACHE, keys = ids, key = "shared:{ids}")]
    async fn many(ids: Vec<u32>) -> HashMap<u32, String> {
        ids.into_iter().map(|id| (id, format!("many {id}"))).collect()
    }

    assert_eq!(one(1).await.as_deref(), Some("one 1"));
    let all = many(vec![1, 2]).await;
    assert_eq!((all[&1].as_str(), all[&2].as_str()), ("one 1", "many 2"));
    assert_eq!(one(2).await.as_deref(), Some("many 2"));
    assert_eq!(
        (one::key(&1), many::key(&1)),
        ("shared:1".to_owned(), "shared:1".to_owned())
    );
}

#[tokio::test]
async fn controls_prime_peek_invalidate_and_refresh() {
    fn build(id: &u32, tenant: &str) -> String {
        format!("{tenant}-{id}")
    }

    #[multi_cached(cache = CACHE, keys = ids, key_builder = build, namespace = "ns", skip_if = |id, value| id == value)]
    async fn load(tenant: &str, ids: Vec<u32>) -> Result<BTreeMap<u32, u32>, String> {
        let _ = tenant;
        Ok(ids.into_iter().map(|id| (id, id % 10)).collect())
    }

    assert_eq!(load::key(&11, "t"), "ns:t-11");
    load::set(BTreeMap::from([(11, 5)]), "t").await.unwrap();
    assert_eq!(
        load("t", vec![1, 11, 12]).await.unwrap(),
        BTreeMap::from([(1, 1), (11, 5), (12, 2)])
    );
    assert_eq!(
        load::peek(vec![1, 11, 12], "t").await.unwrap(),
        BTreeMap::from([(11, 5), (12, 2)])
    );
    assert_eq!(
        load::refresh("t", vec![11]).await.unwrap(),
        BTreeMap::from([(11, 1)])
    );
    assert_eq!(load::invalidate(vec![11, 12, 13], "t").await.unwrap(), 2);
    assert_eq!(load::peek(vec![11, 12], "t").await.unwrap(), BTreeMap::new());
    assert_eq!(
        load::uncached("t", vec![3]).await.unwrap(),
        BTreeMap::from([(3, 3)])
    );
}

struct Shop {
    cache: SimpleMemoryCache,
    calls: Calls,
}

impl Shop {
    #[multi_cached(cache = self.cache, keys = ids, skip(self))]
    async fn prices(
        &self,
        mut ids: Vec<u32>,
        currency: String,
        (a, b): (u32, u32),
    ) -> Result<HashMap<u32, String>, String> {
        ids.sort_unstable();
        if ids.contains(&0) {
            return Err("zero".to_owned());
        }
        Ok(note(&self.calls, ids)
            .into_iter()
            .map(|id| (id, format!("{id}{currency}{a}{b}")))
            .collect())
    }

    #[multi_cached(cache = self.cache, keys = ids, skip(self))]
    async fn lent(&self, ids: &[u32]) -> Vec<(u32, u32)> {
        ids.iter().map(|id| (*id, *id)).collect()
    }

    #[multi_cached(cache = CACHE, keys = ids, controls = false)]
    async fn associated(ids: Vec<u32>) -> Vec<(u32, u32)> {
        ids.into_iter().map(|id| (id, id)).collect()
    }
}

#[tokio::test]
async fn methods_keep_their_body_and_can_be_spawned() {
    let shop = Shop {
        cache: SimpleMemoryCache::new(),
        calls: Mutex::default(),
    };
    let shop = std::sync::Arc::new(shop);
    let euros = |ids: Vec<u32>| {
        let shop = std::sync::Arc::clone(&shop);
        tokio::spawn(async move { shop.prices(ids, "€".to_owned(), (1, 2)).await })
    };
    assert_eq!(euros(vec![2, 1]).await.unwrap().unwrap()[&2], "2€12");
    assert_eq!(euros(vec![3, 1]).await.unwrap().unwrap().len(), 2);
    assert_eq!(noted(&shop.calls), [vec![1, 2], vec![3]]);
    assert_eq!(euros(vec![0]).await.unwrap(), Err("zero".to_owned()));
    assert_eq!(shop.lent(&[7]).await, [(7, 7)]);
    assert_eq!(Shop::associated(vec![7]).await, [(7, 7)]);
}

#[async_trait::async_trait]
trait Names {
    async fn names(&self, ids: Vec<u32>, prefix: &str) -> HashMap<u32, String>;
}

#[async_trait::async_trait]
impl Names for Shop {
    #[multi_cached(cache = self.cache, keys = ids, skip(self))]
    async fn names(&self, ids: Vec<u32>, prefix: &str) -> HashMap<u32, String> {
        note(&self.calls, ids)
            .into_iter()
            .map(|id| (id, format!("{prefix}{id}")))
            .collect()
    }
}

#[tokio::test]
async fn async_trait_methods_work() {
    let shop = Shop {
        cache: SimpleMemoryCache::new(),
        calls: Mutex::default(),
    };
    let names: &dyn Names = &shop;
    assert_eq!(names.names(vec![1], "n").await[&1], "n1");
    assert_eq!(names.names(vec![1, 2], "n").await.len(), 2);
    assert_eq!(noted(&shop.calls), [vec![1], vec![2]]);
}
