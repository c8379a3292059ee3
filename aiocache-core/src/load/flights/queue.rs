//! Those who wait, in the order they came.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Those who wait, in the order they came.
///
/// It lies behind a lock, and a waker can run anything: so it clones, wakes and drops none.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// Empty where somebody left from between two others.
    places: VecDeque<Option<Waker>>,
    /// The number of the first place. No number is given twice.
    first: usize,
}

/// A place in the queue, until its waker is called.
#[derive(Debug)]
pub(super) struct Place(usize);

impl Queue {
    /// Takes the last place, or puts another waker into the one that the caller still has. Gives back what was there.
    #[must_use = "a waker is to be dropped outside of the lock"]
    pub(super) fn wait(&mut self, place: &mut Option<Place>, waker: Waker) -> Option<Waker> {
        if let Some(there) = place.as_ref().and_then(|place| self.at(place)) {
            return there.replace(waker);
        }
        *place = Some(Place(self.first + self.places.len()));
        self.places.push_back(Some(waker));
        None
    }

    /// Gives up a place. Gives back the waker if it was not called.
    #[must_use = "a waker is to be dropped outside of the lock"]
    pub(super) fn leave(&mut self, place: &Place) -> Option<Waker> {
        let left = self.at(place)?.take();
        while let Some(None) = self.places.front() {
            self.pop();
        }
        left
    }

    /// Calls the first who is there.
    pub(super) fn call(&mut self) -> Option<Waker> {
        while !self.places.is_empty() {
            if let Some(waker) = self.pop() {
                return Some(waker);
            }
        }
        None
    }

    /// Calls all of them.
    pub(super) fn call_all(&mut self) -> Called {
        self.first += self.places.len();
        Called(std::mem::take(&mut self.places))
    }

    fn pop(&mut self) -> Option<Waker> {
        let place = self.places.pop_front()?;
        self.first += 1;
        place
    }

    fn at(&mut self, place: &Place) -> Option<&mut Option<Waker>> {
        self.places.get_mut(place.0.checked_sub(self.first)?)
    }
}

/// Those who were called, to be woken outside of the lock.
#[must_use = "they wait until they are woken"]
pub(super) struct Called(VecDeque<Option<Waker>>);

impl Called {
    /// Wakes them. If a waker panics, that goes on when all others are awake.
    pub(super) fn wake(mut self) {
        while let Some(waker) = self.0.pop_front() {
            waker.into_iter().for_each(Waker::wake);
        }
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        for waker in self.0.drain(..).flatten() {
            // There is somebody left only after the panic of another waker, which is the one to be told.
            drop(catch_unwind(AssertUnwindSafe(|| waker.wake())));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Counted(AtomicUsize);

    impl Wake for Counted {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    struct Panics;

    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("a waker panics"));
        }
    }

    fn waiter(queue: &mut Queue) -> (Arc<Counted>, Option<Place>) {
        let (counted, mut place) = (Arc::new(Counted::default()), None);
        assert!(
            queue
                .wait(&mut place, Waker::from(Arc::clone(&counted)))
                .is_none()
        );
        (counted, place)
    }

    fn woken(waiter: &(Arc<Counted>, Option<Place>)) -> usize {
        waiter.0.0.load(Ordering::SeqCst)
    }

    #[test]
    fn who_came_first_is_called_first_and_who_left_is_not() {
        let mut queue = Queue::default();
        let waiters: Vec<_> = (0..4).map(|_| waiter(&mut queue)).collect();
        for leaver in [1, 0] {
            let place = waiters[leaver].1.as_ref().expect("it has a place");
            assert!(queue.leave(place).is_some());
            assert!(queue.leave(place).is_none());
        }
        queue.call().expect("two are left").wake();
        assert_eq!(waiters.iter().map(woken).collect::<Vec<_>>(), [0, 0, 1, 0]);
        queue.call().expect("one is left").wake();
        assert!(queue.call().is_none());
        assert_eq!(woken(&waiters[3]), 1);
    }

    #[test]
    fn who_was_called_and_waits_on_goes_to_the_end() {
        let mut queue = Queue::default();
        let (mut first, second) = (waiter(&mut queue), waiter(&mut queue));
        queue.call().expect("two wait").wake();
        let waker = Waker::from(Arc::clone(&first.0));
        assert!(queue.wait(&mut first.1, waker.clone()).is_none());
        assert!(queue.wait(&mut first.1, waker).is_some(), "it has its place");
        queue.call().expect("two wait").wake();
        assert_eq!((woken(&first), woken(&second)), (1, 1));
        queue.call_all().wake();
        assert_eq!((woken(&first), woken(&second)), (2, 1));
    }

    #[test]
    fn a_waker_that_panics_leaves_nobody_asleep() {
        let mut queue = Queue::default();
        let before = waiter(&mut queue);
        for _ in 0..2 {
            assert!(queue.wait(&mut None, Waker::from(Arc::new(Panics))).is_none());
        }
        let after = waiter(&mut queue);
        let called = queue.call_all();
        assert!(catch_unwind(AssertUnwindSafe(|| called.wake())).is_err());
        assert_eq!((woken(&before), woken(&after)), (1, 1));
    }
}
