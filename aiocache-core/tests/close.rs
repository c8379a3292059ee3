//! A cache that closes ends what it does in the background first.

#[path = "support/slow.rs"]
mod slow;

use std::time::Duration;

use aiocache_core::{Backend, Cache, ErrorKind, Policy, Want, scope};
use slow::{Slow, Way};
use tokio::time::Instant;

const WRITE: Duration = Duration::from_millis(100);

fn cache() -> Cache<Slow> {
    let write = Way {
        there: WRITE,
        back: Duration::ZERO,
    };
    Cache::builder(Slow {
        write,
        ..Slow::default()
    })
    .build()
}

async fn load_without_waiting(cache: &Cache<Slow>) {
    let policy = Policy::new();
    let load = cache.get_or_load("k", &policy, || async { Ok::<_, String>(1_u8) });
    let before = Instant::now();
    assert_eq!(scope().wait_for_write(false).run(load).await, Ok(1));
    assert!(before.elapsed() < WRITE, "the caller does not wait for the store");
}

#[tokio::test(start_paused = true)]
async fn close_waits_for_stores_in_the_background() {
    let cache = cache();
    load_without_waiting(&cache).await;
    cache.close().await.expect("closed");
    let stored = cache.backend().inner.read("k", Want::VALUE, |_| ()).await;
    assert_eq!(stored.expect("memory answers"), Some(()));
}

#[tokio::test(start_paused = true)]
async fn close_waits_no_longer_than_the_timeout() {
    let cache = cache();
    load_without_waiting(&cache).await;
    let closed = cache.with_timeout(WRITE / 2).close().await;
    assert_eq!(closed.expect_err("too short").kind(), ErrorKind::Timeout);
}
