//! `RedLock` over a store whose clock takes two seconds at once now and then, as memcached's does: a ttl of `n` seconds
//! may last little more than `n - 2`.

#[path = "support/ticking.rs"]
mod ticking;

use std::time::Duration;

use aiocache_core::{Cache, RedLock};
use ticking::{TICK, TICKS_TO_THE_STEP, Ticking};
use tokio::time::{Instant, sleep};

const LEASE: Duration = Duration::from_secs(1);
/// Between two looks at a lock.
const LOOK: Duration = Duration::from_millis(10);

async fn before_the_step(seconds: u32) -> Cache<Ticking> {
    let cache = Cache::builder(Ticking::new()).build();
    sleep(TICK * (TICKS_TO_THE_STEP - seconds)).await;
    cache
}

async fn is_locked(cache: &Cache<Ticking>) -> bool {
    cache.exists("key-lock").await.expect("memory answers")
}

#[tokio::test(start_paused = true)]
async fn a_lock_kept_alive_is_not_lost_when_the_clock_takes_two_seconds_at_once() {
    let cache = before_the_step(5).await;
    let lock = RedLock::new(&cache, "key", LEASE).keep_alive(true);
    let guard = lock.try_acquire().await.expect("answered").expect("free");
    sleep(TICK * 10).await;
    assert!(guard.remaining() > Duration::ZERO);
    assert!(guard.release().await.expect("answered"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_lasts_its_time_whenever_it_is_taken_and_at_most_three_seconds_more() {
    for lease in [LEASE, Duration::from_millis(50), Duration::from_millis(1001)] {
        for moment in 0..40 {
            let cache = before_the_step(3).await;
            sleep(TICK / 10 * moment).await;
            let lock = RedLock::new(&cache, "key", lease);
            let taken = Instant::now();
            let guard = lock.try_acquire().await.expect("answered").expect("free");
            sleep(guard.remaining() - Duration::from_millis(2)).await;
            assert!(is_locked(&cache).await, "{lease:?}, {moment}: gone early");
            // As one that dies: nothing is released.
            std::mem::forget(guard);
            while is_locked(&cache).await {
                sleep(LOOK).await;
            }
            let lasted = taken.elapsed();
            assert!(
                lasted <= lease + 3 * TICK + LOOK,
                "{lease:?}, {moment}: {lasted:?}"
            );
        }
    }
}
