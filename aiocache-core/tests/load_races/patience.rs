//! Callers of one key share a timer, and each waits for `max_wait` at most all the same.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use aiocache_core::{Policy, SimpleMemoryCache};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::MOMENT;

const SECOND: Duration = Duration::from_secs(1);

/// A cache with a load that never ends.
async fn stuck() -> Arc<SimpleMemoryCache> {
    let cache = Arc::new(SimpleMemoryCache::new());
    let leader = Arc::clone(&cache);
    tokio::spawn(async move {
        let load = || pending::<Result<u32, String>>();
        leader.get_or_load("k", &Policy::new(), load).await
    });
    while cache.loads_under_way() == 0 {
        tokio::task::yield_now().await;
    }
    cache
}

/// Asks for the key, and says how long that took.
async fn waited(cache: &SimpleMemoryCache, max_wait: Duration) -> Duration {
    let began = Instant::now();
    let policy = Policy::new().max_wait(max_wait);
    let load = || async { Ok::<_, String>(1_u32) };
    assert_eq!(cache.get_or_load("k", &policy, load).await, Ok(1));
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn callers_who_come_one_after_the_other_wait_equally_long() {
    let cache = stuck().await;
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let cache = Arc::clone(&cache);
        // What an earlier one loads alone is no hit for those who wait already.
        callers.spawn(async move { waited(&cache, SECOND * 30).await });
        sleep(SECOND / 10).await;
    }
    for took in callers.join_all().await {
        assert!((30_000..=30_002).contains(&took.as_millis()), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hasty_caller_does_not_wait_as_long_as_a_patient_one() {
    let cache = stuck().await;
    let (patient, hasty, nobody) = tokio::join!(
        waited(&cache, SECOND * 30),
        waited(&cache, SECOND),
        waited(&cache, Duration::ZERO),
    );
    assert!((30_000..=30_002).contains(&patient.as_millis()), "{patient:?}");
    assert!((1_000..=1_002).contains(&hasty.as_millis()), "{hasty:?}");
    assert_eq!(nobody, Duration::ZERO);
}

/// The first caller made the timer that all share; its future is alive, but under a `select!` that is elsewhere.
#[tokio::test(start_paused = true)]
async fn a_caller_that_is_not_polled_any_more_holds_nobody_up() {
    let cache = stuck().await;
    let mut first = pin!(waited(&cache, SECOND));
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let second = timeout(SECOND * 5, waited(&cache, SECOND)).await;
    assert!((1_000..=1_002).contains(&second.expect("it ends").as_millis()));
    assert!(first.await >= SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_takes_nobodys_timer_along() {
    let cache = stuck().await;
    let gone = timeout(SECOND / 2, waited(&cache, SECOND));
    let (gone, stayed) = tokio::join!(gone, timeout(SECOND * 5, waited(&cache, SECOND)));
    assert!(gone.is_err(), "it waited");
    assert!((1_000..=1_002).contains(&stayed.expect("it ends").as_millis()));
}

/// The timer that callers share is one of the runtime of the first.
#[test]
fn callers_in_another_runtime_do_not_wait_for_one_that_stands_still() {
    let runtime = || -> Runtime {
        let mut builder = Builder::new_current_thread();
        builder.enable_time().build().expect("a runtime")
    };
    let still = runtime();
    let cache = still.block_on(async {
        let cache = stuck().await;
        let first = Arc::clone(&cache);
        tokio::spawn(async move { waited(&first, MOMENT).await });
        tokio::task::yield_now().await;
        cache
    });
    runtime().block_on(async {
        let took = timeout(SECOND * 10, waited(&cache, MOMENT * 2)).await;
        assert!(took.expect("it ends") >= MOMENT * 2);
    });
}
