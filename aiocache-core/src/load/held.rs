//! Which flights this task leads, so that a load which asks for its own key does not wait for itself.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;

thread_local! {
    /// The flights whose loads are being polled on this thread, outermost first.
    static HELD: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Runs the load of flight `id`.
pub(crate) async fn held<F: Future>(id: u64, load: F) -> F::Output {
    struct Leave;

    impl Drop for Leave {
        fn drop(&mut self) {
            HELD.with_borrow_mut(Vec::pop);
        }
    }

    let mut load = pin!(load);
    poll_fn(|cx| {
        HELD.with_borrow_mut(|held| held.push(id));
        let _leave = Leave;
        load.as_mut().poll(cx)
    })
    .await
}

/// Whether the caller is part of the load of flight `id`.
pub(crate) fn is_held(id: u64) -> bool {
    HELD.with_borrow(|held| held.contains(&id))
}
