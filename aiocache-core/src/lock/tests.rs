//! What of the locks only this crate can see.

use std::time::Duration;

use super::RedLock;
use crate::SimpleMemoryCache;

#[tokio::test(start_paused = true)]
async fn lines_of_waiters_leave_nothing_behind() {
    let cache = SimpleMemoryCache::new();
    let lock = RedLock::new(&cache, "key", Duration::from_secs(60));
    let guard = lock.try_acquire().await.expect("memory answers").expect("free");
    for dropped in [true, false] {
        let waiters: Vec<_> = (0..100)
            .map(|_| {
                let lock = lock.clone().max_wait(Duration::from_secs(1));
                tokio::spawn(async move { lock.acquire().await.expect("memory answers").is_some() })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(cache.core.locks.len(), 1);
        for waiter in waiters {
            if dropped {
                waiter.abort();
                assert!(waiter.await.expect_err("aborted").is_cancelled());
            } else {
                assert!(!waiter.await.expect("no panic"));
            }
        }
        assert_eq!(cache.core.locks.len(), 0);
    }
    drop(guard);
}

#[tokio::test]
async fn every_future_of_a_lock_can_be_spawned() {
    fn spawnable<T: Send>(future: T) -> T {
        future
    }
    let cache = SimpleMemoryCache::new();
    let lock = RedLock::new(&cache, "key", Duration::from_secs(60));
    let guard = spawnable(lock.acquire()).await.expect("memory answers");
    let guard = guard.expect("free");
    assert!(spawnable(guard.extend()).await.expect("memory answers"));
    assert!(spawnable(guard.release()).await.expect("memory answers"));
    let ran = spawnable(lock.run(async { 1 })).await.expect("memory answers");
    assert_eq!(ran, Some(1));
    let optimistic = super::OptimisticLock::new(&cache, "value");
    let (value, snapshot) = spawnable(optimistic.read::<u8>()).await.expect("memory answers");
    assert_eq!(value, None);
    spawnable(snapshot.cas(&1_u8)).await.expect("nobody else wrote");
    spawnable(optimistic.acquire())
        .await
        .expect("memory answers")
        .cas(&2_u8)
        .await
        .expect("nobody else wrote");
}
