//! One load under way, and how its leader and its waiters take turns.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{Landing, Seat};

/// One load under way.
pub(crate) struct Flight<R> {
    pub(super) id: u64,
    /// The type of the value; another function under the same key may load another type.
    pub(super) of: &'static str,
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
    pub(super) fn new(id: u64, of: &'static str) -> Self {
        Self {
            id,
            of,
            state: Mutex::new(State {
                phase: Phase::Vacant,
                superseded: false,
            }),
            turn: Notify::new(),
            stored: Notify::new(),
        }
    }

    /// Takes the right to store away.
    pub(super) fn supersede(&self) {
        self.state().superseded = true;
    }

    /// Waits until no store of this flight is under way.
    async fn store_ended(&self) {
        loop {
            let ended = self.stored.notified();
            tokio::pin!(ended);
            // Listens before it looks, so that an end in between is not missed.
            ended.as_mut().enable();
            if !matches!(self.state().phase, Phase::Storing) {
                return;
            }
            ended.await;
        }
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

/// Takes the right to store from all of them first, and then waits for stores that have begun.
pub(super) async fn supersede<R>(flights: &[Arc<Flight<R>>]) {
    flights.iter().for_each(|flight| flight.supersede());
    for flight in flights {
        flight.store_ended().await;
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
        // Outside a runtime there is no timer that could end the wait.
        let timer = Handle::try_current();
        let deadline = timer.ok().and_then(|_| Instant::now().checked_add(max_wait));
        let mut waited = false;
        loop {
            let woken = flight.turn.notified();
            tokio::pin!(woken);
            // Listens before it looks, so that a wake-up in between is not missed.
            woken.as_mut().enable();
            match flight.look() {
                Some(Looked::Vacant) => {
                    return Turn::Lead(Lead {
                        seat: self,
                        landed: false,
                        waited,
                    });
                }
                Some(Looked::Landed(landing)) => return Turn::Landed(landing),
                None => waited = true,
            }
            match deadline {
                Some(deadline) if tokio::time::timeout_at(deadline, woken.as_mut()).await.is_err() => {
                    return Turn::WaitedTooLong;
                }
                Some(_) => {}
                None => woken.await,
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
        }
    }
}

/// The right to run the load and to land its result. Dropped before that, by a cancelled or panicking caller, it
/// goes to a waiter.
pub(crate) struct Lead<R> {
    seat: Seat<R>,
    landed: bool,
    waited: bool,
}

impl<R> Lead<R> {
    /// The flight's number, for [`held`](super::held).
    pub(crate) fn id(&self) -> u64 {
        self.seat.flight().id
    }

    /// Whether another caller had the lead before, and may have stored something.
    pub(crate) fn waited(&self) -> bool {
        self.waited
    }

    /// Takes the right to store from the key's other flights, and waits for stores that have begun.
    pub(crate) async fn supersede_others(&self) {
        supersede(&self.seat.others()).await;
    }

    /// Asks for the right to store. It is refused if the key was written since the flight began, or is being
    /// written; a write that comes later waits for this store.
    pub(crate) fn may_store(&self) -> bool {
        {
            let mut state = self.seat.flight().state();
            if state.superseded {
                return false;
            }
            state.phase = Phase::Storing;
        }
        // Only now: a writer counts itself first and looks for a store after, so one of the two sees the other.
        if self.seat.is_being_written() {
            self.seat.flight().state().phase = Phase::Loading;
            self.seat.flight().stored.notify_waiters();
            return false;
        }
        true
    }

    /// Closes the flight to newcomers, and says whether anybody waits for its landing.
    pub(crate) fn close(&self) -> bool {
        self.seat.close() > 1
    }

    /// Lands: wakes those who wait. Later callers begin a flight of their own.
    pub(crate) fn land(mut self, landing: Landing<R>) {
        self.landed = true;
        self.seat.close();
        self.end(Phase::Landed(landing));
        self.seat.flight().turn.notify_waiters();
    }

    fn end(&self, phase: Phase<R>) {
        let flight = self.seat.flight();
        flight.state().phase = phase;
        flight.stored.notify_waiters();
    }
}

impl<R> Drop for Lead<R> {
    fn drop(&mut self) {
        if !self.landed {
            self.end(Phase::Vacant);
            self.seat.flight().turn.notify_one();
        }
    }
}
