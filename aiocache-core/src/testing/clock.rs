//! Time that stands still until a test lets it pass.

use std::future::Future;
use std::time::Duration;

/// Runs a test on a runtime of its own with the clock standing still, for tests that are no
/// `#[tokio::test(start_paused = true)]`. Caches in memory follow that clock: their entries end when
/// [`pass`] or a `sleep` lets time pass, at once.
///
/// Time on a wire is real, so for Redis and memcached use an ordinary runtime.
///
/// # Panics
/// If the test does, or inside another runtime.
pub fn paused<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime of one thread needs nothing that could be missing");
    runtime.block_on(test)
}

/// Lets time pass at once, and gives tasks that wait for it their turn.
///
/// Cancel safe: once it has begun the time has passed; dropped, it gives no more turns.
///
/// # Panics
/// If the clock does not stand still.
pub async fn pass(time: Duration) {
    tokio::time::advance(time).await;
    // Each turn lets every task that is ready take a step.
    for _ in 0..16 {
        tokio::task::yield_now().await;
    }
}
