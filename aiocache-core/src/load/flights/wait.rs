//! Waiting for a flight that another caller leads.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use super::flight::{Flight, Looked, State, Turn};
use super::lead::Lead;
use super::queue::Place;
use super::seat::{Landed, Seat};
use crate::timer::{self, Timer};

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
    /// The flight's alarm rings by then.
    Alarm(Instant),
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
        let seat = this.seat.take().expect("it is not polled after its turn");
        match seat
            .flight()
            .look_or_wait(&mut this.place, cx.waker(), State::look)
        {
            Some(Looked::Vacant) => Poll::Ready(Turn::Lead(Lead::handed_over(seat))),
            Some(Looked::Landed) => Poll::Ready(Turn::Landed(Landed::new(seat))),
            None => {
                let over = this.limit.is_over(seat.flight(), cx);
                this.seat = Some(seat);
                if over {
                    Poll::Ready(Turn::WaitedTooLong)
                } else {
                    Poll::Pending
                }
            }
        }
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
        if let Self::AtMost(max_wait) = *self {
            *self = Self::begin(flight, max_wait);
        }
        if let Self::Alarm(end) = *self
            && flight.alarm_has_rung()
        {
            *self = Self::Timer(Timer::new(end));
        }
        match self {
            Self::Timer(timer) => timer.poll(cx).is_ready(),
            Self::AtMost(max_wait) => max_wait.is_zero(),
            Self::Endless | Self::Alarm(_) => false,
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
            Some(end) if flight.has_alarm(runtime, end) => Self::Alarm(end),
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
        let looked = self
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
