//! `detached`: loads that go on without their caller.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use aiocache_core::{SimpleMemoryCache, Source, observe, scope};
use aiocache_macros::cached;
use tokio::time::{sleep, timeout};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

const SECOND: Duration = Duration::from_secs(1);

#[cached(cache = CACHE, detached, skip(loads))]
async fn slow(id: u32, name: &str, loads: &Arc<AtomicU32>, (a, b): (u32, u32)) -> Result<String, String> {
    loads.fetch_add(1, Ordering::Relaxed);
    sleep(SECOND).await;
    if name.is_empty() {
        return Err("no name".into());
    }
    Ok(format!("{name}{}", id + a + b))
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_does_not_stop_the_load() {
    let loads = Arc::new(AtomicU32::new(0));
    let gone = timeout(SECOND / 2, slow(1, "a", &loads, (1, 1))).await;
    assert!(gone.is_err());
    sleep(SECOND).await;
    let (value, source) = observe(slow(1, "a", &loads, (1, 1))).await;
    assert_eq!((value.as_deref(), source), (Ok("a3"), Source::Hit));
    assert_eq!(loads.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_share_it_and_errors_are_not_stored() {
    let loads = Arc::new(AtomicU32::new(0));
    let (first, second) = tokio::join!(
        observe(slow(2, "b", &loads, (0, 0))),
        observe(slow(2, "b", &loads, (0, 0)))
    );
    assert_eq!((first.0.as_deref(), first.1), (Ok("b2"), Source::Loaded));
    assert_eq!((second.0.as_deref(), second.1), (Ok("b2"), Source::Shared));
    assert!(slow(3, "", &loads, (0, 0)).await.is_err());
    assert_eq!(loads.load(Ordering::Relaxed), 2);
    assert!(slow(3, "", &loads, (0, 0)).await.is_err());
    assert_eq!(loads.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn a_scope_reaches_into_the_task() {
    let loads = Arc::new(AtomicU32::new(0));
    scope()
        .write(false)
        .run(slow(4, "d", &loads, (0, 0)))
        .await
        .unwrap();
    slow(4, "d", &loads, (0, 0)).await.unwrap();
    assert_eq!(
        loads.load(Ordering::Relaxed),
        2,
        "the first one was not to be stored"
    );
}

#[derive(Clone)]
struct Shop {
    cache: SimpleMemoryCache,
    name: String,
}

impl Shop {
    #[cached(cache = self.cache, detached, skip(self))]
    async fn borrowed(&self, mut id: u32) -> Option<String> {
        id += 1;
        let label = format!("{}", self.name);
        let nested = { self.label() };
        sleep(SECOND).await;
        Some(format!("{label}{nested}{id}"))
    }

    #[cached(cache = self.cache, detached, skip(self))]
    async fn shared(self: Arc<Self>, ids: &[u32]) -> Option<String> {
        sleep(SECOND).await;
        Some(format!("{}{ids:?}", self.name))
    }

    fn label(&self) -> &str {
        &self.name
    }
}

#[async_trait::async_trait]
trait Stock {
    async fn count(&self, id: &str) -> Option<String>;
}

#[async_trait::async_trait]
impl Stock for Shop {
    #[cached(cache = self.cache, detached, skip(self))]
    async fn count(&self, id: &str) -> Option<String> {
        sleep(SECOND).await;
        Some(self.name.clone() + id)
    }
}

#[tokio::test(start_paused = true)]
async fn methods_take_a_clone_of_themselves_along() {
    let shop = Shop {
        cache: SimpleMemoryCache::new(),
        name: "s".into(),
    };
    let arc = Arc::new(shop.clone());
    assert!(timeout(SECOND / 2, shop.borrowed(1)).await.is_err());
    assert!(timeout(SECOND / 2, arc.clone().shared(&[1, 2])).await.is_err());
    assert!(timeout(SECOND / 2, shop.count("x")).await.is_err());
    sleep(SECOND).await;
    assert_eq!(shop.cache.loads_under_way(), 0);
    let hit = |value: &str| (Some(value.to_owned()), Source::Hit);
    assert_eq!(observe(shop.borrowed(1)).await, hit("ss2"));
    assert_eq!(observe(arc.shared(&[1, 2])).await, hit("s[1, 2]"));
    assert_eq!(observe(shop.count("x")).await, hit("sx"));
}

#[cached(cache = CACHE, detached)]
async fn fatal(id: u32) -> Option<u32> {
    assert!(id > 100, "no such id");
    Some(id)
}

#[tokio::test]
async fn a_panic_is_its_callers_and_leaves_nothing_behind() {
    let panicked = tokio::spawn(fatal(1)).await.expect_err("it panics");
    assert!(panicked.is_panic());
    assert_eq!(fatal(101).await, Some(101));
}

#[cached(cache = CACHE, detached, key = "loop:{depth}", max_wait = 5)]
async fn recursive(depth: u32) -> Option<u32> {
    if depth > 1 {
        return Some(depth);
    }
    // Its own key once, as long as nothing is cached.
    Box::pin(inner_call()).await
}

static DEPTH: AtomicU32 = AtomicU32::new(0);

fn inner_call() -> std::pin::Pin<Box<dyn Future<Output = Option<u32>> + Send>> {
    Box::pin(async {
        if DEPTH.fetch_add(1, Ordering::Relaxed) == 0 {
            recursive(1).await
        } else {
            Some(7)
        }
    })
}

#[tokio::test(start_paused = true)]
async fn a_load_that_asks_for_its_own_key_runs_it_at_once() {
    let begin = tokio::time::Instant::now();
    assert_eq!(recursive(1).await, Some(7));
    assert_eq!(begin.elapsed(), Duration::ZERO);
}
