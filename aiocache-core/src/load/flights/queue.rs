//! Those who wait, in the order they came.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Those who wait, in the order they came.
///
/// It lies behind a lock, and a waker can run anything: so it clones, wakes and drops none.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// By number, so that who leaves from between two others leaves nothing behind.
    places: BTreeMap<u64, Waker>,
    /// No number is given twice.
    next: u64,
}

/// A place in the queue, until its waker is called.
#[derive(Debug)]
pub(super) struct Place(u64);

impl Queue {
    /// Takes the last place, or puts another waker into the one that the caller still has. Gives back what was there.
    #[must_use = "a waker is to be dropped outside of the lock"]
    pub(super) fn wait(&mut self, place: &mut Option<Place>, waker: Waker) -> Option<Waker> {
        if let Some(there) = place.as_ref().and_then(|place| self.places.get_mut(&place.0)) {
            return Some(std::mem::replace(there, waker));
        }
        *place = Some(Place(self.next));
        self.places.insert(self.next, waker);
        self.next += 1;
        None
    }

    /// Gives up a place. Gives back the waker if it was not called.
    #[must_use = "a waker is to be dropped outside of the lock"]
    pub(super) fn leave(&mut self, place: &Place) -> Option<Waker> {
        self.places.remove(&place.0)
    }

    /// Calls the first who is there.
    pub(super) fn call(&mut self) -> Option<Waker> {
        self.places.pop_first().map(|(_, waker)| waker)
    }

    /// Calls all of them.
    pub(super) fn call_all(&mut self) -> Called {
        Called(std::mem::take(&mut self.places))
    }
}

/// Those who were called, to be woken outside of the lock.
#[must_use = "they wait until they are woken"]
pub(super) struct Called(BTreeMap<u64, Waker>);

impl Called {
    /// Wakes them. If a waker panics, that goes on when all others are awake.
    pub(super) fn wake(mut self) {
        while let Some((_, waker)) = self.0.pop_first() {
            waker.wake();
        }
    }
}

impl Drop for Called {
    fn drop(&mut self) {
        while let Some((_, waker)) = self.0.pop_first() {
            // There is somebody left only after the panic of another waker, which is the one to be told.
            wakes(waker);
        }
    }
}

/// Wakes somebody, and says whether that went well. A panic goes no further: who wakes has others to see to.
pub(super) fn wakes(waker: Waker) -> bool {
    catch_unwind(AssertUnwindSafe(|| waker.wake())).is_ok()
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
    fn who_came_and_went_leaves_no_place_behind() {
        let mut queue = Queue::default();
        let first = waiter(&mut queue);
        for _ in 0..1000 {
            let place = waiter(&mut queue).1.expect("it has a place");
            assert!(queue.leave(&place).is_some());
        }
        assert_eq!(queue.places.len(), 1);
        queue.call().expect("the first one").wake();
        assert_eq!(woken(&first), 1);
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
