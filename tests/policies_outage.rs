//! Functions with policies while Redis or memcached is away: they answer in time, and have the old value to fall back to
//! afterwards. A run with `AIOCACHE_STRESS=1` has outages of half a minute.

use std::time::{Duration, Instant};

use aiocache::memcached::MemcachedBackend;
use aiocache::redis::RedisBackend;
use aiocache::testing::{Direction, Fault, FaultProxy, MemcachedServer, Missed, in_time, undisturbed};
use aiocache::{Backend, Background, Bytes, Cache, JsonSerializer, Policy, Source, Timed, Ttl, observe};
use tokio::time::sleep;

mod support;

const SECOND: Duration = Duration::from_secs(1);
/// What a call may cost at most: the backend's deadline of 500 ms, and what a loaded machine adds.
const BOUND: Duration = Duration::from_millis(1500);

/// Two seconds fresh, an hour to fall back to.
const PATIENT: Policy<Timed<Background>> = Policy::new()
    .const_ttl(Ttl::seconds(2))
    .grace(Duration::from_secs(3600))
    .back_off(Duration::ZERO)
    .soft_timeout(Duration::from_millis(100))
    .hard_timeout(Duration::from_secs(5));

type Tested<B> = Cache<B, JsonSerializer>;

fn cache<B: Backend<Raw = Bytes>>(backend: B) -> Tested<B> {
    let builder = Cache::builder(backend).serializer(JsonSerializer);
    builder.namespace("outage").build()
}

async fn ask<B>(cache: &Tested<B>, answer: Result<u32, &'static str>) -> (Result<u32, String>, Source)
where
    B: Backend<Raw = Bytes>,
{
    let call = cache.loading("k", &PATIENT).on_timeout(|| Err("slow".to_owned()));
    observe(call.get(move || async move { answer.map_err(str::to_owned) })).await
}

/// How long each outage lasts.
fn outage() -> Duration {
    if std::env::var_os("AIOCACHE_STRESS").is_some() {
        SECOND * 30
    } else {
        SECOND * 3 / 2
    }
}

/// Neither a store that refuses nor one that swallows everything costs the caller more than the store's own deadline,
/// and what was there before is there to fall back to afterwards.
async fn a_store_that_is_away_costs_its_deadline<B>(
    cache: Tested<B>,
    proxy: FaultProxy,
    name: &str,
) -> Result<(), Missed>
where
    B: Backend<Raw = Bytes>,
{
    assert_eq!(ask(&cache, Ok(1)).await, (Ok(1), Source::Loaded));
    for fault in [Fault::BlackHole(Direction::Both), Fault::Refuse] {
        proxy.set(fault);
        if fault == Fault::Refuse {
            proxy.cut();
        }
        let (away, mut calls, mut late, mut slowest) = (Instant::now(), 0, 0, Duration::ZERO);
        while away.elapsed() < outage() {
            let began = Instant::now();
            assert_eq!(ask(&cache, Ok(5)).await, (Ok(5), Source::Loaded));
            let took = began.elapsed();
            in_time("a call", took, BOUND)?;
            (calls, late) = (calls + 1, late + u32::from(took > SECOND / 10));
            slowest = slowest.max(took);
            sleep(Duration::from_millis(2)).await;
        }
        // The first ones open the breaker. One more may be late on a machine that has much to do.
        assert!(late <= 10, "{late} of {calls} calls waited for the store");
        proxy.set(Fault::Pass);
        proxy.cut();
        let back = Instant::now();
        while ask(&cache, Err("down")).await != (Ok(1), Source::Stale) {
            in_time("serving the old value again", back.elapsed(), SECOND * 4)?;
            sleep(SECOND / 10).await;
        }
        println!(
            "{name}: {fault:?} for {:?}: {calls} calls, {late} over 100 ms, slowest {slowest:?}; old value {:?} after",
            outage(),
            back.elapsed()
        );
    }
    Ok(())
}

#[tokio::test]
async fn redis_away_costs_its_deadline_and_keeps_the_old_value() {
    undisturbed(async || {
        let server = support::own_redis();
        let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
        let backend = RedisBackend::connect(format!("redis://{}", proxy.addr())).expect("a good URL");
        a_store_that_is_away_costs_its_deadline(cache(backend), proxy, "redis").await
    })
    .await;
}

#[tokio::test]
async fn memcached_away_costs_its_deadline_and_keeps_the_old_value() {
    undisturbed(async || {
        let server = MemcachedServer::start().expect("memcached starts");
        let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
        let backend = MemcachedBackend::connect(format!("memcached://{}", proxy.addr())).expect("a good URL");
        a_store_that_is_away_costs_its_deadline(cache(backend), proxy, "memcached").await
    })
    .await;
}

/// A source that hangs is answered for by what is stale, over a store that answers late: after the soft timeout, and the
/// load's value is there afterwards.
async fn a_hanging_source_is_answered_for<B>(cache: Tested<B>, proxy: FaultProxy) -> Result<(), Missed>
where
    B: Backend<Raw = Bytes>,
{
    let late = Duration::from_millis(20);
    proxy.set(Fault::Delay {
        to_server: late,
        to_client: late,
    });
    assert_eq!(ask(&cache, Ok(1)).await, (Ok(1), Source::Loaded));
    sleep(SECOND * 16 / 5).await;
    let began = Instant::now();
    let slow = || async {
        sleep(SECOND / 2).await;
        Ok::<u32, String>(2)
    };
    let call = cache.loading("k", &PATIENT).on_timeout(|| Err("slow".to_owned()));
    assert_eq!(observe(call.get(slow)).await, (Ok(1), Source::Stale));
    in_time("the old value", began.elapsed(), SECOND / 2)?;
    while ask(&cache, Err("down")).await != (Ok(2), Source::Hit) {
        in_time("filling the cache", began.elapsed(), SECOND * 3 / 2)?;
        sleep(SECOND / 20).await;
    }
    Ok(())
}

#[tokio::test]
async fn a_source_that_hangs_is_answered_for_over_redis() {
    undisturbed(async || {
        let server = support::own_redis();
        let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
        let backend = RedisBackend::connect(format!("redis://{}", proxy.addr())).expect("a good URL");
        a_hanging_source_is_answered_for(cache(backend), proxy).await
    })
    .await;
}

#[tokio::test]
async fn a_source_that_hangs_is_answered_for_over_memcached() {
    undisturbed(async || {
        let server = MemcachedServer::start().expect("memcached starts");
        let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
        let backend = MemcachedBackend::connect(format!("memcached://{}", proxy.addr())).expect("a good URL");
        a_hanging_source_is_answered_for(cache(backend), proxy).await
    })
    .await;
}
