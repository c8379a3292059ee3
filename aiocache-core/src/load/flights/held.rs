//! Which flights this task leads, so that a load which asks for its own key does not wait for itself.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};

/// How many flights a cache numbers before it comes to where the next one began, as a power of 2: 12 days of a million
/// each second. There is room for 16 million caches.
const FLIGHTS: u32 = 40;

crate::sync::thread_local! {
    /// The flights whose loads are being polled on this thread, outermost first.
    static HELD: RefCell<Vec<Held>> = const { RefCell::new(Vec::new()) };
}

/// A flight whose load, or the store after it, is being polled.
#[derive(Clone, Copy)]
struct Held {
    flight: u64,
    stores: bool,
}

/// Where a new cache begins to number its flights. No two caches share a number, for a task can be part of loads of both.
pub(super) fn first_id() -> u64 {
    // Not of `crate::sync`: no schedule depends on it.
    static CACHES: AtomicU64 = AtomicU64::new(0);

    CACHES.fetch_add(1, Ordering::Relaxed) << FLIGHTS
}

/// Runs the load of these flights.
pub(crate) async fn held<F: Future>(flights: &[u64], load: F) -> F::Output {
    polled(flights, false, pin!(load)).await
}

/// Runs the store of these flights, and nothing around it. A value that it replaces may use the cache where it is dropped.
pub(crate) async fn stored<F: Future>(flights: &[u64], store: F) -> F::Output {
    polled(flights, true, pin!(store)).await
}

async fn polled<F: Future>(flights: &[u64], stores: bool, mut work: Pin<&mut F>) -> F::Output {
    /// Leaves as many as were there before.
    struct Leave(usize);

    impl Drop for Leave {
        fn drop(&mut self) {
            HELD.with(|held| held.borrow_mut().truncate(self.0));
        }
    }

    poll_fn(|cx| {
        let before = HELD.with(|held| {
            let mut held = held.borrow_mut();
            let before = held.len();
            held.extend(flights.iter().map(|&flight| Held { flight, stores }));
            before
        });
        let _leave = Leave(before);
        work.as_mut().poll(cx)
    })
    .await
}

/// The flights whose loads the caller is part of.
pub(crate) fn held_here() -> Vec<u64> {
    HELD.with(|held| held.borrow().iter().map(|held| held.flight).collect())
}

/// Whether the caller is part of the load of flight `id`.
pub(crate) fn is_held(id: u64) -> bool {
    HELD.with(|held| held.borrow().iter().any(|held| held.flight == id))
}

/// Whether the caller is part of the store of flight `id`, which does not end before it does.
pub(super) fn is_stored_from_here(id: u64) -> bool {
    HELD.with(|held| held.borrow().iter().any(|held| held.stores && held.flight == id))
}
