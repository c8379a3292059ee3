//! `ttl_with`, `none_ttl` and `share_error`.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::collections::HashMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache_core::{SimpleMemoryCache, Ttl};
use aiocache_macros::{cached, multi_cached};

/// One for each test: a paused clock is a test's own, and the entries of another would look expired to it.
macro_rules! caches {
    ($($name:ident)*) => {
        $(static $name: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);)*
    };
}

caches! { TOKENS NONES ABSENT FAILED }
static LOADS: AtomicU32 = AtomicU32::new(0);

#[derive(Clone)]
struct Token {
    seconds: u64,
}

#[cached(cache = TOKENS, ttl_with = |token: &Token| Duration::from_secs(token.seconds))]
async fn token(seconds: u64) -> Result<Token, String> {
    Ok(Token { seconds })
}

#[tokio::test(start_paused = true)]
async fn each_value_says_how_long_it_lives() {
    token(5).await.unwrap();
    token(50).await.unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(token::peek(&5).await.unwrap().is_none());
    assert!(token::peek(&50).await.unwrap().is_some());
    token::set(&7, Token { seconds: 3 }).await.unwrap();
    assert!(token::peek(&7).await.unwrap().is_some());
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(
        token::peek(&7).await.unwrap().is_none(),
        "a value that is set says it too"
    );
}

#[cached(cache = NONES, ttl = "1h", cache_none, none_ttl = 5)]
async fn maybe(id: u32) -> Option<u32> {
    LOADS.fetch_add(1, Ordering::Relaxed);
    (id > 100).then_some(id)
}

#[tokio::test(start_paused = true)]
async fn a_none_lives_as_long_as_none_ttl_says() {
    assert_eq!(
        (maybe(1).await, maybe(1).await, maybe(101).await),
        (None, None, Some(101))
    );
    assert_eq!(LOADS.load(Ordering::Relaxed), 2);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!((maybe(1).await, maybe(101).await), (None, Some(101)));
    assert_eq!(
        LOADS.load(Ordering::Relaxed),
        3,
        "only the None is asked for again"
    );
}

static ASKED: AtomicU32 = AtomicU32::new(0);

#[multi_cached(
    cache = ABSENT,
    keys = ids,
    ttl = "never",
    cache_none,
    none_ttl = Ttl::seconds(lifetime),
    skip(lifetime)
)]
async fn some(ids: Vec<u32>, lifetime: u64) -> HashMap<u32, u32> {
    let _ = lifetime;
    ASKED.fetch_add(u32::try_from(ids.len()).expect("few"), Ordering::Relaxed);
    ids.into_iter()
        .filter(|id| *id > 100)
        .map(|id| (id, id))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn an_absent_key_lives_as_long_as_none_ttl_says() {
    for _ in 0..2 {
        assert_eq!(some(vec![1, 101], 5).await, HashMap::from([(101, 101)]));
    }
    assert_eq!(ASKED.load(Ordering::Relaxed), 2);
    tokio::time::sleep(Duration::from_secs(6)).await;
    some(vec![1, 101], 5).await;
    assert_eq!(ASKED.load(Ordering::Relaxed), 3);
}

static FAILURES: AtomicU32 = AtomicU32::new(0);

/// An error that cannot be cloned.
#[derive(Debug)]
struct Down(String);

#[cached(cache = FAILED, share_error = |error: &Down| Down(format!("{}, shared", error.0)))]
async fn down(id: u32) -> Result<u32, Down> {
    FAILURES.fetch_add(1, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(1)).await;
    Err(Down(format!("down {id}")))
}

#[tokio::test(start_paused = true)]
async fn an_error_without_clone_is_shared_as_the_closure_says() {
    let (first, second) = tokio::join!(down(1), down(1));
    assert_eq!(FAILURES.load(Ordering::Relaxed), 1);
    assert_eq!(first.unwrap_err().0, "down 1");
    let shared = second.unwrap_err().0;
    assert!(shared.starts_with("down 1, shared"), "{shared}");
}
