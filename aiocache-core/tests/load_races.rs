//! The load engine where things meet at the wrong moment: each test is a race that was lost once.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aiocache_core::{Backend, Cache, Command, Outcome, Plugin, Policy, SimpleMemoryCache};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

#[path = "support/slow.rs"]
mod slow;

use slow::{Slow, Way};

const MOMENT: Duration = Duration::from_millis(10);

type SlowCache = Cache<Slow>;

fn remote(read: Way, write: Way) -> Arc<SlowCache> {
    let backend = Slow {
        read,
        write,
        ..Slow::default()
    };
    Arc::new(Cache::builder(backend).build())
}

async fn value<B: Backend>(cache: &Cache<B>, key: &str) -> Option<u32>
where
    B::Serializer: aiocache_core::Load<u32, B::Raw>,
{
    cache.get(key).await.expect("the store answers")
}

/// A load that ends when it is told to, with what it is told.
async fn told(answer: oneshot::Receiver<u32>) -> Result<u32, String> {
    answer.await.map_err(|_| "nobody told".to_owned())
}

/// The value was in the store and a waiter still on its way out of the flight, so the flight did not count as ended
/// and a caller whose read had missed loaded once more.
#[tokio::test(start_paused = true)]
async fn a_read_that_was_on_its_way_when_a_load_ended_is_not_followed_by_another_load() {
    // The answer to a read is 10 times as long on its way as a store takes.
    let cache = remote(Way::new(Duration::ZERO, MOMENT * 10), Way::default());
    let starts = Arc::new(AtomicU32::new(0));
    let call = || {
        let (cache, starts) = (Arc::clone(&cache), Arc::clone(&starts));
        async move {
            let load = || async {
                starts.fetch_add(1, Ordering::SeqCst);
                sleep(MOMENT * 5).await;
                Ok::<_, String>(1_u32)
            };
            cache.get_or_load("k", &Policy::new(), load).await
        }
    };
    let leader = tokio::spawn(call());
    sleep(MOMENT).await;
    // Never polled again once it waits, so it keeps its seat.
    let mut waiter = Box::pin(call());
    assert!(timeout(MOMENT * 12, &mut waiter).await.is_err());
    let late = tokio::spawn(call());
    assert_eq!(leader.await.expect("no panic"), Ok(1));
    assert_eq!(late.await.expect("no panic"), Ok(1));
    assert_eq!(waiter.await, Ok(1));
    assert_eq!(starts.load(Ordering::SeqCst), 1);
}

/// The older of two refreshes took the right to store from the newer one.
#[tokio::test(start_paused = true)]
async fn of_two_refreshes_at_once_the_newer_one_stays() {
    for older_ends_first in [true, false] {
        let cache: SimpleMemoryCache = Cache::new();
        let refresh = |answer| {
            let call = cache.__call(cache.__kind::<Result<u32, String>, false>().__kind().__share());
            let mut key = cache.__key();
            key.__text("k");
            let policy = Policy::new();
            async move { call.__refresh(&key, policy, || told(answer)).await }
        };
        let ((tell_older, older), (tell_newer, newer)) = (oneshot::channel(), oneshot::channel());
        let (mut older, mut newer) = (pin!(refresh(older)), pin!(refresh(newer)));
        assert!(timeout(MOMENT, &mut older).await.is_err());
        assert!(timeout(MOMENT, &mut newer).await.is_err());
        if older_ends_first {
            tell_older.send(1).expect("it waits");
            assert_eq!(older.await, Ok(1));
            tell_newer.send(2).expect("it waits");
            assert_eq!(newer.await, Ok(2));
        } else {
            tell_newer.send(2).expect("it waits");
            assert_eq!(newer.await, Ok(2));
            tell_older.send(1).expect("it waits");
            assert_eq!(older.await, Ok(1));
        }
        assert_eq!(
            value(&cache, "k").await,
            Some(2),
            "older first: {older_ends_first}"
        );
    }
}

/// A plugin that deletes the key that was set, or waits before it lets go of it.
struct Meddler {
    cache: SimpleMemoryCache,
    deletes: bool,
}

impl Plugin for Meddler {
    async fn post_set(&self, command: &Command<'_>, _: &Outcome<'_>, _: Duration) {
        if self.deletes {
            let key = command.key.expect("set has a key").to_owned();
            self.cache.delete(key).await.expect("memory answers");
        } else {
            std::future::pending::<()>().await;
        }
    }
}

/// The hook waited for the end of the store that it was part of.
#[tokio::test(start_paused = true)]
async fn a_hook_may_delete_the_key_that_is_stored() {
    let plain: SimpleMemoryCache = Cache::new();
    let cache = plain.with_timeout(None).with_plugin(Meddler {
        cache: plain.clone(),
        deletes: true,
    });
    let policy = Policy::new();
    let call = cache.get_or_load("k", &policy, || async { Ok::<_, String>(1_u32) });
    assert_eq!(timeout(Duration::from_secs(60), call).await, Ok(Ok(1)));
    assert_eq!(value(&plain, "k").await, None);
    let many = |keys: Vec<&'static str>| async move {
        Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect())
    };
    let call = cache.multi_get_or_load(["a", "b"], &policy, many);
    let all: Result<BTreeMap<_, u32>, _> = timeout(Duration::from_secs(60), call).await.expect("no deadlock");
    assert_eq!(all, Ok(BTreeMap::from([("a", 1), ("b", 1)])));
}

/// A delete waited for a hook of a call that the same task had stopped polling.
#[tokio::test(start_paused = true)]
async fn a_delete_does_not_wait_for_a_hook_of_a_call_that_is_not_polled() {
    let plain: SimpleMemoryCache = Cache::new();
    let hooked = plain.with_timeout(None).with_plugin(Meddler {
        cache: plain.clone(),
        deletes: false,
    });
    let policy = Policy::new();
    let mut call = pin!(hooked.get_or_load("k", &policy, || async { Ok::<_, String>(1_u32) }));
    assert!(timeout(MOMENT, &mut call).await.is_err());
    let deleted = timeout(Duration::from_secs(60), plain.delete("k")).await;
    assert_eq!(deleted.expect("no deadlock").expect("memory answers"), 1);
    assert_eq!(value(&plain, "k").await, None);
}

/// The end of the wait was reckoned with a sum that did not fit.
#[tokio::test(start_paused = true)]
async fn a_bulk_call_may_wait_for_ever() {
    let cache: SimpleMemoryCache = Cache::new();
    let forever = Policy::new().max_wait(Duration::MAX);
    let load = |keys: Vec<&'static str>| async move {
        Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect())
    };
    let single = cache.get_or_load("a", &forever, || async {
        sleep(MOMENT).await;
        Ok::<_, String>(2_u32)
    });
    let (single, all) = tokio::join!(single, cache.multi_get_or_load(["a", "b"], &forever, load));
    assert_eq!(single, Ok(2));
    assert_eq!(all, Ok(BTreeMap::from([("a", 2), ("b", 1)])));
}

/// Each key whose leader was stuck was loaded by itself, one after the other.
#[tokio::test(start_paused = true)]
async fn keys_waited_for_too_long_are_loaded_in_one_go() {
    let cache: SimpleMemoryCache = Cache::new();
    let asked = Mutex::new(Vec::new());
    let load = |keys: Vec<&'static str>| {
        asked.lock().expect("no test panics with it").push(keys.clone());
        async move {
            sleep(MOMENT).await;
            Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect())
        }
    };
    let stuck = |_: Vec<&'static str>| std::future::pending::<Result<BTreeMap<&str, u32>, String>>();
    let policy = Policy::new().max_wait(MOMENT * 3);
    let mut leader = pin!(cache.multi_get_or_load(["a", "b", "c", "d"], &policy, stuck));
    assert!(timeout(MOMENT, &mut leader).await.is_err());
    let all = cache
        .multi_get_or_load(["a", "b", "c", "d", "e"], &policy, load)
        .await;
    assert_eq!(all.map(|all: BTreeMap<_, _>| all.len()), Ok(5));
    let asked = asked.into_inner().expect("no test panics with it");
    assert_eq!(asked, [vec!["e"], vec!["a", "b", "c", "d"]]);
}

/// While a call waited for one key, the leader of another went away, and nobody loaded that one.
#[tokio::test(start_paused = true)]
async fn a_bulk_call_takes_over_any_key_whose_leader_goes_away() {
    let cache: Arc<SimpleMemoryCache> = Arc::new(Cache::new());
    let single = |key: &'static str, answer| {
        let cache = Arc::clone(&cache);
        tokio::spawn(async move { cache.get_or_load(key, &Policy::new(), || told(answer)).await })
    };
    let ((_silent, a), (tell, b)) = (oneshot::channel(), oneshot::channel());
    let (a, b) = (single("a", a), single("b", b));
    sleep(MOMENT).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let bulk = {
        let (cache, asked) = (Arc::clone(&cache), Arc::clone(&asked));
        let load = move |keys: Vec<&'static str>| {
            asked.lock().expect("no test panics with it").extend(keys.clone());
            async move { Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect()) }
        };
        async move {
            cache
                .multi_get_or_load::<BTreeMap<_, u32>, _, _, _, _>(["a", "b"], &Policy::new(), load)
                .await
        }
    };
    let bulk = tokio::spawn(bulk);
    sleep(MOMENT).await;
    a.abort();
    sleep(MOMENT).await;
    assert_eq!(*asked.lock().expect("no test panics with it"), ["a"]);
    tell.send(2).expect("it waits");
    assert_eq!(b.await.expect("no panic"), Ok(2));
    assert_eq!(
        bulk.await.expect("no panic"),
        Ok(BTreeMap::from([("a", 1), ("b", 2)]))
    );
}

/// Polls a future on this thread, without any runtime.
fn block_on<F: Future>(future: F) -> F::Output {
    struct Thread(std::thread::Thread);

    impl Wake for Thread {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Thread(std::thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

/// A caller that had to wait asked for a timer where there is none.
#[test]
fn callers_share_a_load_outside_every_runtime() {
    let cache: SimpleMemoryCache = Cache::new();
    let starts = AtomicU32::new(0);
    let call = || {
        let load = || {
            starts.fetch_add(1, Ordering::SeqCst);
            let mut turns = 0;
            std::future::poll_fn(move |cx| {
                std::thread::sleep(Duration::from_millis(5));
                turns += 1;
                cx.waker().wake_by_ref();
                if turns < 10 {
                    Poll::Pending
                } else {
                    Poll::Ready(Ok::<_, String>(1_u32))
                }
            })
        };
        block_on(cache.get_or_load("k", &Policy::new(), load))
    };
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..4).map(|_| scope.spawn(call)).collect();
        for caller in callers {
            assert_eq!(caller.join().expect("no panic"), Ok(1));
        }
    });
    assert_eq!(starts.load(Ordering::SeqCst), 1);
}

/// A hook that is no `async fn` and panics before it gives its future.
struct Eager;

impl Plugin for Eager {
    fn pre_get(&self, _: &Command<'_>) -> impl Future<Output = ()> + Send {
        fn give(panics: bool) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            assert!(!panics, "before there is a future");
            Box::pin(async {})
        }
        give(true)
    }
}

/// Only a panic inside the hook's future was caught.
#[tokio::test]
async fn a_hook_that_panics_before_it_gives_a_future_is_caught() {
    let cache = SimpleMemoryCache::new().with_plugin(Eager);
    cache.set("k", &1_u32).await.expect("memory answers");
    assert_eq!(value(&cache, "k").await, Some(1));
}

/// Keys without a value shared the fate of those with one, whose leads went with the store.
#[tokio::test(start_paused = true)]
async fn an_absent_key_is_stored_also_where_writes_are_not_waited_for() {
    let cache = remote(Way::default(), Way::new(MOMENT, MOMENT));
    let starts = AtomicU32::new(0);
    let call = || {
        let kind = cache.__bulk_kind::<BTreeMap<u32, u32>, true>();
        let build = |key: &mut aiocache_core::KeyBuf, one: &u32| key.__text(&one.to_string());
        let load = |keys: Vec<u32>| {
            starts.fetch_add(1, Ordering::SeqCst);
            async move {
                keys.into_iter()
                    .filter(|key| *key == 1)
                    .map(|key| (key, 10))
                    .collect()
            }
        };
        cache
            .__bulk(kind.__kind().__share())
            .__run([1, 2], build, build, Policy::new(), load)
    };
    let unwaited = aiocache_core::scope().wait_for_write(false).run(call()).await;
    sleep(MOMENT * 10).await;
    let cached = call().await;
    assert_eq!(
        (unwaited, cached),
        (BTreeMap::from([(1, 10)]), BTreeMap::from([(1, 10)]))
    );
    assert_eq!(starts.load(Ordering::SeqCst), 1);
}

/// A delete waited for a store whose runtime nobody drove, until it timed out; `clear`, which has no timeout, for ever.
#[test]
fn a_store_in_a_runtime_that_stands_still_holds_nobody_up_and_leaves_nothing_behind() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().expect("a runtime")
    };
    let still = runtime();
    let cache = remote(Way::default(), Way::new(MOMENT * 5, Duration::ZERO));
    let namespaced = cache.with_namespace("n");
    let policy = Policy::new();
    for (cache, key) in [(&*cache, "k"), (&namespaced, "k")] {
        let call = cache.get_or_load(key, &policy, || async { Ok::<_, String>(1_u32) });
        let cut = still.block_on(async { timeout(MOMENT, call).await });
        assert!(cut.is_err(), "dropped while it stores");
    }
    let limit = Duration::from_secs(4);
    runtime().block_on(async {
        timeout(limit, cache.delete("k"))
            .await
            .expect("no deadlock")
            .expect("memory answers");
        timeout(limit, namespaced.clear())
            .await
            .expect("no deadlock")
            .expect("memory answers");
    });
    still.block_on(async {
        sleep(MOMENT * 30).await;
        assert_eq!(value(&cache, "k").await, None);
        assert_eq!(value(&namespaced, "k").await, None);
    });
}

/// The read of a call had missed before the value was set, and its load began after: it replaced what was set.
#[tokio::test(start_paused = true)]
async fn a_value_set_between_a_miss_and_its_load_is_found() {
    let cache = remote(Way::new(Duration::ZERO, MOMENT * 3), Way::default());
    let (single, bulk, policy) = (AtomicU32::new(0), AtomicU32::new(0), Policy::new());
    let one = cache.get_or_load("k", &policy, || async {
        single.fetch_add(1, Ordering::SeqCst);
        Ok::<_, String>(1_u32)
    });
    let many = cache.multi_get_or_load(["a", "k"], &policy, |keys: Vec<&'static str>| {
        bulk.fetch_add(1, Ordering::SeqCst);
        async move { Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect()) }
    });
    let set = async {
        sleep(MOMENT).await;
        cache
            .multi_set([("k", &2_u32), ("a", &2)])
            .await
            .expect("written");
    };
    let (one, many, ()) = tokio::join!(one, many, set);
    assert_eq!((one, many), (Ok(2), Ok(BTreeMap::from([("a", 2), ("k", 2)]))));
    assert_eq!((single.into_inner(), bulk.into_inner()), (0, 0));
    assert_eq!(value(&cache, "k").await, Some(2));
}
