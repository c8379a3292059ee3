//! Single flight under load: one start, nobody left waiting, nothing left behind.
//!
//! Short by default; `AIOCACHE_STRESS=10` runs ten times as many rounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache_core::{Backend, Cache, Load, MemoryBackend, Policy, SimpleMemoryCache};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

#[path = "support/slow.rs"]
mod slow;
#[path = "support/stress.rs"]
mod stress;

use slow::Slow;
use stress::times;

const CALLERS: usize = 1_000;
const LOAD: Duration = Duration::from_millis(100);

/// What happens to the leader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    Aborted,
    Panics,
}

/// Lets a crowd meet one missing key. Gives the starts, and how many callers got the value.
async fn round<B: Backend>(cache: &Cache<B>, key: &str, fault: Fault) -> (u32, usize)
where
    B::Serializer: Load<u32, B::Raw> + aiocache_core::Dump<u32, B::Raw>,
{
    let starts = Arc::new(AtomicU32::new(0));
    let call = || {
        let (cache, key, starts) = (cache.clone(), key.to_owned(), Arc::clone(&starts));
        async move {
            let load = || async {
                let first = starts.fetch_add(1, Ordering::SeqCst) == 0;
                sleep(LOAD).await;
                if first && fault == Fault::Panics {
                    // Past the panic hook, which would print it.
                    std::panic::resume_unwind(Box::new("the first load panics"));
                }
                Ok::<_, String>(7_u32)
            };
            cache.get_or_load(key, &Policy::new(), load).await
        }
    };
    let mut tasks = JoinSet::new();
    let leader = tasks.spawn(call());
    sleep(LOAD / 2).await;
    for _ in 1..CALLERS {
        tasks.spawn(call());
    }
    sleep(LOAD / 4).await;
    if fault == Fault::Aborted {
        leader.abort();
    }
    let mut served = 0;
    let all = async {
        while let Some(done) = tasks.join_next().await {
            served += usize::from(done.is_ok_and(|result| result == Ok(7)));
        }
    };
    timeout(LOAD * 20, all).await.expect("nobody hangs");
    (starts.load(Ordering::SeqCst), served)
}

async fn rounds<B: Backend>(cache: Cache<B>, rounds: u32)
where
    B::Serializer: Load<u32, B::Raw> + aiocache_core::Dump<u32, B::Raw>,
{
    for number in 0..times(rounds) {
        for (fault, expected) in [
            (Fault::Nothing, (1, CALLERS)),
            (Fault::Aborted, (2, CALLERS - 1)),
            (Fault::Panics, (2, CALLERS - 1)),
        ] {
            let got = round(&cache, &format!("{fault:?} {number}"), fault).await;
            assert_eq!(got, expected, "{fault:?}, round {number}");
        }
    }
    assert_eq!(cache.loads_under_way(), 0);
}

// P10.
#[tokio::test(start_paused = true)]
async fn one_load_serves_a_thousand_callers_in_every_round() {
    rounds(SimpleMemoryCache::new(), 100).await;
}

// P10.
#[tokio::test(start_paused = true)]
async fn one_load_serves_a_thousand_callers_in_every_round_behind_a_wire() {
    rounds(Cache::builder(Slow::<MemoryBackend>::default()).build(), 30).await;
}

/// A thousand callers on several threads, with no clock to keep them in step.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_on_several_threads_share_one_load() {
    let memory = SimpleMemoryCache::new();
    let wire = Cache::builder(Slow::<MemoryBackend>::default()).build();
    for number in 0..times(100) {
        assert_eq!(threads(&memory, number).await, 1, "memory, round {number}");
        assert_eq!(threads(&wire, number).await, 1, "wire, round {number}");
    }
    assert_eq!((memory.loads_under_way(), wire.loads_under_way()), (0, 0));
}

async fn threads<B: Backend>(cache: &Cache<B>, number: u32) -> u32
where
    B::Serializer: Load<u32, B::Raw> + aiocache_core::Dump<u32, B::Raw>,
{
    let starts = Arc::new(AtomicU32::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let (cache, starts) = (cache.clone(), Arc::clone(&starts));
        tasks.spawn(async move {
            let load = || async {
                starts.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok::<_, String>(7_u32)
            };
            cache.get_or_load(number.to_string(), &Policy::new(), load).await
        });
    }
    let all = timeout(Duration::from_secs(10), tasks.join_all()).await;
    assert!(all.expect("nobody hangs").iter().all(|result| *result == Ok(7)));
    starts.load(Ordering::SeqCst)
}

// P11.
#[tokio::test(start_paused = true)]
async fn errors_do_not_multiply() {
    let cache = SimpleMemoryCache::new();
    for (policy, starts_expected, most) in [
        (Policy::new().share_error::<String>(), 1, LOAD),
        (Policy::new(), 1_000, LOAD * 2),
    ] {
        for _ in 0..times(10) {
            let starts = Arc::new(AtomicU32::new(0));
            let before = Instant::now();
            let mut tasks = JoinSet::new();
            for _ in 0..CALLERS {
                let (cache, starts, policy) = (cache.clone(), Arc::clone(&starts), policy.clone());
                tasks.spawn(async move {
                    let load = || async {
                        starts.fetch_add(1, Ordering::SeqCst);
                        sleep(LOAD).await;
                        Err::<u32, _>("down".to_owned())
                    };
                    cache.get_or_load("k", &policy, load).await
                });
            }
            let results = tasks.join_all().await;
            assert!(results.iter().all(|result| *result == Err("down".to_owned())));
            assert_eq!(
                (starts.load(Ordering::SeqCst), before.elapsed()),
                (starts_expected, most)
            );
            assert!(!cache.exists("k").await.expect("memory answers"));
        }
    }
    assert_eq!(cache.loads_under_way(), 0);
}

// P13.
#[tokio::test(start_paused = true)]
async fn loads_that_ask_for_their_own_key_or_for_each_others_end() {
    let cache = SimpleMemoryCache::new();
    let policy = Policy::new().max_wait(LOAD * 10);
    for _ in 0..times(100) {
        let before = Instant::now();
        let own = cache.get_or_load("own", &policy, || async {
            cache
                .get_or_load("own", &policy, || async { Ok::<_, String>(1_u32) })
                .await
        });
        assert_eq!(own.await, Ok(1));
        assert_eq!(before.elapsed(), Duration::ZERO);
        let crosswise = |mine: &'static str, other: &'static str| {
            let (cache, policy) = (&cache, &policy);
            let inner = move || async { Ok::<_, String>(2_u32) };
            cache.get_or_load(mine, policy, move || async move {
                sleep(LOAD).await;
                cache.get_or_load(other, policy, inner).await
            })
        };
        let both = tokio::join!(crosswise("a", "b"), crosswise("b", "a"));
        assert_eq!(both, (Ok(2), Ok(2)));
        assert!(before.elapsed() <= LOAD * 12, "{:?}", before.elapsed());
        cache.clear().await.expect("memory answers");
    }
    assert_eq!(cache.loads_under_way(), 0);
}
