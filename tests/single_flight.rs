//! One load per key at a time: what the callers of a decorated function see.

use std::future::Future;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use aiocache::{SimpleMemoryCache, cached};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::{Instant, sleep};

static CACHE: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);

/// How long each load here takes.
const LOAD: Duration = Duration::from_millis(100);
const CALLERS: usize = 1000;

/// Many callers at once.
fn spawn_all<T: Send + 'static, F>(call: impl Fn() -> F) -> Vec<JoinHandle<T>>
where
    F: Future<Output = T> + Send + 'static,
{
    (0..CALLERS).map(|_| tokio::spawn(call())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_start_one_load() {
    static OWN: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
    static STARTS: AtomicU32 = AtomicU32::new(0);

    #[cached(cache = OWN)]
    async fn load(id: u32) -> Option<String> {
        STARTS.fetch_add(1, SeqCst);
        sleep(LOAD).await;
        Some(id.to_string())
    }

    for task in spawn_all(|| load(1)) {
        assert_eq!(task.await.unwrap().as_deref(), Some("1"));
    }
    assert_eq!(STARTS.load(SeqCst), 1);
    assert_eq!(OWN.loads_under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_is_clone_is_shared_with_those_who_wait() {
    static STARTS: AtomicU32 = AtomicU32::new(0);

    #[cached(cache = CACHE)]
    async fn load(id: u32) -> Result<u32, String> {
        let start = STARTS.fetch_add(1, SeqCst);
        sleep(LOAD).await;
        Err(format!("{id}, start {start}"))
    }

    let begin = Instant::now();
    for task in spawn_all(|| load(1)) {
        assert_eq!(task.await.unwrap(), Err("1, start 0".to_owned()));
    }
    assert_eq!((STARTS.load(SeqCst), begin.elapsed()), (1, LOAD));
    assert_eq!(load(1).await, Err("1, start 1".to_owned()), "it was not stored");
}

#[tokio::test(start_paused = true)]
async fn with_another_error_nobody_waits_for_more_than_one_failed_load() {
    static STARTS: AtomicU32 = AtomicU32::new(0);

    #[cached(cache = CACHE)]
    async fn load(id: u32) -> std::io::Result<u32> {
        let _: u32 = id;
        STARTS.fetch_add(1, SeqCst);
        sleep(LOAD).await;
        Err(std::io::Error::other("down"))
    }

    let begin = Instant::now();
    for task in spawn_all(|| load(1)) {
        assert!(task.await.unwrap().is_err());
    }
    // The timer of a runtime counts whole milliseconds.
    assert!(
        begin.elapsed() <= 2 * LOAD + Duration::from_millis(2),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(STARTS.load(SeqCst), u32::try_from(CALLERS).unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_goes_away_hands_over() {
    static OWN: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
    static STARTS: AtomicU32 = AtomicU32::new(0);

    #[cached(cache = OWN)]
    async fn load(id: u32) -> Option<u32> {
        STARTS.fetch_add(1, SeqCst);
        sleep(LOAD).await;
        Some(id)
    }

    let leader = tokio::spawn(load(1));
    yield_now().await;
    let waiters = spawn_all(|| load(1));
    sleep(LOAD / 2).await;
    leader.abort();
    for waiter in waiters {
        assert_eq!(waiter.await.unwrap(), Some(1));
    }
    assert_eq!(STARTS.load(SeqCst), 2);
    assert_eq!(OWN.loads_under_way(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_the_leaders_alone() {
    static STARTS: AtomicU32 = AtomicU32::new(0);

    #[cached(cache = CACHE)]
    async fn load(id: u32) -> Option<u32> {
        let first = STARTS.fetch_add(1, SeqCst) == 0;
        sleep(LOAD).await;
        assert!(!first, "on purpose");
        Some(id)
    }

    let mut panicked = 0;
    for task in spawn_all(|| load(1)) {
        match task.await {
            Ok(value) => assert_eq!(value, Some(1)),
            Err(error) => {
                assert!(error.is_panic());
                panicked += 1;
            }
        }
    }
    assert_eq!((panicked, STARTS.load(SeqCst)), (1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_write_during_a_load_wins_over_its_result() {
    #[cached(cache = CACHE)]
    async fn load(id: u32) -> Option<u32> {
        sleep(LOAD).await;
        Some(id)
    }

    let loading = tokio::spawn(load(1));
    sleep(LOAD / 2).await;
    load::set(&1, 50).await.unwrap();
    assert_eq!(loading.await.unwrap(), Some(1), "returned");
    assert_eq!(load(1).await, Some(50), "not stored");

    let loading = tokio::spawn(load(2));
    sleep(LOAD / 2).await;
    load::invalidate(&2).await.unwrap();
    assert_eq!(loading.await.unwrap(), Some(2));
    assert_eq!(load::peek(&2).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_calls_itself_runs_and_one_that_waits_too_long_runs_too() {
    #[cached(cache = CACHE, skip(depth))]
    async fn recursive(id: u32, depth: u32) -> Option<u32> {
        sleep(LOAD).await;
        if depth == 0 {
            return Some(id);
        }
        Box::pin(recursive(id, depth - 1))
            .await
            .map(|value| value + depth)
    }

    #[cached(cache = CACHE, max_wait = 0.25)]
    async fn stuck(id: u32) -> Option<u32> {
        sleep(LOAD).await;
        Some(id)
    }

    let begin = Instant::now();
    assert_eq!(recursive(1, 2).await, Some(4));
    assert!(begin.elapsed() < 4 * LOAD, "it never waits for itself");

    // The leader is alive, but nobody polls it.
    let mut leader = Box::pin(stuck(1));
    assert!(tokio::time::timeout(LOAD / 2, &mut leader).await.is_err());
    let begin = Instant::now();
    assert_eq!(stuck(1).await, Some(1));
    assert!(
        begin.elapsed() < Duration::from_millis(360),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(leader.await, Some(1));
}
