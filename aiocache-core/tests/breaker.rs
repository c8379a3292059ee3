//! The breaker hears of the store and of nothing else.

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::testing::{Call, Intercept, Intercepted, Verdict};
use aiocache_core::{BreakerSettings, Bytes, Cache, Error, ErrorKind, JsonSerializer, MemoryBackend};
use tokio::sync::Barrier;

#[path = "support/slow.rs"]
mod slow;

use slow::{Slow, Way};
use tokio::time::{Instant, sleep};

const PAUSE: Duration = Duration::from_secs(1);

/// A store that takes `way` for everything, and a breaker that opens at once.
fn cache(way: Duration, timeout: Option<Duration>) -> Cache<Slow> {
    let way = Way {
        there: way,
        back: Duration::ZERO,
    };
    let settings = BreakerSettings::new().failures(2).pause(PAUSE);
    Cache::builder(Slow {
        read: way,
        write: way,
        ..Slow::default()
    })
    .timeout(timeout)
    .breaker(settings)
    .build()
}

async fn kind(cache: &Cache<Slow>) -> ErrorKind {
    cache
        .get::<u8>("k")
        .await
        .expect_err("the store is too slow")
        .kind()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_the_whole_timeout_opens_it() {
    let cache = cache(Duration::from_secs(60), Some(Duration::from_secs(5)));
    assert_eq!([kind(&cache).await, kind(&cache).await], [ErrorKind::Timeout; 2]);
    assert_eq!(kind(&cache).await, ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn callers_with_less_patience_than_their_cache_do_not_open_it() {
    for own in [Some(Duration::from_secs(5)), None] {
        let cache = cache(Duration::from_secs(1), own);
        let hasty = cache.with_timeout(Duration::from_millis(1));
        for _ in 0..5 {
            assert_eq!(kind(&hasty).await, ErrorKind::Timeout);
        }
        assert_eq!(cache.get::<u8>("k").await.expect("slow, and well"), None);
    }
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_on_this_side_does_not_close_it() {
    let cache = cache(Duration::from_secs(60), Some(Duration::from_secs(5)));
    assert_eq!([kind(&cache).await, kind(&cache).await], [ErrorKind::Timeout; 2]);
    tokio::time::advance(PAUSE).await;
    let refused = cache.with_ttl(Duration::ZERO).set("k", &1_u8).await;
    assert_eq!(refused.expect_err("no ttl").kind(), ErrorKind::InvalidTtl);
    assert_eq!(kind(&cache).await, ErrorKind::Unavailable, "still open");
}

#[tokio::test(start_paused = true)]
async fn while_it_is_open_no_caller_waits_for_the_store() {
    let cache = cache(Duration::from_secs(60), Some(Duration::from_secs(5)));
    assert_eq!([kind(&cache).await, kind(&cache).await], [ErrorKind::Timeout; 2]);
    let start = Instant::now();
    for _ in 0..1000 {
        assert_eq!(kind(&cache).await, ErrorKind::Unavailable);
        sleep(PAUSE / 20).await;
    }
    // Each sleep may take a millisecond more than asked for.
    let waited = start.elapsed() - 1000 * (PAUSE / 20);
    assert!(waited <= Duration::from_secs(1), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn it_closes_when_the_store_answers_a_try_in_the_background() {
    let fast = Way::default();
    let slow = Way {
        there: Duration::from_secs(60),
        back: Duration::ZERO,
    };
    // Reads are slow, and a ping is not.
    let settings = BreakerSettings::new().failures(2).pause(PAUSE);
    let backend = Slow {
        read: fast,
        write: slow,
        ..Slow::default()
    };
    let cache: Cache<Slow> = Cache::builder(backend).breaker(settings).build();
    for _ in 0..2 {
        let late = cache.delete("k").await.expect_err("slow");
        assert_eq!(late.kind(), ErrorKind::Timeout);
    }
    assert_eq!(kind(&cache).await, ErrorKind::Unavailable, "within the pause");
    tokio::time::advance(PAUSE).await;
    assert_eq!(kind(&cache).await, ErrorKind::Unavailable, "has the store tried");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(cache.get::<u8>("k").await.expect("closed"), None);
}

/// A connection that breaks whenever this many increments are under way on it.
#[derive(Clone)]
struct Breaking(Arc<Barrier>);

impl Intercept for Breaking {
    async fn before(&self, call: &Call<'_>) -> Verdict {
        if call.method != "increment" {
            return Verdict::Run;
        }
        self.0.wait().await;
        Verdict::LoseAnswer(Error::new(ErrorKind::Unknown, "the connection broke"))
    }
}

/// A cache over such a connection, whose breaker opens after five failures.
fn breaking(increments: usize) -> Cache<Intercepted<MemoryBackend<Bytes>, Breaking>, JsonSerializer> {
    let breaking = Breaking(Arc::new(Barrier::new(increments)));
    let backend = Intercepted::new(MemoryBackend::new(), breaking).remote();
    let builder = Cache::builder(backend).serializer(JsonSerializer);
    builder.breaker(BreakerSettings::new().failures(5)).build()
}

#[tokio::test(start_paused = true)]
async fn commands_that_one_broken_connection_fails_do_not_open_it() {
    let cache = breaking(5);
    let all: tokio::task::JoinSet<_> = (0..5)
        .map(|_| {
            let cache = cache.clone();
            async move { cache.increment("n", 1).await }
        })
        .collect();
    for answer in all.join_all().await {
        assert_eq!(answer.expect_err("it broke").kind(), ErrorKind::Unknown);
    }
    assert_eq!(cache.get::<u8>("k").await.expect("the store is there"), None);
}

#[tokio::test(start_paused = true)]
async fn connections_that_break_one_after_another_open_it() {
    let cache = breaking(1);
    for _ in 0..5 {
        let lost = cache.increment("n", 1).await.expect_err("it broke");
        assert_eq!(lost.kind(), ErrorKind::Unknown);
    }
    let refused = cache.get::<u8>("k").await.expect_err("the breaker is open");
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
}
