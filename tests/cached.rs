//! What `#[cached]` stores, for how long and under which key, and what its controls do.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

mod support;

use std::fmt::Debug;
use std::io;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use aiocache::redis::RedisCache;
use aiocache::{Reply, SimpleMemoryCache, Ttl, cached};
use serde::{Deserialize, Serialize};
use tokio::time::advance;

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
/// Its test's own: its clock is paused and moved by weeks, and the entries of other tests would look expired to it.
static TIMED: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
static SHORT: LazyLock<SimpleMemoryCache> = LazyLock::new(|| {
    SimpleMemoryCache::builder(Default::default())
        .ttl(Duration::from_secs(7))
        .build()
});
static REDIS: LazyLock<RedisCache> = LazyLock::new(|| support::redis("cached"));

/// Counts the calls that reach a function.
#[derive(Default)]
struct Calls(AtomicU32);

impl Calls {
    /// Notes a call, and gives its number.
    fn note(&self) -> u32 {
        self.0.fetch_add(1, SeqCst) + 1
    }

    fn count(&self) -> u32 {
        self.0.load(SeqCst)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Failure(u32);

type Answer<T> = Result<T, Failure>;
type Text = String;

/// Fails for odd numbers.
fn even<E>(id: u32, error: impl Fn(u32) -> E) -> Result<String, E> {
    if id.is_multiple_of(2) {
        Ok(id.to_string())
    } else {
        Err(error(id))
    }
}

#[tokio::test]
async fn of_a_result_only_ok_is_stored_and_as_the_value_in_it() {
    #[cached(cache = CACHE, key = "result/{id}")]
    async fn load(id: u32, calls: &Calls) -> Result<String, Failure> {
        calls.note();
        even(id, Failure)
    }

    let calls = Calls::default();
    for _ in 0..2 {
        assert_eq!(load(2, &calls).await.as_deref(), Ok("2"));
    }
    assert_eq!(calls.count(), 1);
    for count in 2..4 {
        assert_eq!(load(3, &calls).await, Err(Failure(3)));
        assert_eq!(calls.count(), count);
    }
    assert_eq!(
        CACHE.get::<String>("result/2").await.unwrap().as_deref(),
        Some("2")
    );
    assert!(!CACHE.exists("result/3").await.unwrap());
}

#[tokio::test]
async fn a_result_is_known_by_its_type_whatever_it_is_called() {
    #[cached(cache = CACHE, key = "io/{id}")]
    async fn of_io(id: u32) -> io::Result<Text> {
        even(id, |_| io::Error::other("odd"))
    }
    #[cached(cache = CACHE, key = "own/{id}")]
    async fn of_ones_own(id: u32) -> Answer<Text> {
        even(id, Failure)
    }

    for id in [2, 3] {
        assert_eq!(of_io(id).await.is_ok(), id == 2);
        assert_eq!(of_ones_own(id).await.is_ok(), id == 2);
    }
    for (key, stored) in [("io/2", true), ("io/3", false), ("own/2", true), ("own/3", false)] {
        assert_eq!(CACHE.get::<String>(key).await.unwrap().is_some(), stored, "{key}");
    }
}

#[tokio::test]
async fn a_none_is_stored_only_where_cache_none_says_so() {
    #[cached(cache = CACHE, skip(calls))]
    async fn usual(calls: &Calls) -> Option<u32> {
        calls.note();
        None
    }
    #[cached(cache = CACHE, cache_none, skip(calls))]
    async fn stored(calls: &Calls) -> Option<u32> {
        calls.note();
        None
    }

    let calls = Calls::default();
    assert_eq!((usual(&calls).await, usual(&calls).await), (None, None));
    assert_eq!(calls.count(), 2);
    let calls = Calls::default();
    assert_eq!((stored(&calls).await, stored(&calls).await), (None, None));
    assert_eq!(calls.count(), 1);
}

#[tokio::test]
async fn of_a_result_with_an_option_each_part_keeps_its_rule() {
    type Found = Result<Option<String>, Failure>;

    /// 0 fails, odd numbers are absent.
    fn find(id: u32) -> Found {
        match id {
            0 => Err(Failure(0)),
            id => Ok(id.is_multiple_of(2).then(|| id.to_string())),
        }
    }
    #[cached(cache = CACHE, key = "found/{id}")]
    async fn usual(id: u32, calls: &Calls) -> Found {
        calls.note();
        find(id)
    }
    #[cached(cache = CACHE, key = "found or not/{id}", cache_none = true)]
    async fn with_none(id: u32, calls: &Calls) -> Result<Option<String>, Failure> {
        calls.note();
        find(id)
    }

    let calls_of_two = async |id| {
        let (one, other) = (Calls::default(), Calls::default());
        for _ in 0..2 {
            assert_eq!(usual(id, &one).await, find(id));
            assert_eq!(with_none(id, &other).await, find(id));
        }
        (one.count(), other.count())
    };
    assert_eq!(calls_of_two(0).await, (2, 2), "an error");
    assert_eq!(calls_of_two(1).await, (2, 1), "a None");
    assert_eq!(calls_of_two(2).await, (1, 1), "a value");
    assert_eq!(
        CACHE.get::<String>("found/2").await.unwrap().as_deref(),
        Some("2")
    );
    assert_eq!(with_none::peek(&1).await.unwrap(), Some(Ok(None)));
    assert_eq!(usual::peek(&1).await.unwrap(), None);
}

#[tokio::test]
async fn on_a_wire_a_none_is_the_serializers_own() {
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    struct User {
        name: String,
    }

    #[cached(cache = REDIS, key = "user/{id}", cache_none)]
    async fn load(id: u32, calls: &Calls) -> Result<Option<User>, Failure> {
        calls.note();
        let name = "Ada".to_owned();
        Ok((id == 1).then_some(User { name }))
    }

    let calls = Calls::default();
    for _ in 0..2 {
        assert_eq!(load(1, &calls).await.unwrap().unwrap().name, "Ada");
        assert_eq!(load(2, &calls).await, Ok(None));
    }
    assert_eq!(calls.count(), 2);
    for (id, json) in [(1, r#"{"name":"Ada"}"#), (2, "null")] {
        let key = load::key(&id);
        let Reply::Bytes(stored) = REDIS.raw(&[b"GET", key.as_bytes()]).await.unwrap() else {
            panic!("nothing under {key}")
        };
        assert_eq!(stored, json);
    }
}

#[tokio::test]
async fn what_skip_if_names_is_returned_and_not_stored() {
    fn is_guest(name: &String) -> bool {
        name == "guest"
    }

    #[cached(cache = CACHE, skip(calls), skip_if = is_guest)]
    async fn by_path(name: &str, calls: &Calls) -> Result<String, Failure> {
        calls.note();
        Ok(name.to_owned())
    }
    #[cached(cache = CACHE, skip(calls), skip_if = |number: &u32| *number > 9)]
    async fn by_closure(number: u32, calls: &Calls) -> Option<u32> {
        calls.note();
        Some(number)
    }

    for (name, count) in [("guest", 2), ("Ada", 1)] {
        let calls = Calls::default();
        for _ in 0..2 {
            assert_eq!(by_path(name, &calls).await.as_deref(), Ok(name));
        }
        assert_eq!(calls.count(), count, "{name}");
    }
    for (number, count) in [(10, 2), (9, 1)] {
        let calls = Calls::default();
        for _ in 0..2 {
            assert_eq!(by_closure(number, &calls).await, Some(number));
        }
        assert_eq!(calls.count(), count, "{number}");
    }
}

/// Asserts that a function without arguments loads again after `life` and not before.
async fn lives<T: Debug, F: Future<Output = T>>(call: impl Fn() -> F, calls: &Calls, life: Duration) {
    let before = calls.count();
    call().await;
    advance(life - Duration::from_millis(1)).await;
    call().await;
    assert_eq!(calls.count(), before + 1, "gone before {life:?}");
    advance(Duration::from_millis(2)).await;
    call().await;
    assert_eq!(calls.count(), before + 2, "there after {life:?}");
}

#[tokio::test(start_paused = true)]
async fn a_ttl_means_what_it_says_in_each_form() {
    static CALLS: Calls = Calls(AtomicU32::new(0));
    const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

    macro_rules! with_ttl {
        ($name:ident, $cache:ident $(, $ttl:expr)?) => {
            #[cached(cache = $cache $(, ttl = $ttl)?)]
            async fn $name() -> u32 {
                CALLS.note()
            }
        };
    }
    with_ttl!(whole, TIMED, 2);
    with_ttl!(float, TIMED, 0.5);
    with_ttl!(units, TIMED, "1h30m");
    with_ttl!(millis, TIMED, "1500ms");
    with_ttl!(expression, TIMED, 2 * WEEK);
    with_ttl!(the_caches, SHORT);
    with_ttl!(said_default, SHORT, Ttl::Default);
    with_ttl!(never, SHORT, "never");

    lives(whole, &CALLS, Duration::from_secs(2)).await;
    lives(float, &CALLS, Duration::from_millis(500)).await;
    lives(units, &CALLS, Duration::from_secs(5400)).await;
    lives(millis, &CALLS, Duration::from_millis(1500)).await;
    lives(expression, &CALLS, 2 * WEEK).await;
    lives(the_caches, &CALLS, Duration::from_secs(7)).await;
    lives(said_default, &CALLS, Duration::from_secs(7)).await;
    let first = never().await;
    advance(1000 * WEEK).await;
    assert_eq!(never().await, first);
}

#[tokio::test]
async fn controls_read_write_and_pass_by() {
    #[cached(cache = CACHE, skip(calls), ttl = 60)]
    async fn load(id: u32, calls: &Calls) -> Result<u32, Failure> {
        Ok(100 * id + calls.note())
    }

    let calls = Calls::default();
    assert_eq!(load::peek(&1).await.unwrap(), None);
    assert_eq!(load::uncached(1, &calls).await, Ok(101));
    assert_eq!(load::peek(&1).await.unwrap(), None, "uncached stores nothing");
    assert_eq!(load(1, &calls).await, Ok(102));
    assert_eq!(load::peek(&1).await.unwrap(), Some(Ok(102)));
    assert_eq!(load::refresh(1, &calls).await, Ok(103));
    assert_eq!(load(1, &calls).await, Ok(103));
    load::set(&1, 7).await.unwrap();
    assert_eq!(load(1, &calls).await, Ok(7));
    load::set(&1, Ok(8)).await.unwrap();
    assert_eq!(load(1, &calls).await, Ok(8));
    load::set(&1, Err(Failure(9))).await.unwrap();
    assert_eq!(
        load(1, &calls).await,
        Ok(8),
        "an error is not stored by hand either"
    );
    assert!(load::invalidate(&1).await.unwrap());
    assert!(!load::invalidate(&1).await.unwrap());
    assert_eq!(load(1, &calls).await, Ok(104));
    assert!(CACHE.exists(load::key(&1)).await.unwrap());
}

struct Repository {
    cache: SimpleMemoryCache,
    tenant: &'static str,
    calls: Calls,
}

impl Repository {
    #[cached(cache = self.cache, skip(self))]
    async fn by_id(&self, id: u32) -> Result<u32, Failure> {
        Ok(id + self.calls.note())
    }

    #[cached(cache = self.cache, key = "{self.tenant}/{id}", ttl = "5m")]
    async fn by_tenant(&self, id: u32) -> Option<String> {
        Some(format!("{}{id}{}", self.tenant, self.calls.note()))
    }
}

#[tokio::test]
async fn a_method_uses_the_cache_of_its_own_object() {
    let cache = SimpleMemoryCache::new();
    let of = |tenant, cache| Repository {
        cache,
        tenant,
        calls: Calls::default(),
    };
    let (one, same_store, other) = (
        of("one", cache.clone()),
        of("two", cache.clone()),
        of("one", SimpleMemoryCache::new()),
    );
    assert_eq!((one.by_id(10).await, one.by_id(10).await), (Ok(11), Ok(11)));
    assert_eq!(same_store.by_id(10).await, Ok(11), "self is skipped");
    assert_eq!(other.by_id(10).await, Ok(11));
    assert_eq!((same_store.calls.count(), other.calls.count()), (0, 1));
    assert_eq!(one.by_tenant(1).await.as_deref(), Some("one12"));
    assert_eq!(same_store.by_tenant(1).await.as_deref(), Some("two11"));
    assert!(cache.exists("one/1").await.unwrap() && cache.exists("two/1").await.unwrap());
}
