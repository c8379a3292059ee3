//! Loading policies over Redis and memcached: the age of a value comes with it, and outlives its process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use aiocache::memcached::{MemcachedBackend, MemcachedCache};
use aiocache::redis::RedisBackend;
use aiocache::testing::{Fault, FaultProxy, Intercepted, MemcachedServer, Recorder};
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
        // A thousand reads at once go over a few connections, one after another.
        let backend = MemcachedBackend::builder()
            .server(server.addr().to_string())
            .deadline(10 * SECOND)
            .build();
        MemcachedCache::builder(backend.expect("good options"))
            .namespace("policies")
            .build()
    };
    a_stale_value_is_served(cache(), cache()).await;
}

/// Hits with a grace over a connection on which all is late, until one is not late twice. A busy machine may hold any
/// of them up, and nothing makes one quicker than its round trips.
async fn a_hit_is_one_round_trip<B>(cache: Cache<B, JsonSerializer>, proxy: &FaultProxy)
where
    B: Backend<Raw = aiocache::Bytes>,
{
    const ONE_WAY: Duration = Duration::from_millis(50);
    const TRIP: Duration = Duration::from_millis(100);
    let policy = PATIENT.const_ttl(Ttl::seconds(60));
    let hit = async || {
        let start = Instant::now();
        let load = async || Err::<u32, _>("not to be asked");
        let got = observe(cache.get_or_load("k", &policy, load)).await;
        assert_eq!(got, (Ok(1), Source::Hit));
        start.elapsed()
    };
    cache
        .with_ttl(Ttl::seconds(70))
        .set("k", &1)
        .await
        .expect("it answers");
    hit().await;
    proxy.set(Fault::Delay {
        to_server: ONE_WAY,
        to_client: ONE_WAY,
    });
    let mut quickest = Duration::MAX;
    for _ in 0..10 {
        quickest = quickest.min(hit().await);
        if quickest < 2 * TRIP {
            break;
        }
    }
    assert!(
        (TRIP..2 * TRIP).contains(&quickest),
        "{quickest:?} for a hit where a round trip takes {TRIP:?}"
    );
}

#[tokio::test]
async fn a_hit_with_a_grace_is_one_round_trip_to_redis() {
    let proxy = FaultProxy::start(support::shared_redis().addr())
        .await
        .expect("a free port");
    let redis = RedisBackend::connect(format!("redis://{}", proxy.addr())).expect("a good URL");
    let cache = Cache::builder(redis).namespace("one trip").build();
    a_hit_is_one_round_trip(cache, &proxy).await;
}

#[tokio::test]
async fn a_hit_with_a_grace_is_one_round_trip_to_memcached() {
    let server = MemcachedServer::start().expect("memcached starts");
    let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
    let url = format!("memcached://{}", proxy.addr());
    let memcached = MemcachedBackend::connect(url).expect("a good URL");
    a_hit_is_one_round_trip(Cache::builder(memcached).build(), &proxy).await;
}

#[tokio::test]
async fn a_lease_locks_loads_of_one_key_and_none_of_many() {
    const GUARDED: Policy = Policy::new().lease(SECOND);
    let recorder = Recorder::new();
    let store = Intercepted::new(support::backend(support::shared_redis()), recorder.clone());
    let cache = Cache::builder(store).namespace("lease").build();
    let one = cache.get_or_load("a", &GUARDED, || async { Ok::<u32, String>(1) });
    assert_eq!(one.await, Ok(1));
    assert_eq!(recorder.count("add"), 1, "a load's lock has no fencing token");
    cache.close().await.expect("what is under way ends");
    recorder.forget();
    let load = |keys: Vec<&'static str>| async { Ok::<_, String>(keys.into_iter().zip(2..).collect()) };
    let many: Result<Vec<(&str, u32)>, _> = cache.multi_get_or_load(["a", "b", "c"], &GUARDED, load).await;
    assert_eq!(many, Ok(vec![("a", 1), ("b", 2), ("c", 3)]));
    assert_eq!(recorder.methods(), ["read_many", "write_many"]);
}
