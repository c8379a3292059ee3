//! cargo run --example redlock
//!
//! Three workers in one process, one job at a time. With `REDIS_URL` set the lock is in Redis, where workers
//! of other processes find it too.

use std::time::Duration;

use aiocache::{AnyCache, RedLock, connect};

/// The job itself, which must not run beside itself.
async fn work(worker: &str) -> String {
    println!("  {worker} begins");
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("  {worker} ends");
    format!("{worker} did it")
}

#[tokio::main]
async fn main() -> aiocache::Result<()> {
    let url = std::env::var("REDIS_URL").unwrap_or_else(|_| "memory://".to_owned());
    let cache: AnyCache = connect(&url)?.with_namespace("redlock");

    // Each waits for its turn. The lease is what a worker that dies costs the others; `keep_alive` renews it.
    let lock = RedLock::new(&cache, "job", Duration::from_secs(2)).keep_alive(true);
    let turns = tokio::try_join!(
        lock.run(work("one")),
        lock.run(work("two")),
        lock.run(work("three"))
    )?;
    println!("{turns:?}");

    // Without waiting: who finds it taken does something else.
    let guard = lock.try_acquire().await?.expect("nobody works any more");
    println!("taken: {}", lock.try_acquire().await?.is_none());
    println!("left: {:.0?}", guard.remaining());
    println!("released: {}", guard.release().await?);

    // An owner who is late is told, and the next one's lock stays.
    let short = RedLock::new(&cache, "job", Duration::from_millis(50));
    let late = short.acquire().await?.expect("free");
    tokio::time::sleep(Duration::from_millis(60)).await;
    let next = lock.acquire().await?.expect("the lease is over");
    println!("tokens rise: {}", next.fencing_token() > late.fencing_token());
    println!("late: {}", late.release().await?);
    println!("next: {}", next.release().await?);
    Ok(())
}
