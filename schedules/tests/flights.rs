//! Single flight under many schedules, in memory and behind a wire.

#![cfg(aiocache_shuttle)]

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use aiocache_core::{Backend, Cache, Dump, Load, MemoryBackend, Object, Policy};
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::rand::{Rng, thread_rng};

#[path = "../../aiocache-core/tests/support/slow.rs"]
mod slow;
mod support;

use slow::Slow;
use support::explore;

/// Runs `$test` over a memory store and over one behind a wire, as a test of each.
macro_rules! over_both {
    ($($name:ident),+ $(,)?) => {$(
        mod $name {
            use super::*;

            #[test]
            fn in_memory() {
                explore(|| block_on(super::$name(memory())));
            }

            #[test]
            fn behind_a_wire() {
                explore(|| block_on(super::$name(wire())));
            }
        }
    )+};
}

over_both! {
    callers_share_one_load,
    a_leader_that_goes_away_hands_over,
    a_waiter_that_goes_away_passes_the_lead_on,
    a_panic_is_the_leaders_alone,
    no_read_is_stale_after_a_write,
    a_set_during_a_load_stays,
    the_newer_of_two_refreshes_stays,
    bulk_calls_crosswise_load_each_key_once,
}

fn memory() -> Cache<MemoryBackend> {
    Cache::builder(MemoryBackend::builder().max_entries(8).build()).build()
}

/// No timeout, for there is no timer; each command gives way to others before and after its effect.
fn wire() -> Cache<Slow> {
    let backend = Slow {
        inner: MemoryBackend::<Object>::builder().max_entries(8).build(),
        ..Slow::default()
    };
    Cache::builder(backend).namespace("n").timeout(None).build()
}

/// A function and how often it ran.
#[derive(Debug, Clone, Default)]
struct Source(Arc<AtomicU64>);

impl Source {
    async fn load(&self) -> Result<u64, String> {
        self.0.fetch_add(1, Ordering::SeqCst);
        yield_now().await;
        Ok(7)
    }

    fn loads(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

async fn call<B: Backend>(cache: &Cache<B>, source: &Source) -> Result<u64, String>
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    cache.get_or_load("k", &Policy::new(), || source.load()).await
}

/// Polls a future so many times and then drops it.
async fn cut(future: impl Future, polls: u32) {
    let (mut future, mut left) = (pin!(future), polls);
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        future.as_mut().poll(cx).map(drop)
    })
    .await;
}

/// What a future gives, or that it panicked.
async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        },
    )
    .await
}

async fn callers_share_one_load<B: Backend>(cache: Cache<B>)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let source = Source::default();
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (cache, source) = (cache.clone(), source.clone());
            spawn(async move { call(&cache, &source).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.expect("no panic"), Ok(7));
    }
    assert_eq!((source.loads(), cache.loads_under_way()), (1, 0));
}

async fn a_leader_that_goes_away_hands_over<B: Backend>(cache: Cache<B>)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let source = Source::default();
    let polls = thread_rng().gen_range(1..6);
    let leader = {
        let (cache, source) = (cache.clone(), source.clone());
        spawn(async move { cut(call(&cache, &source), polls).await })
    };
    let callers: Vec<_> = (0..2)
        .map(|_| {
            let (cache, source) = (cache.clone(), source.clone());
            spawn(async move { call(&cache, &source).await })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.expect("no panic"), Ok(7));
    }
    leader.await.expect("no panic");
    assert!(source.loads() <= 2, "{} loads", source.loads());
    assert_eq!(cache.loads_under_way(), 0);
}

async fn a_waiter_that_goes_away_passes_the_lead_on<B: Backend>(cache: Cache<B>)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let source = Source::default();
    let mut callers = Vec::new();
    for _ in 0..2 {
        let (mine, own) = (cache.clone(), source.clone());
        let polls = thread_rng().gen_range(1..4);
        callers.push(spawn(async move { cut(call(&mine, &own), polls).await }));
    }
    // One that waits for several flights at once is told of them in another way.
    let (mine, own) = (cache.clone(), source.clone());
    let polls = thread_rng().gen_range(1..4);
    callers.push(spawn(async move { cut(bulk(&mine, &own), polls).await }));
    assert_eq!(call(&cache, &source).await, Ok(7));
    for caller in callers {
        caller.await.expect("no panic");
    }
    assert_eq!(cache.loads_under_way(), 0);
}

async fn bulk<B: Backend>(cache: &Cache<B>, source: &Source)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let load = |keys: Vec<&'static str>| async move {
        let value = source.load().await?;
        Ok::<_, String>(keys.into_iter().map(|key| (key, value)).collect())
    };
    let loaded: Result<BTreeMap<_, _>, _> = cache.multi_get_or_load(["j", "k"], &Policy::new(), load).await;
    assert_eq!(loaded, Ok(BTreeMap::from([("j", 7), ("k", 7)])));
}

async fn a_panic_is_the_leaders_alone<B: Backend>(cache: Cache<B>)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let source = Source::default();
    let callers: Vec<_> = (0..3)
        .map(|_| {
            let (cache, source) = (cache.clone(), source.clone());
            let load = move || async move {
                let first = source.loads() == 0;
                let loaded = source.load().await;
                if first {
                    // Past the panic hook, which would print it.
                    resume_unwind(Box::new("the first load panics"));
                }
                loaded
            };
            spawn(async move { caught(cache.get_or_load("k", &Policy::new(), load)).await })
        })
        .collect();
    let mut panics = 0;
    for caller in callers {
        match caller.await.expect("caught") {
            Some(value) => assert_eq!(value, Ok(7)),
            None => panics += 1,
        }
    }
    assert_eq!((panics, source.loads(), cache.loads_under_way()), (1, 2, 0));
}

/// Reads, writes and a clear of one key against a versioned source.
async fn no_read_is_stale_after_a_write<B: Backend>(cache: Cache<B>)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let (version, floor) = (Arc::new(AtomicU64::new(1)), Arc::new(AtomicU64::new(0)));
    let read = || {
        let (cache, version, floor) = (cache.clone(), Arc::clone(&version), Arc::clone(&floor));
        async move {
            let floor = floor.load(Ordering::SeqCst);
            let load = || async {
                let version = version.load(Ordering::SeqCst);
                yield_now().await;
                Ok::<_, String>(version)
            };
            let read = cache
                .get_or_load("k", &Policy::new(), load)
                .await
                .expect("it loads");
            assert!(read >= floor, "stale: {read} after {floor}");
        }
    };
    let readers = [spawn(read()), spawn(read())];
    for _ in 0..2 {
        let newest = version.fetch_add(1, Ordering::SeqCst) + 1;
        let done = match thread_rng().gen_range(0..3) {
            0 => cache.delete("k").await.map(drop),
            1 => cache.set("k", &newest).await,
            _ => cache.clear().await,
        };
        done.expect("the store answers");
        floor.store(newest, Ordering::SeqCst);
        read().await;
    }
    for reader in readers {
        reader.await.expect("no panic");
    }
    read().await;
    assert_eq!(cache.loads_under_way(), 0);
}

/// A load that began before the set was over does not replace what was set; one that begins later finds it.
async fn a_set_during_a_load_stays<B: Backend>(cache: Cache<B>)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let source = Source::default();
    let reader = {
        let (cache, source) = (cache.clone(), source.clone());
        spawn(async move { call(&cache, &source).await })
    };
    cache.set("k", &100_u64).await.expect("the store answers");
    let read = reader.await.expect("no panic");
    assert!(matches!(read, Ok(7 | 100)), "{read:?}");
    assert_eq!(cache.get::<u64>("k").await.expect("the store answers"), Some(100));
}

async fn the_newer_of_two_refreshes_stays<B: Backend>(cache: Cache<B>)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let version = Arc::new(AtomicU64::new(1));
    let refresh = || {
        let (cache, version) = (cache.clone(), Arc::clone(&version));
        async move {
            let mut key = cache.__key();
            key.__text("k");
            let load = || async {
                let version = version.load(Ordering::SeqCst);
                yield_now().await;
                version
            };
            let call = cache.__call(cache.__kind::<u64, false>().__kind().__share());
            call.__refresh(&key, Policy::new(), load).await
        }
    };
    let older = spawn(refresh());
    version.store(2, Ordering::SeqCst);
    assert_eq!(refresh().await, 2);
    older.await.expect("no panic");
    assert_eq!(cache.get::<u64>("k").await.expect("the store answers"), Some(2));
    assert_eq!(cache.loads_under_way(), 0);
}

async fn bulk_calls_crosswise_load_each_key_once<B: Backend>(cache: Cache<B>)
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let loaded = Source::default();
    let bulk = |keys: [&'static str; 2]| {
        let (cache, loaded) = (cache.clone(), loaded.clone());
        spawn(async move {
            let load = |keys: Vec<&'static str>| {
                loaded.0.fetch_add(keys.len() as u64, Ordering::SeqCst);
                async move {
                    yield_now().await;
                    Ok::<_, String>(keys.into_iter().map(|key| (key, 7_u64)).collect())
                }
            };
            cache.multi_get_or_load(keys, &Policy::new(), load).await
        })
    };
    for call in [bulk(["a", "b"]), bulk(["b", "a"])] {
        let all: Result<BTreeMap<_, _>, _> = call.await.expect("no panic");
        assert_eq!(all, Ok(BTreeMap::from([("a", 7), ("b", 7)])));
    }
    assert_eq!((loaded.loads(), cache.loads_under_way()), (2, 0));
}
