//! Wakers that panic, where a waiter is woken and where its waker is replaced by another one.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aiocache_core::{Policy, SimpleMemoryCache};
use tokio::runtime::Builder;

type Call<'a> = Pin<Box<dyn Future<Output = Result<u32, String>> + 'a>>;

/// Says whether it was called.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Flag {
    fn is_set(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Panics where it is called.
struct PanicsAwake;

impl Wake for PanicsAwake {
    fn wake(self: Arc<Self>) {
        resume_unwind(Box::new("a waker panics"));
    }
}

/// Panics where the last of its clones is dropped.
struct PanicsDropped;

impl Wake for PanicsDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for PanicsDropped {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            resume_unwind(Box::new("a waker panics"));
        }
    }
}

fn poll(call: &mut Call<'_>, waker: &Waker) -> Poll<Result<u32, String>> {
    call.as_mut().poll(&mut Context::from_waker(waker))
}

/// Polls it with a waker that takes the place of `PanicsDropped`.
fn poll_and_panic(call: &mut Call<'_>) {
    let polled = catch_unwind(AssertUnwindSafe(|| poll(call, Waker::noop()).is_ready()));
    assert!(polled.is_err(), "the waker before was dropped");
}

struct Room {
    cache: SimpleMemoryCache,
    policy: Policy,
}

impl Room {
    fn new(max_wait: Duration) -> Self {
        Self {
            cache: SimpleMemoryCache::new(),
            policy: Policy::new().max_wait(max_wait),
        }
    }

    /// One that loads, and does not end.
    fn leader(&self) -> Call<'_> {
        let mut leader: Call<'_> = Box::pin(self.cache.get_or_load("k", &self.policy, pending));
        assert!(poll(&mut leader, Waker::noop()).is_pending());
        leader
    }

    /// One that would load at once, and waits.
    fn waiter(&self, waker: Waker) -> Call<'_> {
        let load = || async { Ok(1) };
        let mut waiter: Call<'_> = Box::pin(self.cache.get_or_load("k", &self.policy, load));
        assert!(poll(&mut waiter, &waker).is_pending());
        // The queue has the last one.
        drop(waker);
        waiter
    }
}

#[test]
fn a_lead_goes_to_the_next_one_where_a_waker_panics() {
    let room = Room::new(Duration::MAX);
    let leader = room.leader();
    let _first = room.waiter(Arc::new(PanicsAwake).into());
    let woken = Arc::new(Flag::default());
    let mut second = room.waiter(Arc::clone(&woken).into());
    drop(leader);
    assert!(woken.is_set());
    assert_eq!(poll(&mut second, Waker::noop()), Poll::Ready(Ok(1)));
}

#[test]
fn a_waiter_whose_poll_panics_leaves_its_place() {
    let room = Room::new(Duration::MAX);
    let leader = room.leader();
    let mut first = room.waiter(Arc::new(PanicsDropped).into());
    let woken = Arc::new(Flag::default());
    let _second = room.waiter(Arc::clone(&woken).into());
    poll_and_panic(&mut first);
    drop(first);
    drop(leader);
    assert!(woken.is_set());
}

#[test]
fn a_lead_taken_where_a_waker_panics_goes_on_to_the_next_one() {
    let room = Room::new(Duration::MAX);
    let leader = room.leader();
    let woken = Arc::new(Flag::default());
    let mut called = room.waiter(Arc::clone(&woken).into());
    let mut hasty = room.waiter(Arc::new(PanicsDropped).into());
    drop(leader);
    assert!(woken.is_set());
    // Polled for another reason, it takes the lead that the first one was called for.
    poll_and_panic(&mut hasty);
    assert_eq!(poll(&mut called, Waker::noop()), Poll::Ready(Ok(1)));
}

/// What began to wait where there are timers, and goes on where there are none, has no end to its wait.
#[test]
fn a_wait_goes_on_outside_the_runtime_where_it_began() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build();
    let runtime = runtime.expect("a runtime");
    let room = Room::new(Duration::from_millis(50));
    let leader = room.leader();
    let woken = Arc::new(Flag::default());
    let mut waiter = {
        let _inside = runtime.enter();
        room.waiter(Arc::clone(&woken).into())
    };
    while !woken.is_set() {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(poll(&mut waiter, Waker::noop()).is_pending());
    drop(leader);
    assert_eq!(poll(&mut waiter, Waker::noop()), Poll::Ready(Ok(1)));
}
