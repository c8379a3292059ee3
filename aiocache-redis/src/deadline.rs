//! The deadlines of the commands under way, watched by one timer for all of them.
//!
//! A timer for each command costs as much as all else that this crate adds to the client, and hardly one ever fires.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// The deadlines of one runtime's commands.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    state: Mutex<State>,
    /// Wakes the watching task when a deadline comes that is earlier than all others, and when these are dropped.
    look: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    places: Vec<Place>,
    /// The places that nobody has.
    free: Vec<usize>,
    /// What the watching task sleeps until; there is such a task only while commands wait.
    next: Option<Instant>,
}

#[derive(Debug)]
enum Place {
    Free,
    Waiting(Instant, Waker),
    Over,
}

impl Deadlines {
    /// What `work` gives, or nothing if the deadline comes first. In the runtime that these deadlines belong to.
    ///
    /// Cancel safe as far as `work` is. By reference: each future that holds another by value doubles it.
    pub(crate) async fn keep<T>(
        self: &Arc<Self>,
        until: Instant,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        let mut watched = Watched {
            deadlines: self,
            until,
            place: None,
        };
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if watched.is_over(cx) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Wakes commands whose deadline has come, and gives the earliest that is left.
    fn wake_those_over(&self) -> Option<Instant> {
        let mut wakers = Vec::new();
        let mut state = self.state();
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        for place in &mut state.places {
            match place {
                Place::Waiting(until, _) if *until <= now => {
                    if let Place::Waiting(_, waker) = std::mem::replace(place, Place::Over) {
                        wakers.push(waker);
                    }
                }
                Place::Waiting(until, _) => next = Some(next.map_or(*until, |next| next.min(*until))),
                Place::Free | Place::Over => {}
            }
        }
        state.next = next;
        drop(state);
        for waker in wakers {
            // A waker is its caller's code. A panic of one must end neither the watching nor the others' deadlines.
            let _woken = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Deadlines {
    fn drop(&mut self) {
        self.look.notify_one();
    }
}

/// Wakes commands at their deadlines, until none waits.
async fn watch(deadlines: Weak<Deadlines>, look: Arc<Notify>) {
    let wake = || deadlines.upgrade()?.wake_those_over();
    while let Some(next) = wake() {
        // Woken early it looks again, and finds an earlier one or none.
        let _slept = timeout_at(next, look.notified()).await;
    }
}

/// One command's deadline. It takes a place when it first has to wait.
struct Watched<'a> {
    deadlines: &'a Arc<Deadlines>,
    until: Instant,
    place: Option<usize>,
}

impl Watched<'_> {
    fn is_over(&mut self, cx: &Context<'_>) -> bool {
        if let Some(place) = self.place {
            return !self.still_waits(place, cx.waker());
        }
        let waiting = Place::Waiting(self.until, cx.waker().clone());
        let mut state = self.deadlines.state();
        self.place = Some(state.take(waiting));
        let next = state.next;
        // Until the task has looked, the earliest is what it will find.
        state.next = Some(next.map_or(self.until, |next| next.min(self.until)));
        drop(state);
        match next {
            Some(next) if next <= self.until => {}
            Some(_) => self.deadlines.look.notify_one(),
            None => {
                let look = Arc::clone(&self.deadlines.look);
                drop(tokio::spawn(watch(Arc::downgrade(self.deadlines), look)));
            }
        }
        false
    }

    /// Whether the deadline of a place is still to come. It then wakes this one.
    fn still_waits(&self, place: usize, waker: &Waker) -> bool {
        match &self.deadlines.state().places[place] {
            Place::Waiting(_, there) if there.will_wake(waker) => return true,
            Place::Waiting(..) => {}
            Place::Over | Place::Free => return false,
        }
        // A waker can run anything when it is cloned and when it goes, so not under the lock.
        let mut waker = waker.clone();
        match &mut self.deadlines.state().places[place] {
            Place::Waiting(_, there) => std::mem::swap(there, &mut waker),
            Place::Over | Place::Free => return false,
        }
        true
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let left = self.deadlines.state().give_back(place);
            // A waker can run anything when it goes, so not under the lock.
            drop(left);
        }
    }
}

impl State {
    fn take(&mut self, waiting: Place) -> usize {
        match self.free.pop() {
            Some(place) => {
                self.places[place] = waiting;
                place
            }
            None => {
                self.places.push(waiting);
                self.places.len() - 1
            }
        }
    }

    fn give_back(&mut self, place: usize) -> Place {
        self.free.push(place);
        std::mem::replace(&mut self.places[place], Place::Free)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::pin::pin;
    use std::task::Wake;
    use std::time::Duration;

    use tokio::time::{advance, sleep};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn each_ends_at_its_own_deadline() {
        let deadlines = Arc::<Deadlines>::default();
        let start = Instant::now();
        let tasks: Vec<_> = [3, 1, 2, 1]
            .map(|seconds| {
                let deadlines = Arc::clone(&deadlines);
                tokio::spawn(async move {
                    let until = start + seconds * SECOND;
                    assert_eq!(deadlines.keep(until, pin!(pending::<()>())).await, None);
                    start.elapsed().as_millis()
                })
            })
            .into();
        let mut ended = Vec::new();
        for task in tasks {
            ended.push(task.await.expect("no panic"));
        }
        for (ended, wanted) in ended.into_iter().zip([3000, 1000, 2000, 1000]) {
            assert!((wanted..=wanted + 2).contains(&ended), "{ended} for {wanted}");
        }
        assert_eq!(deadlines.state().next, None, "nobody watches when nobody waits");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_done_in_time_leaves_its_place() {
        let deadlines = Arc::<Deadlines>::default();
        for _ in 0..100 {
            let work = async {
                sleep(SECOND / 10).await;
                1
            };
            assert_eq!(deadlines.keep(Instant::now() + SECOND, pin!(work)).await, Some(1));
        }
        assert_eq!(deadlines.state().places.len(), 1);
        advance(2 * SECOND).await;
        tokio::task::yield_now().await;
        assert_eq!(deadlines.state().next, None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_dropped_wakes_nobody_and_leaves_its_place() {
        let deadlines = Arc::<Deadlines>::default();
        let until = Instant::now() + SECOND;
        tokio::time::timeout(SECOND / 2, deadlines.keep(until, pin!(pending::<()>())))
            .await
            .expect_err("dropped first");
        assert_eq!(deadlines.state().free, [0]);
        assert_eq!(deadlines.keep(until, pin!(pending::<()>())).await, None);
    }

    /// A task that stops for ever when it is woken.
    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_waker_that_panics_keeps_no_other_deadline_from_coming() {
        let deadlines = Arc::<Deadlines>::default();
        let start = Instant::now();
        let mut work = pin!(pending::<()>());
        let mut broken = Box::pin(deadlines.keep(start + SECOND, work.as_mut()));
        let waker = Waker::from(Arc::new(Panics));
        assert!(
            broken
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        for seconds in [1, 2] {
            let until = start + seconds * SECOND;
            assert_eq!(deadlines.keep(until, pin!(pending::<()>())).await, None);
            assert!((until..until + SECOND / 100).contains(&Instant::now()));
        }
    }
}
