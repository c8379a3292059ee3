//! Policies at the edges of the clock: the first and the last moment of a ttl, of a grace and of a back-off, and times that
//! are longer than any.

use std::time::Duration;

use aiocache_core::{Policy, Remaining, SimpleMemoryCache, Source, Ttl, observe};
use tokio::time::advance;

const NANOSECOND: Duration = Duration::from_nanos(1);
const MINUTE: Duration = Duration::from_secs(60);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

const PATIENT: Policy = Policy::new().const_ttl(Ttl::seconds(60)).grace(MINUTE);

type Answer = (Result<u32, &'static str>, Source);

async fn ask(cache: &SimpleMemoryCache, policy: &Policy, answer: Result<u32, &'static str>) -> Answer {
    observe(cache.get_or_load("k", policy, || async { answer })).await
}

#[tokio::test(start_paused = true)]
async fn a_value_is_fresh_stale_and_gone_to_the_nanosecond() {
    let cache = SimpleMemoryCache::new();
    let policy = PATIENT.back_off(Duration::ZERO);
    assert_eq!(ask(&cache, &policy, Ok(1)).await, (Ok(1), Source::Loaded));
    advance(MINUTE - NANOSECOND).await;
    assert_eq!(ask(&cache, &policy, Err("down")).await, (Ok(1), Source::Hit));
    advance(NANOSECOND).await;
    assert_eq!(ask(&cache, &policy, Err("down")).await, (Ok(1), Source::Stale));
    advance(MINUTE - NANOSECOND).await;
    assert_eq!(ask(&cache, &policy, Err("down")).await, (Ok(1), Source::Stale));
    advance(NANOSECOND).await;
    assert_eq!(
        ask(&cache, &policy, Err("down")).await,
        (Err("down"), Source::Loaded)
    );
}

#[tokio::test(start_paused = true)]
async fn a_back_off_ends_to_the_nanosecond() {
    let cache = SimpleMemoryCache::new();
    let policy = PATIENT.back_off(MINUTE / 2);
    assert_eq!(ask(&cache, &policy, Ok(1)).await.0, Ok(1));
    advance(MINUTE).await;
    assert_eq!(ask(&cache, &policy, Err("down")).await, (Ok(1), Source::Stale));
    advance(MINUTE / 2 - NANOSECOND).await;
    assert_eq!(ask(&cache, &policy, Ok(2)).await, (Ok(1), Source::Stale));
    advance(NANOSECOND).await;
    assert_eq!(ask(&cache, &policy, Ok(2)).await, (Ok(2), Source::Loaded));
}

#[tokio::test(start_paused = true)]
async fn a_grace_longer_than_any_store_counts_is_a_year() {
    let cache = SimpleMemoryCache::new();
    let policy = PATIENT.grace(Duration::MAX);
    assert_eq!(ask(&cache, &policy, Ok(1)).await, (Ok(1), Source::Loaded));
    assert_eq!(cache.ttl("k").await.unwrap(), Remaining::For(MINUTE + YEAR));
    assert_eq!(ask(&cache, &policy, Ok(2)).await, (Ok(1), Source::Hit));
    advance(MINUTE).await;
    assert_eq!(ask(&cache, &policy, Err("down")).await, (Ok(1), Source::Stale));
    advance(YEAR).await;
    assert_eq!(ask(&cache, &policy, Err("down")).await.0, Err("down"));
}

#[tokio::test(start_paused = true)]
async fn a_ttl_longer_than_any_store_counts_does_not_end_early() {
    for ttl in [Ttl::After(Duration::MAX), Ttl::Never] {
        let cache = SimpleMemoryCache::new();
        let policy = PATIENT.const_ttl(ttl).grace(YEAR);
        assert_eq!(ask(&cache, &policy, Ok(1)).await, (Ok(1), Source::Loaded));
        advance(YEAR * 50).await;
        assert_eq!(ask(&cache, &policy, Ok(2)).await, (Ok(1), Source::Hit));
    }
}

#[tokio::test(start_paused = true)]
async fn the_shortest_ttl_is_stale_a_nanosecond_later() {
    let cache = SimpleMemoryCache::new();
    let policy = PATIENT.const_ttl(Ttl::After(NANOSECOND));
    assert_eq!(ask(&cache, &policy, Ok(1)).await, (Ok(1), Source::Loaded));
    assert_eq!(ask(&cache, &policy, Err("down")).await, (Ok(1), Source::Hit));
    advance(NANOSECOND).await;
    assert_eq!(ask(&cache, &policy, Err("down")).await, (Ok(1), Source::Stale));
}
