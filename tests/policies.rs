//! Loading policies over Redis and memcached: the age of a value comes with it, and outlives its process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use aiocache::memcached::{MemcachedBackend, MemcachedCache};
use aiocache::redis::RedisCache;
use aiocache::testing::MemcachedServer;
use aiocache::{Backend, Cache, JsonSerializer, Policy, Source, Ttl, observe};
use tokio::task::JoinSet;
use tokio::time::sleep;

mod support;

const SECOND: Duration = Duration::from_secs(1);

/// Two seconds fresh, ten more to fall back to.
const PATIENT: Policy = Policy::new()
    .const_ttl(Ttl::seconds(2))
    .grace(Duration::from_secs(10))
    .back_off(Duration::ZERO);

async fn ask<B>(cache: &Cache<B, JsonSerializer>, answer: Result<u32, &str>) -> (Result<u32, String>, Source)
where
    B: Backend<Raw = aiocache::Bytes>,
{
    observe(cache.get_or_load("k", &PATIENT, || async { answer.map_err(str::to_owned) })).await
}

/// A thousand callers at once of another key. Gives the number of loads.
async fn ask_all<B>(cache: &Cache<B, JsonSerializer>, answer: Result<u32, &'static str>) -> u32
where
    B: Backend<Raw = aiocache::Bytes>,
{
    const RESTING: Policy = PATIENT.back_off(Duration::from_secs(10));
    let (loads, mut callers) = (Arc::<AtomicU32>::default(), JoinSet::new());
    for _ in 0..1_000 {
        let (cache, loads) = (cache.clone(), Arc::clone(&loads));
        callers.spawn(async move {
            let load = || async {
                loads.fetch_add(1, SeqCst);
                sleep(SECOND / 2).await;
                answer.map_err(str::to_owned)
            };
            cache.get_or_load("all", &RESTING, load).await
        });
    }
    for got in callers.join_all().await {
        assert_eq!(got, Ok(1));
    }
    loads.load(SeqCst)
}

/// A failing source is answered for within the grace, by another process too, and no longer.
async fn a_stale_value_is_served<B>(before: Cache<B, JsonSerializer>, restarted: Cache<B, JsonSerializer>)
where
    B: Backend<Raw = aiocache::Bytes>,
{
    assert_eq!(ask(&before, Ok(1)).await, (Ok(1), Source::Loaded));
    assert_eq!(ask(&before, Err("down")).await, (Ok(1), Source::Hit));
    assert_eq!(
        ask_all(&before, Ok(1)).await,
        1,
        "of a thousand callers one loads"
    );
    sleep(SECOND * 3).await;
    assert_eq!(ask_all(&before, Err("down")).await, 1, "and again at expiry");
    assert_eq!(ask(&before, Err("down")).await, (Ok(1), Source::Stale));
    assert_eq!(ask(&restarted, Err("down")).await, (Ok(1), Source::Stale));
    assert_eq!(
        restarted.get::<u32>("k").await.expect("it answers"),
        Some(1),
        "the bytes are plain, and there until the end"
    );
    assert_eq!(ask(&restarted, Ok(2)).await, (Ok(2), Source::Loaded));
    assert_eq!(ask(&before, Err("down")).await, (Ok(2), Source::Hit));
    restarted.delete("k").await.expect("it answers");
    assert_eq!(ask(&before, Err("down")).await.0, Err("down".to_owned()));
}

#[tokio::test]
async fn redis_tells_how_old_a_value_is_also_after_a_restart() {
    a_stale_value_is_served(support::redis("policies"), support::redis("policies")).await;
}

#[tokio::test]
async fn memcached_tells_how_old_a_value_is_also_after_a_restart() {
    let server = MemcachedServer::start().expect("memcached starts");
    let cache = || -> MemcachedCache {
        let backend = MemcachedBackend::connect(server.url()).expect("a good URL");
        MemcachedCache::builder(backend).namespace("policies").build()
    };
    a_stale_value_is_served(cache(), cache()).await;
}

/// The number of commands that a Redis has run in all.
async fn commands(cache: &RedisCache) -> u64 {
    let info = cache.raw(&[b"INFO", b"stats"]).await.expect("it answers");
    let info = format!("{info:?}");
    let count = info
        .split("total_commands_processed:")
        .nth(1)
        .expect("a line of INFO");
    count
        .chars()
        .take_while(char::is_ascii_digit)
        .collect::<String>()
        .parse()
        .expect("a number")
}

#[tokio::test]
async fn a_hit_with_a_grace_is_one_exchange_of_two_commands() {
    let server = support::own_redis();
    let cache: RedisCache = RedisCache::builder(support::backend(&server))
        .namespace("p")
        .build();
    assert_eq!(ask(&cache, Ok(1)).await.1, Source::Loaded);
    let before = commands(&cache).await;
    for _ in 0..10 {
        assert_eq!(ask(&cache, Ok(2)).await, (Ok(1), Source::Hit));
    }
    let ran = commands(&cache).await - before - 1;
    assert!(
        ran <= 40,
        "{ran} commands for ten hits: more than GET and PTTL in a transaction"
    );
}
