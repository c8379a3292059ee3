//! `#[multi_cached]`: which keys reach the function, what comes back, and what is stored.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use aiocache::redis::RedisCache;
use aiocache::{HitMissRatioPlugin, SimpleMemoryCache, cached, multi_cached};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
static REDIS: LazyLock<RedisCache> = LazyLock::new(|| support::redis("multi_cached"));

/// The keys of each call that reached a function.
#[derive(Default)]
struct Asked(Mutex<Vec<Vec<u32>>>);

impl Asked {
    fn note(&self, ids: &[u32]) {
        self.0.lock().expect("nothing panics under it").push(ids.to_vec());
    }

    /// Those since the last look.
    fn take(&self) -> Vec<Vec<u32>> {
        std::mem::take(&mut self.0.lock().expect("nothing panics under it"))
    }
}

fn name(id: u32) -> String {
    format!("user {id}")
}

/// Pairs of ids and names.
fn names<M: FromIterator<(u32, String)>>(ids: &[u32]) -> M {
    ids.iter().map(|id| (*id, name(*id))).collect()
}

#[tokio::test]
async fn only_missing_keys_reach_the_function_whatever_the_keys_and_the_map_are() {
    macro_rules! check {
        ($name:ident: $ids:ty, $map:ty, $given:expr) => {{
            #[multi_cached(cache = CACHE, keys = ids, skip(asked))]
            async fn $name(ids: $ids, asked: &Asked) -> $map {
                asked.note(&ids);
                names(&ids)
            }
            let asked = Asked::default();
            assert_eq!($name($given(&[1, 2]), &asked).await, names::<$map>(&[1, 2]));
            let all = $name($given(&[3, 1, 4, 2]), &asked).await;
            assert_eq!(all, names::<$map>(&[3, 1, 4, 2]));
            assert_eq!($name($given(&[2, 3]), &asked).await, names::<$map>(&[2, 3]));
            assert_eq!(asked.take(), [vec![1, 2], vec![3, 4]], "{}", stringify!($ids -> $map));
        }};
    }

    check!(hashed: Vec<u32>, HashMap<u32, String>, <[u32]>::to_vec);
    check!(sorted: Vec<u32>, BTreeMap<u32, String>, <[u32]>::to_vec);
    check!(listed: Vec<u32>, Vec<(u32, String)>, <[u32]>::to_vec);
    check!(lent_listed: &[u32], Vec<(u32, String)>, std::convert::identity);
    check!(lent_hashed: &[u32], HashMap<u32, String>, std::convert::identity);
}

#[tokio::test]
async fn a_result_is_looked_into_and_its_error_stores_nothing() {
    #[multi_cached(cache = CACHE, keys = ids, skip(asked))]
    async fn load(ids: &[u32], asked: &Asked) -> Result<HashMap<u32, String>, String> {
        asked.note(ids);
        if ids.contains(&0) {
            Err("no 0".to_owned())
        } else {
            Ok(names(ids))
        }
    }

    let asked = Asked::default();
    assert_eq!(load(&[1], &asked).await, Ok(names(&[1])));
    assert_eq!(load(&[0, 1, 2], &asked).await, Err("no 0".to_owned()));
    assert_eq!(load(&[1, 2], &asked).await, Ok(names(&[1, 2])));
    assert_eq!(asked.take(), [vec![1], vec![0, 2], vec![2]]);
}

#[tokio::test]
async fn duplicates_are_asked_for_once_and_a_vec_keeps_their_order() {
    #[multi_cached(cache = CACHE, keys = ids, skip(asked))]
    async fn load(ids: Vec<u32>, asked: &Asked) -> Vec<(u32, String)> {
        asked.note(&ids);
        // In another order, with one pair that nobody asked for.
        let mut pairs: Vec<_> = names(&ids);
        pairs.reverse();
        pairs.insert(0, (99, name(99)));
        pairs
    }

    let asked = Asked::default();
    let pairs = load(vec![5, 6, 5, 7], &asked).await;
    assert_eq!(pairs, names::<Vec<_>>(&[5, 6, 7, 99]), "extra pairs last");
    assert_eq!(asked.take(), [vec![5, 6, 7]]);
    assert_eq!(
        load(vec![99], &asked).await,
        names::<Vec<_>>(&[99]),
        "stored unasked"
    );
    assert_eq!(asked.take(), Vec::<Vec<u32>>::new());
}

#[tokio::test]
async fn an_empty_list_calls_the_function() {
    #[multi_cached(cache = CACHE, keys = ids, skip(asked))]
    async fn load(ids: &[u32], asked: &Asked) -> BTreeMap<u32, String> {
        asked.note(ids);
        if ids.is_empty() {
            names(&[1, 2])
        } else {
            names(ids)
        }
    }

    let asked = Asked::default();
    assert_eq!(load(&[], &asked).await, names(&[1, 2]), "all there are");
    assert_eq!(load(&[2], &asked).await, names(&[2]));
    assert_eq!(load(&[], &asked).await, names(&[1, 2]));
    assert_eq!(asked.take(), [[]; 2] as [[u32; 0]; 2]);
}

#[tokio::test]
async fn a_key_that_is_not_returned_is_absent_and_remembered_with_cache_none_only() {
    fn even(ids: &[u32]) -> HashMap<u32, String> {
        names(
            &ids.iter()
                .copied()
                .filter(|id| id.is_multiple_of(2))
                .collect::<Vec<_>>(),
        )
    }
    #[multi_cached(cache = CACHE, keys = ids, skip(asked))]
    async fn usual(ids: &[u32], asked: &Asked) -> HashMap<u32, String> {
        asked.note(ids);
        even(ids)
    }
    #[multi_cached(cache = CACHE, keys = ids, skip(asked), cache_none)]
    async fn with_none(ids: &[u32], asked: &Asked) -> HashMap<u32, String> {
        asked.note(ids);
        even(ids)
    }
    #[multi_cached(cache = REDIS, keys = ids, skip(asked), cache_none)]
    async fn on_a_wire(ids: &[u32], asked: &Asked) -> HashMap<u32, String> {
        asked.note(ids);
        even(ids)
    }

    let asked = Asked::default();
    for _ in 0..2 {
        assert_eq!(usual(&[1, 2, 3], &asked).await, names(&[2]));
    }
    assert_eq!(asked.take(), [vec![1, 2, 3], vec![1, 3]]);
    for _ in 0..2 {
        assert_eq!(with_none(&[1, 2, 3], &asked).await, names(&[2]));
        assert_eq!(on_a_wire(&[1, 2, 3], &asked).await, names(&[2]));
    }
    assert_eq!(asked.take(), [[1, 2, 3], [1, 2, 3]]);
}

#[tokio::test]
async fn the_other_arguments_are_part_of_the_key() {
    #[multi_cached(cache = CACHE, keys = ids)]
    async fn load(ids: Vec<u32>, language: &str, formal: bool) -> HashMap<u32, String> {
        ids.into_iter()
            .map(|id| (id, format!("{language} {formal} {id}")))
            .collect()
    }

    for (language, formal) in [("de", true), ("de", false), ("en", true)] {
        for _ in 0..2 {
            assert_eq!(
                load(vec![1], language, formal).await[&1],
                format!("{language} {formal} 1")
            );
        }
    }
    assert!(load::key(&1, "de", &true).ends_with(">(1,\"de\",true)"));
}

#[tokio::test(start_paused = true)]
async fn hits_are_not_rewritten_so_they_expire_in_their_own_time() {
    #[multi_cached(cache = CACHE, keys = ids, skip(asked), ttl = 10)]
    async fn load(ids: Vec<u32>, asked: &Asked) -> HashMap<u32, String> {
        asked.note(&ids);
        names(&ids)
    }

    let asked = Asked::default();
    load(vec![1], &asked).await;
    tokio::time::advance(Duration::from_secs(6)).await;
    load(vec![1, 2], &asked).await;
    tokio::time::advance(Duration::from_secs(6)).await;
    load(vec![1, 2], &asked).await;
    assert_eq!(asked.take(), [vec![1], vec![2], vec![1]]);
}

#[tokio::test]
async fn with_the_same_template_it_shares_entries_with_cached() {
    macro_rules! over {
        ($cache:ident) => {{
            #[multi_cached(cache = $cache, keys = ids, key = "user:{ids}")]
            async fn load_all(ids: &[u32], asked: &Asked) -> Result<HashMap<u32, String>, String> {
                asked.note(ids);
                Ok(names(ids))
            }
            #[cached(cache = $cache, key = "user:{id}")]
            async fn load(id: u32, asked: &Asked) -> Option<String> {
                asked.note(&[id]);
                Some(name(id))
            }

            let asked = Asked::default();
            assert_eq!(load(1, &asked).await, Some(name(1)));
            assert_eq!(load_all(&[1, 2], &asked).await, Ok(names(&[1, 2])));
            assert_eq!(load(2, &asked).await, Some(name(2)));
            assert_eq!(asked.take(), [[1], [2]]);
            assert_eq!(load::key(&7), load_all::key(&7));
            assert!(load::invalidate(&2).await.unwrap());
            load_all(&[1, 2], &asked).await.unwrap();
            assert_eq!(asked.take(), [[2]]);
        }};
    }
    over!(CACHE);
    over!(REDIS);
}

#[tokio::test]
async fn skip_if_and_key_builder_are_given_one_key() {
    #[multi_cached(cache = CACHE, keys = ids, skip(asked), skip_if = |id: &u32, name: &String| *id == 2 && name == "user 2",
        key_builder = |id: &u32| format!("built {id}"))]
    async fn load(ids: Vec<u32>, asked: &Asked) -> HashMap<u32, String> {
        asked.note(&ids);
        names(&ids)
    }

    let asked = Asked::default();
    for _ in 0..2 {
        assert_eq!(load(vec![1, 2], &asked).await, names(&[1, 2]));
    }
    assert_eq!(asked.take(), [vec![1, 2], vec![2]]);
    assert_eq!(CACHE.get::<String>("built 1").await.unwrap(), Some(name(1)));
}

#[tokio::test]
async fn controls_speak_of_one_key_or_of_many() {
    #[multi_cached(cache = CACHE, keys = ids, skip(asked))]
    async fn load(ids: Vec<u32>, asked: &Asked) -> Result<BTreeMap<u32, String>, String> {
        asked.note(&ids);
        Ok(names(&ids))
    }

    let asked = Asked::default();
    load::set(names(&[1, 2])).await.unwrap();
    assert_eq!(load::peek(vec![1, 2, 3]).await.unwrap(), names(&[1, 2]));
    assert_eq!(load(vec![1, 2, 3], &asked).await, Ok(names(&[1, 2, 3])));
    assert_eq!(load::refresh(vec![1], &asked).await, Ok(names(&[1])));
    assert_eq!(load::uncached(vec![9], &asked).await, Ok(names(&[9])));
    assert_eq!(asked.take(), [[3], [1], [9]]);
    assert_eq!(load::invalidate(vec![1, 3, 9]).await.unwrap(), 2);
    assert_eq!(load::peek(vec![1, 2, 3]).await.unwrap(), names(&[2]));
}

struct Users {
    cache: SimpleMemoryCache,
    asked: Asked,
}

impl Users {
    #[multi_cached(cache = self.cache, keys = ids, skip(self))]
    async fn load(&self, ids: &[u32]) -> HashMap<u32, String> {
        self.asked.note(ids);
        names(ids)
    }
}

#[tokio::test]
async fn a_method_counts_each_key_as_one_hit_or_one_miss() {
    let ratio = HitMissRatioPlugin::new();
    let users = Users {
        cache: SimpleMemoryCache::new().with_plugin(ratio.clone()),
        asked: Asked::default(),
    };
    users.load(&[1, 2]).await;
    users.load(&[1, 2, 3]).await;
    assert_eq!(users.asked.take(), [vec![1, 2], vec![3]]);
    let counted = ratio.snapshot();
    assert_eq!((counted.total, counted.hits), (5, 2));
}

#[tokio::test(start_paused = true)]
async fn callers_at_once_share_the_loads_of_single_keys() {
    static ASKED: LazyLock<Asked> = LazyLock::new(Asked::default);

    #[multi_cached(cache = CACHE, keys = ids)]
    async fn load(ids: Vec<u32>) -> HashMap<u32, String> {
        ASKED.note(&ids);
        tokio::time::sleep(Duration::from_millis(100)).await;
        names(&ids)
    }

    let lists: [&[u32]; 3] = [&[1, 2], &[2, 3], &[3, 1, 4]];
    let tasks = (0..300).map(|n| (lists[n % 3], tokio::spawn(load(lists[n % 3].to_vec()))));
    for (ids, task) in tasks.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), names(ids));
    }
    let mut asked = ASKED.take().concat();
    asked.sort_unstable();
    assert_eq!(asked, [1, 2, 3, 4], "each key once");
}
