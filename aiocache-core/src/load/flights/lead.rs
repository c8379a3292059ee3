//! The right to load, and in it the right to store.

use std::any::Any;
use std::sync::Arc;

use super::flight::{Flight, Phase, supersede};
use super::seat::Seat;
use crate::load::Landing;

/// The right to run the load and to land its result. Dropped before that, by a cancelled or panicking caller, it
/// goes to a waiter.
pub(crate) struct Lead<R> {
    pub(super) seat: Seat<R>,
    landed: bool,
    waited: bool,
    /// It is closed, and nobody else has a seat.
    alone: bool,
    /// Ends with it: the store's lock, if there is one.
    kept: Option<Box<dyn Any + Send + Sync>>,
}

impl<R> Lead<R> {
    /// That of a flight which has just begun.
    pub(super) fn first(seat: Seat<R>) -> Self {
        Self::new(seat, false)
    }

    /// That of a flight which another caller led before.
    pub(super) fn handed_over(seat: Seat<R>) -> Self {
        Self::new(seat, true)
    }

    fn new(seat: Seat<R>, waited: bool) -> Self {
        Self {
            seat,
            landed: false,
            waited,
            alone: false,
            kept: None,
        }
    }

    /// Keeps a guard until the load has landed or this is dropped.
    pub(in crate::load) fn keep(&mut self, guard: impl Any + Send + Sync) {
        self.kept = Some(Box::new(guard));
    }

    /// The flight's number, for [`held`](crate::load::flights::held).
    pub(crate) fn id(&self) -> u64 {
        self.seat.flight().id
    }

    /// Whether another caller had the lead before, and may have stored something.
    pub(crate) fn waited(&self) -> bool {
        self.waited
    }

    /// The flight, to ask how it ended.
    pub(in crate::load) fn flight(&self) -> Arc<Flight<R>> {
        Arc::clone(self.seat.flight())
    }

    /// The key as it is stored.
    pub(crate) fn key(&self) -> &str {
        &self.seat.flight().key
    }

    /// Takes the right to store from flights of the key that began before this one, and waits for stores that have
    /// begun. Those that began later know as much as this one, or more.
    pub(crate) async fn supersede_older(&self) {
        supersede(&self.seat.older(), self.seat.flight().flights.store_wait()).await;
    }

    /// Whether nothing forbids to store so far.
    pub(crate) fn may_store(&self) -> bool {
        !self.seat.flight().state().superseded && !self.seat.is_being_written()
    }

    /// Asks for the right to store. It is refused if the key was written since the flight began, or is being
    /// written; a write that comes later waits for the end of this store, so nothing but the store belongs in it.
    pub(crate) fn begin_store(&self) -> Option<Storing<'_, R>> {
        {
            let mut state = self.seat.flight().state();
            if state.superseded {
                return None;
            }
            state.phase = Phase::Storing;
        }
        let storing = Storing(self);
        // Only now: a writer counts itself first and looks for a store after, so one of the two sees the other.
        let may = !self.seat.is_being_written();
        self.seat.flight().state().stored |= may;
        may.then_some(storing)
    }

    /// Closes the flight to newcomers, and says whether anybody waits for its landing.
    pub(crate) fn close(&mut self) -> bool {
        self.alone = !self.seat.close();
        !self.alone
    }

    /// Lands: wakes those who wait. Later callers begin a flight of their own.
    pub(crate) fn land(mut self, landing: Landing<R>) {
        self.landed = true;
        let flight = self.seat.flight();
        drop(flight.landing.set(landing));
        if self.alone {
            return;
        }
        self.seat.take_out();
        let called = {
            let mut state = flight.state();
            state.phase = Phase::Landed;
            state.queue.call_all()
        };
        if let Some(alarm) = flight.alarm.get() {
            alarm.stop();
        }
        called.wake();
    }
}

impl<R> Drop for Lead<R> {
    fn drop(&mut self) {
        if !self.landed {
            self.seat.note_end();
            let flight = self.seat.flight();
            flight.state().phase = Phase::Vacant;
            flight.hand_over();
        }
    }
}

/// The right to store. While it lives, writes of the key wait.
pub(crate) struct Storing<'l, R>(&'l Lead<R>);

impl<R> Storing<'_, R> {
    /// The flight's number, for [`stored`](crate::load::flights::held::stored).
    pub(crate) fn id(&self) -> u64 {
        self.0.id()
    }

    /// Whether a write did not wait for this store, so that what it stored may stand over what was written later.
    pub(crate) fn is_overtaken(&self) -> bool {
        self.0.seat.flight().state().overtaken
    }
}

impl<R> Drop for Storing<'_, R> {
    fn drop(&mut self) {
        let flight = self.0.seat.flight();
        flight.state().phase = Phase::Loading;
        flight.stored.notify_waiters();
    }
}
