//! The options of loading: grace, timeouts, refreshing ahead, what stands in for a value, and the load's context.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aiocache_core::{
    Background, Error, ErrorKind, LoadContext, Policy, SimpleMemoryCache, Source, Ttl, observe,
};
use aiocache_macros::{cache_put, cached};
use tokio::time::{Instant, advance, sleep};

/// One for each test: a paused clock is a test's own, and the entries of another would look expired to it.
macro_rules! caches {
    ($($name:ident)*) => {
        $(static $name: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);)*
    };
}

caches! { FAILING PRIMED WRITTEN SLOW QUICK_ONES NAMED PAGES }

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

#[derive(Debug, PartialEq)]
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
type Says = Arc<std::sync::Mutex<Result<u32, Failure>>>;

fn says(answer: Result<u32, Failure>) -> Says {
    Arc::new(std::sync::Mutex::new(answer))
}

fn now_says(source: &Says, answer: Result<u32, Failure>) {
    *source.lock().expect("no panic") = answer;
}

fn heard(source: &Says) -> Result<u32, Failure> {
    std::mem::replace(&mut *source.lock().expect("no panic"), Err(Failure::Down))
}

#[cached(cache = FAILING, ttl = 60, grace = "1h", back_off = 5, skip(source), fail_if = |e: &Failure| *e == Failure::Down)]
async fn patient(id: u32, source: &Says) -> Result<u32, Failure> {
    heard(source).map(|value| value + id)
}

#[tokio::test(start_paused = true)]
async fn a_failed_load_serves_the_old_value_and_other_errors_are_answers() {
    let source = says(Ok(10));
    assert_eq!(observe(patient(1, &source)).await, (Ok(11), Source::Loaded));
    advance(MINUTE).await;
    assert_eq!(
        patient::peek(&1).await.unwrap(),
        None,
        "a peek is for what is within its ttl"
    );
    assert_eq!(observe(patient(1, &source)).await, (Ok(11), Source::Stale));
    now_says(&source, Err(Failure::Unknown));
    advance(SECOND * 5).await;
    assert_eq!(patient(1, &source).await, Err(Failure::Unknown));
    assert!(patient::invalidate(&1).await.unwrap());
    assert_eq!(patient(1, &source).await, Err(Failure::Down));
}

#[cached(cache = PRIMED, ttl = 60, grace = "1h", skip(source))]
async fn primed(id: u32, source: &Says) -> Result<u32, Failure> {
    let _: u32 = id;
    heard(source)
}

#[tokio::test(start_paused = true)]
async fn what_a_control_sets_has_the_grace_too() {
    primed::set(&2, 20).await.unwrap();
    assert_eq!(primed::peek(&2).await.unwrap(), Some(Ok(20)));
    advance(MINUTE).await;
    assert_eq!(
        observe(primed(2, &says(Err(Failure::Down)))).await,
        (Ok(20), Source::Stale)
    );
    assert_eq!(
        primed::refresh(2, &says(Err(Failure::Down))).await,
        Err(Failure::Down)
    );
    assert_eq!(
        observe(primed(2, &says(Err(Failure::Down)))).await,
        (Ok(20), Source::Stale)
    );
}

#[cache_put(cache = WRITTEN, key = "put:{id}", ttl = 60, grace = 60, jitter = 0.1)]
async fn put(id: u32) -> Result<u32, Failure> {
    Ok(id)
}

#[cached(cache = WRITTEN, key = "put:{id}", ttl = 60, grace = 60, fallback = id + 1000)]
async fn get(id: u32) -> Result<u32, Failure> {
    let _: u32 = id;
    Err(Failure::Down)
}

#[tokio::test(start_paused = true)]
async fn a_writer_with_the_grace_of_its_reader_and_a_fallback_for_the_first_call() {
    assert_eq!(get(3).await, Ok(1003));
    assert_eq!(get::peek(&3).await.unwrap(), None);
    put(3).await.unwrap();
    assert_eq!(observe(get(3)).await, (Ok(3), Source::Hit));
    advance(MINUTE).await;
    assert_eq!(observe(get(3)).await, (Ok(3), Source::Stale));
    advance(MINUTE).await;
    assert_eq!(get(3).await, Ok(1003));
}

#[cached(cache = SLOW, ttl = 60, hard_timeout = 2, on_timeout = Err(Failure::Slow))]
async fn answers_for_itself(id: u32) -> Result<u32, Failure> {
    sleep(MINUTE).await;
    Ok(id)
}

#[cached(cache = SLOW, ttl = 60, hard_timeout = "2s")]
async fn answers_by_its_error(id: u32) -> Result<Option<u32>, Failure> {
    sleep(MINUTE).await;
    Ok(Some(id))
}

#[cached(cache = SLOW, ttl = 60, hard_timeout = 2, on_timeout = name.len())]
async fn answers_with_an_argument(name: String) -> usize {
    sleep(MINUTE).await;
    name.len()
}

#[tokio::test(start_paused = true)]
async fn a_load_that_takes_too_long_is_answered() {
    let before = Instant::now();
    assert_eq!(answers_for_itself(1).await, Err(Failure::Slow));
    assert_eq!(
        answers_by_its_error(1).await,
        Err(Failure::Cache(ErrorKind::Timeout))
    );
    assert_eq!(answers_with_an_argument("four".to_owned()).await, 4);
    assert_eq!((before.elapsed(), SLOW.loads_under_way()), (SECOND * 6, 0));
}

static STARTS: AtomicU32 = AtomicU32::new(0);

#[cached(cache = QUICK_ONES, ttl = 60, grace = 60, soft_timeout = 0, refresh_ahead = 0.5, jitter = 0.01)]
async fn quick(name: &str, list: &[u32]) -> Result<usize, Failure> {
    STARTS.fetch_add(1, SeqCst);
    sleep(SECOND).await;
    Ok(name.len() + list.len())
}

#[tokio::test(start_paused = true)]
async fn borrowed_arguments_are_taken_along_into_the_background() {
    let ask = || async { observe(quick(&String::from("four"), &[1, 2])).await };
    assert_eq!(ask().await, (Ok(6), Source::Loaded));
    advance(SECOND * 31).await;
    assert_eq!(ask().await, (Ok(6), Source::Hit));
    sleep(SECOND * 2).await;
    assert_eq!(STARTS.load(SeqCst), 2, "refreshed ahead");
    advance(SECOND * 61).await;
    assert_eq!(ask().await, (Ok(6), Source::Stale));
    sleep(SECOND * 2).await;
    assert_eq!((ask().await, STARTS.load(SeqCst)), ((Ok(6), Source::Hit), 3));
}

static PATIENT: Policy = Policy::new().const_ttl(Ttl::seconds(60)).grace(MINUTE);
static QUICK: LazyLock<Policy<Background>> = LazyLock::new(|| PATIENT.clone().soft_timeout(Duration::ZERO));
const TIMED: Policy<aiocache_core::Timed> = Policy::new().hard_timeout(SECOND);

#[cached(cache = NAMED, policy = PATIENT, skip(source))]
async fn by_name(id: u32, source: &Says) -> Result<u32, Failure> {
    let _: u32 = id;
    heard(source)
}

#[cached(cache = NAMED, policy = QUICK, ttl = 30, detached, skip(source))]
async fn by_name_in_the_background(source: &Says) -> Result<u32, Failure> {
    heard(source)
}

#[cached(cache = NAMED, policy = TIMED)]
async fn by_name_with_a_timeout() -> Result<u32, Failure> {
    sleep(MINUTE).await;
    Ok(1)
}

#[tokio::test(start_paused = true)]
async fn a_policy_has_a_name_and_options_go_on_top() {
    let source = says(Ok(1));
    assert_eq!(by_name(1, &source).await, Ok(1));
    advance(MINUTE).await;
    assert_eq!(observe(by_name(1, &source)).await, (Ok(1), Source::Stale));
    let source = says(Ok(2));
    assert_eq!(by_name_in_the_background(&source).await, Ok(2));
    now_says(&source, Ok(3));
    advance(SECOND * 30).await;
    assert_eq!(
        observe(by_name_in_the_background(&source)).await,
        (Ok(2), Source::Stale)
    );
    sleep(SECOND).await;
    assert_eq!(
        observe(by_name_in_the_background(&source)).await,
        (Ok(3), Source::Hit)
    );
    assert_eq!(
        by_name_with_a_timeout().await,
        Err(Failure::Cache(ErrorKind::Timeout))
    );
}

#[cached(cache = PAGES, key = "page:{id}", ttl = 60, grace = "1h", context = load)]
async fn page(id: u32, load: LoadContext<String>, changed: bool) -> Result<String, Failure> {
    if !changed && let Some(old) = load.not_modified() {
        return Ok(old);
    }
    load.set_ttl(SECOND * 10);
    Ok(format!("page {id}"))
}

struct Shop(SimpleMemoryCache);

impl Shop {
    #[cached(cache = self.0, skip(self), ttl = 60, grace = 60, soft_timeout = 0.5, context = load)]
    async fn price(self: Arc<Self>, id: u32, mut load: LoadContext<u32>) -> Option<u32> {
        load = load.clone();
        Some(load.take_stale().map_or(id, |old| old + 1))
    }
}

#[tokio::test(start_paused = true)]
async fn a_context_is_an_argument_that_callers_do_not_pass() {
    assert_eq!(page(1, true).await.as_deref(), Ok("page 1"));
    advance(SECOND * 10).await;
    assert_eq!(
        observe(page(1, false)).await,
        (Ok("page 1".to_owned()), Source::Loaded)
    );
    advance(SECOND * 59).await;
    assert_eq!(observe(page(1, true)).await.1, Source::Hit);
    assert_eq!(page::uncached(2, false).await.as_deref(), Ok("page 2"));
    let shop = Arc::new(Shop(SimpleMemoryCache::new()));
    assert_eq!(Arc::clone(&shop).price(5).await, Some(5));
    advance(MINUTE).await;
    assert_eq!(shop.price(5).await, Some(6));
}
