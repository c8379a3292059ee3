//! Timers, where there are any. Outside a tokio runtime there are none, nor in one that was built without: there
//! nothing would wake who waits, so a time limit ends nothing.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::panic::catch_unwind;
use std::pin::{Pin, pin};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::task::coop::{Unconstrained, unconstrained};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// How many runtimes are remembered. A program that has more of them at once asks some again.
const REMEMBERED: usize = 64;

/// The runtimes that were asked, the latest last, and whether they have timers.
static ASKED: Mutex<Vec<(Id, bool)>> = Mutex::new(Vec::new());

thread_local! {
    /// The runtime that was asked last on this thread, and whether it has timers.
    static KNOWN: Cell<Option<(Id, bool)>> = const { Cell::new(None) };
}

/// Whether there are timers here.
pub(crate) fn are_there() -> bool {
    here().is_some()
}

/// The runtime whose timers are those here, if there are any.
pub(crate) fn here() -> Option<Id> {
    let runtime = Handle::try_current().ok()?.id();
    let has = match KNOWN.get() {
        Some((known, has)) if known == runtime => has,
        _ => {
            let has = remembered(runtime).unwrap_or_else(|| ask(runtime));
            KNOWN.set(Some((runtime, has)));
            has
        }
    };
    has.then_some(runtime)
}

/// A timer of this runtime, which has timers. It has room elsewhere, since few are ever needed.
pub(crate) struct Timer(Pin<Box<Unconstrained<Sleep>>>);

impl Timer {
    pub(crate) fn new(end: Instant) -> Self {
        // Not bound to a task's budget: it may be polled for other tasks too.
        Self(Box::pin(unconstrained(sleep_until(end))))
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

/// What another thread of this runtime was told, or this thread before it was in another one.
#[cold]
fn remembered(runtime: Id) -> Option<bool> {
    let asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = asked.iter().rev().find(|(known, _)| *known == runtime);
    known.map(|(_, has)| *has)
}

/// Not under the lock: the panic goes through the program's hook, which may use a cache. So threads that ask in the same
/// moment may each be told.
#[cold]
fn ask(runtime: Id) -> bool {
    let has = has_timers();
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    if asked.len() >= REMEMBERED {
        asked.remove(0);
    }
    asked.push((runtime, has));
    has
}

/// tokio tells by a panic alone, so where panics abort, a runtime without timers does too.
#[cold]
fn has_timers() -> bool {
    let has = catch_unwind(|| drop(sleep(Duration::ZERO))).is_ok();
    #[cfg(feature = "tracing")]
    if !has {
        tracing::warn!(
            target: "aiocache",
            "this runtime has no timers, so no time limit of a cache holds in it; build it with enable_time"
        );
    }
    has
}

/// What `work` brings, or `None` if it takes longer than this.
pub(crate) async fn within<F: Future>(time: Duration, work: F) -> Option<F::Output> {
    match Instant::now().checked_add(time) {
        Some(end) => until(end, work).await,
        None => Some(work.await),
    }
}

/// What `work` brings, or `None` if `end` comes before.
///
/// A timer is made when there is something to wait for: most work is done at once.
pub(crate) async fn until<F: Future>(end: Instant, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut timer = pin!(None);
    poll_fn(|cx| {
        if let Poll::Ready(done) = work.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        if timer.is_none() && are_there() {
            // A timer is late by its grain, which is too much for somebody who does not wait at all.
            if end <= Instant::now() {
                return Poll::Ready(None);
            }
            // Not bound to the task's budget, which the work may use up each time.
            timer.set(Some(unconstrained(sleep_until(end))));
        }
        match timer.as_mut().as_pin_mut() {
            Some(timer) => timer.poll(cx).map(|()| None),
            None => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::runtime::Builder;
    use tokio::task::yield_now;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn work_ends_with_its_time_and_not_before() {
        let begun = Instant::now();
        assert_eq!(within(SECOND, pending::<()>()).await, None);
        assert!((1000..=1001).contains(&begun.elapsed().as_millis()));
        assert_eq!(within(SECOND, sleep(SECOND / 2)).await, Some(()));
        assert_eq!(within(Duration::MAX, yield_now()).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn no_time_at_all_is_enough_for_what_is_there() {
        let begun = Instant::now();
        assert_eq!(within(Duration::ZERO, ready(1)).await, Some(1));
        assert_eq!(within(Duration::ZERO, pending::<()>()).await, None);
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_uses_up_its_turns_ends_too() {
        let busy = async {
            loop {
                tokio::task::consume_budget().await;
            }
        };
        let clock = async {
            for _ in 0..100 {
                tokio::time::advance(SECOND).await;
            }
        };
        tokio::select! {
            ended = within(SECOND, busy) => assert_eq!(ended, None),
            () = clock => panic!("it went on for more than its time"),
        }
    }

    #[test]
    fn without_timers_work_takes_what_it_takes() {
        let bare = Builder::new_current_thread().build().expect("a runtime");
        for _ in 0..2 {
            bare.block_on(async { assert_eq!(within(SECOND, yield_now()).await, Some(())) });
        }
        assert!(!bare.block_on(async { are_there() }));
        assert!(!are_there(), "nor outside");
        let timed = Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        assert!(
            timed.block_on(async { are_there() }),
            "another runtime on the same thread"
        );
    }
}
