//! One load under way, and how its leader and its waiters take turns.

use std::sync::{Arc, OnceLock, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::Notify;

use super::Flights;
use super::alarm::Alarm;
use super::held::is_stored_from_here;
use super::lead::Lead;
use super::patience::Patience;
use super::queue::{Place, Queue, wakes};
use super::seat::Landed;
use crate::load::Landing;
use crate::sync::{Mutex, MutexGuard};

/// One load under way.
pub(crate) struct Flight<R> {
    pub(in crate::load) id: u64,
    /// The type of the value; another function under the same key may load another type.
    pub(super) of: &'static str,
    pub(super) key: Box<str>,
    pub(super) hash: u64,
    pub(super) flights: Arc<Flights<R>>,
    pub(super) state: Mutex<State>,
    /// What it brought, to be read without the lock: all who wait come for it at once.
    pub(super) landing: OnceLock<Landing<R>>,
    /// The timer of those who wait.
    pub(super) alarm: OnceLock<Alarm>,
    /// Wakes writers that wait for a store to end.
    pub(super) stored: Notify,
}

pub(super) struct State {
    pub(super) phase: Phase,
    /// Who waits for the lead or for the landing.
    pub(super) queue: Queue,
    /// Somebody wrote or deleted the key since the flight began: its result is returned, not stored.
    pub(super) superseded: bool,
    /// Somebody wrote or deleted the key without waiting for the end of its store.
    pub(super) overtaken: bool,
    /// Its result had the right to store.
    pub(super) stored: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody leads.
    Vacant,
    Loading,
    Storing,
    Landed,
}

/// What a caller with a seat does next.
pub(crate) enum Turn<R> {
    /// Run the load.
    Lead(Lead<R>),
    /// Take what another caller's load brought.
    Landed(Landed<R>),
    /// Run a load of one's own: the wait was too long.
    WaitedTooLong,
}

/// What there is for somebody with a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looked {
    /// The lead.
    Vacant,
    Landed,
}

/// Wakers that nobody needs any more. To drop one can run anything, and panic: first the caller keeps what it was given.
pub(super) type Spare = [Option<Waker>; 2];

impl<R> Flight<R> {
    /// One that its first caller leads.
    pub(super) fn new(flights: Arc<Flights<R>>, (key, hash): (&str, u64), id: u64, of: &'static str) -> Self {
        Self {
            id,
            of,
            key: key.into(),
            hash,
            flights,
            state: Mutex::new(State {
                phase: Phase::Loading,
                queue: Queue::default(),
                superseded: false,
                overtaken: false,
                stored: false,
            }),
            landing: OnceLock::new(),
            alarm: OnceLock::new(),
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
        // Of one that nobody else has a seat on, the phase does not say that it has landed.
        let ended = self.has_landed() || matches!(state.phase, Phase::Vacant | Phase::Landed);
        ended && !(state.stored || state.superseded)
    }

    /// Waits until no store of this flight is under way. One that takes too long is overtaken, and at once one that the
    /// caller is part of: where the value that it replaces is dropped, say.
    async fn store_ended(&self, patience: Patience) {
        if is_stored_from_here(self.id) {
            return self.overtake();
        }
        loop {
            let ended = self.stored.notified();
            tokio::pin!(ended);
            // Listens before it looks, so that an end in between is not missed.
            ended.as_mut().enable();
            if !self.is_storing() {
                return;
            }
            if patience.wait(ended).await.is_none() {
                return self.overtake();
            }
        }
    }

    fn overtake(&self) {
        let mut state = self.state();
        state.overtaken = matches!(state.phase, Phase::Storing);
    }

    fn is_storing(&self) -> bool {
        matches!(self.state().phase, Phase::Storing)
    }

    /// Takes the lead if nobody has it, or says that it has landed.
    pub(super) fn look(&self) -> Option<Looked> {
        if self.has_landed() {
            return Some(Looked::Landed);
        }
        self.state().look()
    }

    /// The same, or a place in the queue. `look` says whether the caller is there to take the lead, or to hear of it.
    pub(super) fn look_or_wait(
        &self,
        place: &mut Option<Place>,
        waker: &Waker,
        look: fn(&mut State) -> Option<Looked>,
    ) -> (Option<Looked>, Spare) {
        if self.has_landed() {
            return (Some(Looked::Landed), Spare::default());
        }
        // Cloned before the lock.
        let waker = waker.clone();
        let mut state = self.state();
        let looked = look(&mut state);
        let spare = if looked.is_none() {
            [state.queue.wait(place, waker), None]
        } else {
            let left = place.as_ref().and_then(|place| state.queue.leave(place));
            [left, Some(waker)]
        };
        drop(state);
        (looked, spare)
    }

    /// Gives up a place in the queue. A call that its owner has not followed goes to the next one.
    pub(super) fn leave(&self, place: &Place) {
        if self.has_landed() {
            return;
        }
        let left = self.state().queue.leave(place);
        self.hand_over();
        drop(left);
    }

    /// If nobody leads, calls the first who waits; if that one's waker panics, the next one.
    pub(super) fn hand_over(&self) {
        loop {
            let next = {
                let mut state = self.state();
                match state.phase {
                    Phase::Vacant => state.queue.call(),
                    Phase::Loading | Phase::Storing | Phase::Landed => None,
                }
            };
            if next.is_none_or(wakes) {
                return;
            }
        }
    }

    pub(super) fn has_landed(&self) -> bool {
        self.landing.get().is_some()
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock runs a user's code, so there is no half-made state behind a poisoned one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the lead if nobody has it.
    pub(super) fn look(&mut self) -> Option<Looked> {
        let seen = self.peek();
        if seen == Some(Looked::Vacant) {
            self.phase = Phase::Loading;
        }
        seen
    }

    /// What there is, and stays there.
    pub(super) fn peek(&mut self) -> Option<Looked> {
        match self.phase {
            Phase::Vacant => Some(Looked::Vacant),
            Phase::Landed => Some(Looked::Landed),
            Phase::Loading | Phase::Storing => None,
        }
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
