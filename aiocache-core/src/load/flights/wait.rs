//! Waiting for a flight that another caller leads.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Id;
use tokio::time::Instant;

use super::flight::{Flight, Looked, State, Turn};
use super::lead::Lead;
use super::queue::Place;
use super::seat::{Landed, Seat};
use crate::timer::{self, Timer};

const TURN_TAKEN: &str = "it is not polled after its turn";

/// Waits for the lead or for a landing.
///
/// Cancel safe: the lead that a dropped waiter would have got goes to the next one.
pub(crate) struct Wait<R> {
    /// Until its turn.
    seat: Option<Seat<R>>,
    place: Option<Place>,
    limit: Limit,
}

/// What ends a wait.
enum Limit {
    /// It has not begun.
    AtMost(Duration),
    /// There is no timer, or none that reaches so far.
    Endless,
    /// The flight's alarm rings by then, in this runtime.
    Alarm(Instant, Id),
    Timer(Timer),
}

impl<R: Send + Sync + 'static> Wait<R> {
    /// Waits `max_wait` at most.
    pub(super) fn new(seat: Seat<R>, max_wait: Duration) -> Self {
        Self {
            seat: Some(seat),
            place: None,
            limit: Limit::AtMost(max_wait),
        }
    }
}

impl<R: Send + Sync + 'static> Future for Wait<R> {
    type Output = Turn<R>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Turn<R>> {
        let this = &mut *self;
        // It keeps its seat until its turn: what panics in between leaves a place that is then given up.
        let flight = this.seat.as_ref().expect(TURN_TAKEN).flight();
        let (looked, spare) = flight.look_or_wait(&mut this.place, cx.waker(), State::look);
        let turn = match looked {
            Some(Looked::Vacant) => Turn::Lead(Lead::handed_over(this.seat.take().expect(TURN_TAKEN))),
            Some(Looked::Landed) => Turn::Landed(Landed::new(this.seat.take().expect(TURN_TAKEN))),
            None if this.limit.is_over(flight, cx) => Turn::WaitedTooLong,
            None => return Poll::Pending,
        };
        drop(spare);
        Poll::Ready(turn)
    }
}

impl<R> Drop for Wait<R> {
    fn drop(&mut self) {
        // Without a seat it had its turn.
        if let (Some(seat), Some(place)) = (&self.seat, &self.place) {
            seat.flight().leave(place);
        }
    }
}

impl Limit {
    /// Whether it is reached, or who waits is woken when it is. Asked with a place in the queue: an alarm that rings
    /// meanwhile finds the caller there.
    fn is_over<R: Send + Sync + 'static>(&mut self, flight: &Arc<Flight<R>>, cx: &mut Context<'_>) -> bool {
        match *self {
            Self::AtMost(max_wait) => *self = Self::begin(flight, max_wait),
            // It came here since, and that one may stand still.
            Self::Alarm(end, runtime) if timer::here().is_some_and(|here| here != runtime) => {
                *self = Self::Timer(Timer::new(end));
            }
            _ => {}
        }
        if let Self::Alarm(end, _) = *self
            && flight.alarm_has_rung()
        {
            let timers = timer::are_there();
            *self = if timers {
                Self::Timer(Timer::new(end))
            } else {
                Self::Endless
            };
        }
        match self {
            Self::Timer(timer) => timer.poll(cx).is_ready(),
            Self::AtMost(max_wait) => max_wait.is_zero(),
            Self::Endless | Self::Alarm(..) => false,
        }
    }

    fn begin<R: Send + Sync + 'static>(flight: &Arc<Flight<R>>, max_wait: Duration) -> Self {
        let Some(runtime) = timer::here() else {
            return Self::Endless;
        };
        // A timer is late by its grain, which is too much for somebody who does not wait at all.
        if max_wait.is_zero() {
            return Self::AtMost(max_wait);
        }
        match Instant::now().checked_add(max_wait) {
            None => Self::Endless,
            Some(end) if flight.has_alarm(runtime, end) => Self::Alarm(end, runtime),
            Some(end) => Self::Timer(Timer::new(end)),
        }
    }
}

/// The next time that the lead is free or a landing there, for who waits for several flights at once.
pub(in crate::load) struct Change<R> {
    flight: Arc<Flight<R>>,
    place: Option<Place>,
}

impl<R> Change<R> {
    pub(super) fn new(flight: &Arc<Flight<R>>) -> Self {
        Self {
            flight: Arc::clone(flight),
            place: None,
        }
    }

    /// Whether there is something to take. Who does not take it, or drops this, leaves it to the next one.
    pub(in crate::load) fn is_there(&mut self, cx: &Context<'_>) -> bool {
        let (looked, _spare) = self
            .flight
            .look_or_wait(&mut self.place, cx.waker(), |state| state.peek());
        looked.is_some()
    }

    /// Does not listen until it is asked again.
    pub(in crate::load) fn rest(&mut self) {
        if let Some(place) = self.place.take() {
            self.flight.leave(&place);
        }
    }
}

impl<R> Drop for Change<R> {
    fn drop(&mut self) {
        self.rest();
    }
}
