//! `#[cache_put]`: functions that run every time and store what they return.
#![allow(clippy::unused_async, reason = "what is stored here has nothing to wait for")]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache_core::{SimpleMemoryCache, bypass, scope};
use aiocache_macros::{cache_put, cached};

#[derive(Clone, Debug, PartialEq)]
struct User {
    id: u32,
    name: String,
}

struct Repository {
    cache: SimpleMemoryCache,
    writes: u32,
}

impl Repository {
    fn new() -> Self {
        Self {
            cache: SimpleMemoryCache::new(),
            writes: 0,
        }
    }

    #[cached(cache = self.cache, key = "user:{id}")]
    async fn load(&self, id: u32) -> Result<User, String> {
        Err(format!("user {id} is not to be loaded"))
    }

    #[cache_put(cache = self.cache, key = "user:{user.id}", ttl = 60)]
    async fn store(&mut self, user: User) -> Result<User, String> {
        self.writes += 1;
        if user.name.is_empty() {
            return Err("a name is missing".into());
        }
        Ok(user)
    }
}

fn user(name: &str) -> User {
    User {
        id: 1,
        name: name.to_owned(),
    }
}

#[tokio::test]
async fn it_runs_every_time_and_stores_what_the_reader_finds() {
    let mut repository = Repository::new();
    for name in ["ada", "grace"] {
        assert_eq!(repository.store(user(name)).await, Ok(user(name)));
        assert_eq!(repository.load(1).await, Ok(user(name)));
    }
    assert_eq!(repository.writes, 2);
}

#[tokio::test]
async fn an_error_leaves_what_is_stored() {
    let mut repository = Repository::new();
    repository.store(user("ada")).await.unwrap();
    assert_eq!(
        repository.store(user("")).await,
        Err("a name is missing".to_owned())
    );
    assert_eq!(repository.load(1).await, Ok(user("ada")));
}

#[tokio::test]
async fn where_nothing_is_stored_the_old_value_goes() {
    let mut repository = Repository::new();
    repository.store(user("ada")).await.unwrap();
    let failed = bypass(repository.store(user(""))).await;
    assert_eq!(failed, Err("a name is missing".to_owned()));
    assert_eq!(repository.load(1).await, Ok(user("ada")), "nothing was written");
    assert_eq!(bypass(repository.store(user("grace"))).await, Ok(user("grace")));
    let asked = repository.load(1).await;
    assert_eq!(asked, Err("user 1 is not to be loaded".to_owned()), "a miss");
    scope()
        .read(false)
        .run(repository.store(user("joan")))
        .await
        .unwrap();
    assert_eq!(repository.load(1).await, Ok(user("joan")));
}

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
static LOADS: AtomicU32 = AtomicU32::new(0);

#[cached(cache = CACHE, key = "slow:{id}", controls = false)]
async fn slow(id: u32) -> Option<&'static str> {
    LOADS.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(u64::from(id))).await;
    Some("old")
}

#[cache_put(cache = CACHE, key = "slow:{id}", skip_if = |text: &&str| text.is_empty())]
async fn replace(id: u32, text: &'static str) -> Option<&'static str> {
    let _ = id;
    Some(text)
}

#[tokio::test(start_paused = true)]
async fn it_beats_a_load_under_way() {
    let load = tokio::spawn(slow(5));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(replace(5, "new").await, Some("new"));
    assert_eq!(
        load.await.unwrap(),
        Some("old"),
        "the load returns what it loaded"
    );
    assert_eq!(slow(5).await, Some("new"), "but does not store it");
    assert_eq!(LOADS.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_skip_if_refuses_is_not_stored() {
    assert_eq!(replace(7, "").await, Some(""));
    assert_eq!(CACHE.get::<&str>("slow:7").await.unwrap(), None);
}

#[cache_put(cache = CACHE, key_builder = |name: &str| format!("built:{name}"), skip(value), ttl_with = |v: &u64| Duration::from_secs(*v))]
async fn built(name: &str, value: u64) -> u64 {
    let _ = name;
    value
}

#[tokio::test(start_paused = true)]
async fn a_key_builder_and_a_ttl_by_value_work() {
    assert_eq!(built("a", 10).await, 10);
    assert_eq!(CACHE.get::<u64>("built:a").await.unwrap(), Some(10));
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(CACHE.get::<u64>("built:a").await.unwrap(), None);
}
