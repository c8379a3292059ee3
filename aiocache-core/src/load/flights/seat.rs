//! A caller's place on a flight.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use super::flight::{Flight, Looked, Turn};
use super::lead::Lead;
use super::shard::{Berth, Shard};
use super::wait::{Change, Wait};
use crate::load::Landing;
use crate::sync::atomic::Ordering;

/// A caller's place on a flight. The last one to leave takes a flight that has not landed out of the map.
pub(crate) struct Seat<R>(Arc<Flight<R>>);

/// A seat on a flight that has landed, and what it brought.
pub(crate) struct Landed<R>(Seat<R>);

impl<R> Seat<R> {
    pub(super) const fn new(flight: Arc<Flight<R>>) -> Self {
        Self(flight)
    }

    pub(crate) fn flight(&self) -> &Arc<Flight<R>> {
        &self.0
    }

    /// The lead or the landing if either is there, or the seat back.
    pub(crate) fn turn_now(self) -> Result<Turn<R>, Self> {
        match self.0.look() {
            Some(Looked::Vacant) => Ok(Turn::Lead(Lead::handed_over(self))),
            Some(Looked::Landed) => Ok(Turn::Landed(Landed::new(self))),
            None => Err(self),
        }
    }

    /// Waits for the lead or for a landing, at most `max_wait`.
    pub(crate) fn turn(self, max_wait: Duration) -> Wait<R>
    where
        R: Send + Sync + 'static,
    {
        Wait::new(self, max_wait)
    }

    /// Tells when there is something to take.
    pub(in crate::load) fn change(&self) -> Change<R> {
        Change::new(&self.0)
    }

    /// Notes the end of the lead and lets newcomers begin a flight of their own. `false` if nobody else has a seat:
    /// then the flight is out of the map.
    pub(super) fn close(&self) -> bool {
        // First: who finds the flight closed must also see that there may be a value.
        self.note_end();
        self.update(|berth| {
            berth.closed = true;
            berth.seats > 1
        })
    }

    /// Notes the end of the lead and takes the flight out of the map.
    pub(super) fn take_out(&self) {
        self.note_end();
        self.update(|_| false);
    }

    /// The flights of the same key that began before this one. Newcomers begin flights of their own.
    pub(super) fn older(&self) -> Vec<Arc<Flight<R>>> {
        // Numbers of one key rise, for they are given under the lock.
        self.shard().close(self.0.hash, |flight| {
            flight.key == self.0.key && flight.id < self.0.id
        })
    }

    /// Notes that the lead has ended, whether or not others keep the flight.
    pub(super) fn note_end(&self) {
        self.shard().ended.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether somebody writes this key right now.
    pub(super) fn is_being_written(&self) -> bool {
        self.0.flights.writers_at(self.0.hash).now.load(Ordering::SeqCst) > 0
    }

    /// Changes the flight's berth, which is taken away unless `change` says that it stays. Says whether it is there.
    fn update(&self, change: impl FnOnce(&mut Berth<R>) -> bool) -> bool {
        self.0.flights.update(&self.0, change)
    }

    fn shard(&self) -> &Shard<R> {
        self.0.flights.shard(self.0.hash)
    }
}

impl<R> Drop for Seat<R> {
    fn drop(&mut self) {
        // Who lands takes the flight out of the map for all.
        if self.0.has_landed() {
            return;
        }
        self.update(|berth| {
            berth.seats -= 1;
            berth.seats > 0
        });
    }
}

impl<R> Landed<R> {
    pub(super) const fn new(seat: Seat<R>) -> Self {
        Self(seat)
    }
}

impl<R> Deref for Landed<R> {
    type Target = Landing<R>;

    fn deref(&self) -> &Landing<R> {
        self.0.0.landing.get().expect("the flight has landed")
    }
}
