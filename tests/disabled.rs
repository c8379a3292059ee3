//! The switch that turns all caches of a process off. One test, because the switch is the process's own.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]
#![allow(clippy::unwrap_used, reason = "a part of the test")]

mod support;

use std::collections::HashMap;
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::{HitMissRatioPlugin, SimpleMemoryCache, TimingPlugin, cached, multi_cached, set_disabled};

static RATIO: LazyLock<HitMissRatioPlugin> = LazyLock::new(HitMissRatioPlugin::new);
static TIMING: LazyLock<TimingPlugin> = LazyLock::new(TimingPlugin::new);
static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(|| {
    SimpleMemoryCache::new()
        .with_plugin(RATIO.clone())
        .with_plugin(TIMING.clone())
});
static CALLS: AtomicU32 = AtomicU32::new(0);

#[cached(cache = CACHE)]
async fn load(id: u32) -> Result<u32, String> {
    Ok(id + CALLS.fetch_add(1, SeqCst))
}

#[multi_cached(cache = CACHE, keys = ids)]
async fn load_all(ids: Vec<u32>) -> HashMap<u32, usize> {
    let asked = ids.len();
    ids.into_iter().map(|id| (id, asked)).collect()
}

/// Asserts that decorated functions are plain calls and commands answer as if the cache were empty.
async fn all_is_off() {
    let before = CALLS.load(SeqCst);
    assert_eq!(load(0).await, Ok(before));
    assert_eq!(load(0).await, Ok(before + 1));
    assert_eq!(load_all(vec![1, 2]).await, HashMap::from([(1, 2), (2, 2)]));
    assert_eq!(
        load_all(vec![1, 2, 3]).await[&1],
        3,
        "all keys reach the function"
    );
    assert_eq!(load_all(vec![]).await, HashMap::new());
    assert_eq!(load::peek(&0).await.unwrap(), None);
    assert_eq!(load::refresh(0).await, Ok(before + 2));
    load::set(&0, 5).await.unwrap();
    assert!(!load::invalidate(&0).await.unwrap());
    CACHE.set("key", &1_u8).await.unwrap();
    CACHE.add("key", &1_u8).await.unwrap();
    assert_eq!(CACHE.get::<u8>("key").await.unwrap(), None);
    assert_eq!(CACHE.increment("key", 3).await.unwrap(), 3);
    // There is no server on port 1: nothing is sent.
    let nowhere = RedisBackend::connect("redis://127.0.0.1:1/").unwrap();
    let nowhere = RedisCache::builder(nowhere).build();
    nowhere.set("key", &1_u8).await.unwrap();
    nowhere.clear().await.unwrap();
    nowhere.ping().await.unwrap();
    assert_eq!(nowhere.multi_get::<u8>(["a", "b"]).await.unwrap(), [None, None]);
}

const CHILD: &str = "AIOCACHE_TEST_CHILD";

#[tokio::test]
async fn the_switch_and_the_variable_turn_everything_off() {
    if std::env::var_os(CHILD).is_some() {
        let off = std::env::var_os("AIOCACHE_DISABLE").is_some_and(|value| value == "1");
        assert_eq!(aiocache::is_disabled(), off);
        if off {
            all_is_off().await;
            set_disabled(false);
        }
        assert_eq!(load(0).await, load(0).await);
        return;
    }

    CACHE.set("key", &7_u8).await.unwrap();
    let (ratio, timing) = (RATIO.snapshot(), TIMING.snapshot());
    set_disabled(true);
    all_is_off().await;
    assert_eq!(
        (RATIO.snapshot(), TIMING.snapshot()),
        (ratio, timing),
        "plugins do not run"
    );
    set_disabled(false);
    assert_eq!(
        CACHE.get::<u8>("key").await.unwrap(),
        Some(7),
        "nothing was written"
    );
    assert_eq!(load(0).await, load(0).await);

    for value in ["1", "0", "", "true"] {
        let child = Command::new(std::env::current_exe().unwrap())
            .env(CHILD, "")
            .env("AIOCACHE_DISABLE", value)
            .output()
            .expect("the test runs itself");
        assert!(
            child.status.success(),
            "AIOCACHE_DISABLE={value}: {}",
            String::from_utf8_lossy(&child.stdout)
        );
    }
}
