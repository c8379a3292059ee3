//! One load under way, and how its leader and its waiters take turns.

use std::any::Any;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

use super::patience::Patience;
use crate::load::{Landing, Seat};
use crate::sync::{Mutex, MutexGuard};

/// One load under way.
pub(crate) struct Flight<R> {
    pub(in crate::load) id: u64,
    /// The type of the value; another function under the same key may load another type.
    pub(in crate::load) of: &'static str,
    state: Mutex<State<R>>,
    /// Wakes waiters: one when the lead is free, all when it has landed.
    turn: Notify,
    /// Wakes writers that wait for a store to end. Not the same as `turn`: a writer must not swallow the one
    /// wake-up that hands the lead over.
    stored: Notify,
}

struct State<R> {
    phase: Phase<R>,
    /// Somebody wrote or deleted the key since the flight began: its result is returned, not stored.
    superseded: bool,
    /// Somebody wrote or deleted the key without waiting for the end of its store.
    overtaken: bool,
    /// Its result had the right to store.
    stored: bool,
}

enum Phase<R> {
    /// Nobody leads.
    Vacant,
    Loading,
    Storing,
    Landed(Landing<R>),
}

/// What a caller with a seat does next.
pub(crate) enum Turn<R> {
    /// Run the load.
    Lead(Lead<R>),
    /// Take what another caller's load brought.
    Landed(Landing<R>),
    /// Run a load of one's own: the wait was too long.
    WaitedTooLong,
}

impl<R> Flight<R> {
    pub(in crate::load) fn new(id: u64, of: &'static str) -> Self {
        Self {
            id,
            of,
            state: Mutex::new(State {
                phase: Phase::Vacant,
                superseded: false,
                overtaken: false,
                stored: false,
            }),
            turn: Notify::new(),
            stored: Notify::new(),
        }
    }

    /// Takes the right to store away.
    pub(in crate::load) fn supersede(&self) {
        self.state().superseded = true;
    }

    /// Whether what was there before this flight may still be: it ended without a store, and nobody else wrote.
    pub(in crate::load) fn leaves_the_old(&self) -> bool {
        let state = self.state();
        let under_way = matches!(state.phase, Phase::Loading | Phase::Storing);
        !(under_way || state.stored || state.superseded)
    }

    /// Waits until no store of this flight is under way. One that takes too long is overtaken.
    async fn store_ended(&self, patience: Patience) {
        loop {
            let ended = self.stored.notified();
            tokio::pin!(ended);
            // Listens before it looks, so that an end in between is not missed.
            ended.as_mut().enable();
            if !self.is_storing() {
                return;
            }
            if patience.wait(ended).await.is_none() {
                let mut state = self.state();
                state.overtaken = matches!(state.phase, Phase::Storing);
                return;
            }
        }
    }

    fn is_storing(&self) -> bool {
        matches!(self.state().phase, Phase::Storing)
    }

    /// The next time that the lead is free or a landing there. Listens once it is enabled or polled.
    pub(in crate::load) fn change(&self) -> Notified<'_> {
        self.turn.notified()
    }

    /// Takes the lead if nobody has it, or says what has landed.
    fn look(&self) -> Option<Looked<R>> {
        let mut state = self.state();
        match &state.phase {
            Phase::Vacant => {
                state.phase = Phase::Loading;
                Some(Looked::Vacant)
            }
            Phase::Landed(landing) => Some(Looked::Landed(landing.clone())),
            Phase::Loading | Phase::Storing => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        // Nothing under this lock runs a user's code, so there is no half-made state behind a poisoned one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the right to store from all of them first, and then waits for stores that have begun, `most` at most.
pub(in crate::load) async fn supersede<R>(flights: &[Arc<Flight<R>>], most: Option<Duration>) {
    flights.iter().for_each(|flight| flight.supersede());
    if !flights.iter().any(|flight| flight.is_storing()) {
        return;
    }
    let patience = most.map_or(Patience::ENDLESS, Patience::new);
    for flight in flights {
        flight.store_ended(patience).await;
    }
}

enum Looked<R> {
    Vacant,
    Landed(Landing<R>),
}

impl<R> Seat<R> {
    /// The lead or the landing if either is there, or the seat back.
    pub(crate) fn turn_now(self) -> Result<Turn<R>, Self> {
        match self.flight().look() {
            Some(Looked::Vacant) => Ok(Turn::Lead(Lead {
                seat: self,
                landed: false,
                waited: false,
                kept: None,
            })),
            Some(Looked::Landed(landing)) => Ok(Turn::Landed(landing)),
            None => Err(self),
        }
    }

    /// Waits for the lead or for a landing, at most `max_wait`.
    ///
    /// Cancel safe: a wake-up that a dropped waiter would have got goes to the next one.
    pub(crate) async fn turn(self, max_wait: Duration) -> Turn<R> {
        let flight = Arc::clone(self.flight());
        let patience = Patience::new(max_wait);
        let mut waited = false;
        loop {
            let woken = flight.change();
            tokio::pin!(woken);
            // Listens before it looks, so that a wake-up in between is not missed.
            woken.as_mut().enable();
            match flight.look() {
                Some(Looked::Vacant) => {
                    return Turn::Lead(Lead {
                        seat: self,
                        landed: false,
                        waited,
                        kept: None,
                    });
                }
                Some(Looked::Landed(landing)) => return Turn::Landed(landing),
                None => waited = true,
            }
            if patience.wait(woken).await.is_none() {
                return Turn::WaitedTooLong;
            }
        }
    }

    /// The lead of a flight that nobody else can join.
    pub(crate) fn lead(self) -> Lead<R> {
        self.flight().state().phase = Phase::Loading;
        Lead {
            seat: self,
            landed: false,
            waited: false,
            kept: None,
        }
    }
}

/// The right to run the load and to land its result. Dropped before that, by a cancelled or panicking caller, it
/// goes to a waiter.
pub(crate) struct Lead<R> {
    seat: Seat<R>,
    landed: bool,
    waited: bool,
    /// Ends with it: the store's lock, if there is one.
    kept: Option<Box<dyn Any + Send + Sync>>,
}

impl<R> Lead<R> {
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
        self.seat.key()
    }

    /// Takes the right to store from flights of the key that began before this one, and waits for stores that have
    /// begun. Those that began later know as much as this one, or more.
    pub(crate) async fn supersede_older(&self) {
        supersede(&self.seat.older(), self.seat.store_wait()).await;
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
    pub(crate) fn close(&self) -> bool {
        self.seat.close() > 1
    }

    /// Lands: wakes those who wait. Later callers begin a flight of their own.
    pub(crate) fn land(mut self, landing: Landing<R>) {
        self.landed = true;
        self.seat.close();
        let flight = self.seat.flight();
        flight.state().phase = Phase::Landed(landing);
        flight.turn.notify_waiters();
    }
}

impl<R> Drop for Lead<R> {
    fn drop(&mut self) {
        if !self.landed {
            self.seat.note_end();
            let flight = self.seat.flight();
            flight.state().phase = Phase::Vacant;
            flight.turn.notify_one();
        }
    }
}

/// The right to store. While it lives, writes of the key wait.
pub(crate) struct Storing<'l, R>(&'l Lead<R>);

impl<R> Storing<'_, R> {
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
