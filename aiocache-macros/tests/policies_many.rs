//! The options of loading on functions over several keys: grace, which errors are failures, and a hard timeout.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Policy, SimpleMemoryCache, Source, Timed, Ttl, observe};
use aiocache_macros::{cached, multi_cached};
use tokio::time::{Instant, advance};

/// One for each test: a paused clock is a test's own, and the entries of another would look expired to it.
macro_rules! caches {
    ($($name:ident)*) => {
        $(static $name: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);)*
    };
}

caches! { FAILING SLOW NAMED SHARED }

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq)]
enum Failure {
    Down,
    Unknown,
    Slow,
    Cache(ErrorKind),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Cache(error.kind())
    }
}

/// What a source says next.
const WELL: u32 = 0;
const DOWN: u32 = 1;
const UNKNOWN: u32 = 2;
const HANGS: u32 = 3;

type Pairs = BTreeMap<u32, u32>;

async fn source(ids: impl IntoIterator<Item = u32>, state: &AtomicU32) -> Result<Pairs, Failure> {
    match state.load(SeqCst) {
        DOWN => Err(Failure::Down),
        UNKNOWN => Err(Failure::Unknown),
        HANGS => std::future::pending().await,
        _ => Ok(ids.into_iter().map(|id| (id, id * 10)).collect()),
    }
}

#[multi_cached(
    cache = FAILING, keys = ids, key = "{ids}", ttl = 60, grace = "1h", back_off = 0,
    fail_if = |error: &Failure| *error != Failure::Unknown,
)]
async fn prices(ids: &[u32], state: &AtomicU32) -> Result<Pairs, Failure> {
    source(ids.iter().copied(), state).await
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_no_failure_is_the_answer() {
    let state = AtomicU32::new(WELL);
    let good = Pairs::from([(1, 10), (2, 20)]);
    assert_eq!(prices(&[1, 2], &state).await, Ok(good.clone()));
    advance(MINUTE).await;
    state.store(UNKNOWN, SeqCst);
    assert_eq!(prices(&[1, 2], &state).await, Err(Failure::Unknown));
    state.store(DOWN, SeqCst);
    assert_eq!(observe(prices(&[1, 2], &state)).await, (Ok(good), Source::Stale));
    assert_eq!(prices(&[1, 3], &state).await, Err(Failure::Down));
    assert_eq!(
        prices::peek(&[1, 2]).await.unwrap(),
        Pairs::new(),
        "beyond its ttl"
    );
}

#[multi_cached(
    cache = SLOW, keys = ids, key = "{ids}", ttl = 60, grace = "1h", hard_timeout = 1, on_timeout = Err(Failure::Slow),
)]
async fn slow_prices(ids: Vec<u32>, state: &AtomicU32) -> Result<Pairs, Failure> {
    source(ids, state).await
}

#[multi_cached(cache = SLOW, keys = ids, key = "plain:{ids}", hard_timeout = "2s")]
async fn plain_prices(ids: impl IntoIterator<Item = u32>, state: &AtomicU32) -> Result<Pairs, Failure> {
    source(ids, state).await
}

#[multi_cached(cache = SLOW, keys = ids, key = "partial:{ids}", hard_timeout = "2s", on_timeout = Pairs::new())]
async fn whatever_is_there(ids: &[u32], state: &AtomicU32) -> Pairs {
    source(ids.iter().copied(), state).await.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_load_that_hangs_is_dropped_and_has_an_answer() {
    let state = AtomicU32::new(HANGS);
    let began = Instant::now();
    assert_eq!(slow_prices(vec![1], &state).await, Err(Failure::Slow));
    assert_eq!(
        plain_prices([1], &state).await,
        Err(Failure::Cache(ErrorKind::Timeout))
    );
    assert_eq!(whatever_is_there(&[1], &state).await, Pairs::new());
    assert!(began.elapsed() < SECOND * 51 / 10, "{:?}", began.elapsed());
    state.store(WELL, SeqCst);
    assert_eq!(slow_prices(vec![1], &state).await, Ok(Pairs::from([(1, 10)])));
    advance(MINUTE).await;
    state.store(HANGS, SeqCst);
    assert_eq!(
        observe(slow_prices(vec![1], &state)).await,
        (Ok(Pairs::from([(1, 10)])), Source::Stale)
    );
}

static PATIENT: Policy<Timed> = Policy::new()
    .const_ttl(Ttl::seconds(60))
    .grace(Duration::from_secs(3600))
    .hard_timeout(Duration::from_secs(1));

#[multi_cached(cache = NAMED, keys = ids, key = "{ids}", policy = PATIENT)]
async fn named_prices(ids: Vec<u32>, state: &AtomicU32) -> Result<Pairs, Failure> {
    source(ids, state).await
}

#[tokio::test(start_paused = true)]
async fn a_named_policy_holds_for_many_keys_too() {
    let state = AtomicU32::new(HANGS);
    let timed_out = Err(Failure::Cache(ErrorKind::Timeout));
    assert_eq!(named_prices(vec![1], &state).await, timed_out);
    named_prices::set(Pairs::from([(1, 11)])).await.unwrap();
    assert_eq!(named_prices::peek(vec![1]).await.unwrap(), Pairs::from([(1, 11)]));
    advance(MINUTE).await;
    assert_eq!(
        observe(named_prices(vec![1], &state)).await,
        (Ok(Pairs::from([(1, 11)])), Source::Stale)
    );
    assert_eq!(
        named_prices::refresh(vec![1], &state).await,
        timed_out,
        "who forces it hears of it"
    );
}

#[cached(cache = SHARED, key = "{id}", ttl = 60, grace = "1h")]
async fn one(id: u32, state: &AtomicU32) -> Result<u32, Failure> {
    Ok(source([id], state).await?[&id])
}

#[multi_cached(cache = SHARED, keys = ids, key = "{ids}", ttl = 60, grace = "1h", share_error = Failure::clone)]
async fn many(ids: Vec<u32>, state: &AtomicU32) -> Result<Pairs, Failure> {
    source(ids, state).await
}

#[tokio::test(start_paused = true)]
async fn functions_of_one_key_and_of_many_share_old_values() {
    let state = AtomicU32::new(WELL);
    assert_eq!(one(1, &state).await, Ok(10));
    assert_eq!(many(vec![2], &state).await, Ok(Pairs::from([(2, 20)])));
    advance(MINUTE).await;
    state.store(DOWN, SeqCst);
    let all = Pairs::from([(1, 10), (2, 20)]);
    assert_eq!(observe(many(vec![1, 2], &state)).await, (Ok(all), Source::Stale));
    assert_eq!(observe(one(2, &state)).await, (Ok(20), Source::Stale));
}
