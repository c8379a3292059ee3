//! Taking seats on flights, and waiting for those that others lead.

use std::any::type_name;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;

use super::bulk::{KeyOf, PairHooks, ValueOf};
use super::pairs::BulkOutcome;
use super::{Answer, Flow, Led};
use crate::backend::Backend;
use crate::events::EventKind;
use crate::key::KeyBuf;
use crate::load::flights::held::is_held;
use crate::load::flights::patience::Patience;
use crate::load::flights::wait::Change;
use crate::load::{At, Joined, Landing, NoneRule, Seat, Share, Turn};
use crate::scope::Source;
use crate::serializer::{Dump, Load};

/// Flights that this call leads, and flights that others do.
type Boarded<R> = (Vec<Led<R>>, Vec<Awaited<R>>);

/// A flight that another caller leads.
pub(in crate::load) struct Awaited<R> {
    pub(in crate::load) index: usize,
    seat: Seat<R>,
    /// Goes with the seat: what lands after the last look is still to be told.
    change: Change<R>,
}

impl<R> Awaited<R> {
    fn new(index: usize, seat: Seat<R>) -> Self {
        let change = seat.change();
        Self { index, seat, change }
    }
}

impl<B, S, K, X, H, A, P> Flow<'_, B, S, K, X, H, A, P>
where
    B: Backend,
    S: Load<ValueOf<K>, B::Raw> + Dump<ValueOf<K>, B::Raw> + Send + Sync + 'static,
    K: BulkOutcome,
    K::None: NoneRule<S, B::Raw>,
    ValueOf<K>: Send,
    X: Share<K::Rest>,
    H: PairHooks<K>,
    A: Into<KeyOf<K>>,
    P: Fn(&mut KeyBuf, &KeyOf<K>),
{
    /// Takes a seat for every key without an answer: some flights this call leads, some others do.
    pub(in crate::load) fn board(&mut self) -> Result<Boarded<B::Raw>, K::Return> {
        let flights = Arc::clone(&self.bulk.cache.core.flights);
        let of = type_name::<ValueOf<K>>();
        let (mut led, mut awaited) = (Vec::new(), Vec::new());
        for index in 0..self.items.len() {
            let item = &self.items[index];
            if item.key.is_failed() || !item.is_open() {
                continue;
            }
            match flights.join(item.key.as_str(), of) {
                Joined::Lead(lead) => led.push(Led { index, lead }),
                Joined::Seat(seat) if is_held(seat.flight().id) => led.push(self.lead_alone(index)),
                Joined::Seat(seat) => match seat.turn_now() {
                    Ok(turn) => self.turned(index, turn, &mut led)?,
                    Err(seat) => awaited.push(Awaited::new(index, seat)),
                },
            }
        }
        Ok((led, awaited))
    }

    /// Waits until there is something to load, or every flight that others lead has landed.
    pub(in crate::load) async fn wait(
        &mut self,
        led: &mut Vec<Led<B::Raw>>,
        awaited: &mut Vec<Awaited<B::Raw>>,
        patience: Patience,
    ) -> Result<(), K::Return> {
        loop {
            self.sweep(led, awaited)?;
            if !led.is_empty() || awaited.is_empty() {
                // It loads before it waits on, and a lead that falls free meanwhile is for somebody who waits.
                awaited.iter_mut().for_each(|one| one.change.rest());
                return Ok(());
            }
            // A change between the look and the wait is there when the wait begins.
            if patience.wait(any(awaited)).await.is_none() {
                return self.give_up(led, awaited);
            }
        }
    }

    /// Waits no longer: what is still awaited is loaded here, in one go.
    fn give_up(
        &mut self,
        led: &mut Vec<Led<B::Raw>>,
        awaited: &mut Vec<Awaited<B::Raw>>,
    ) -> Result<(), K::Return> {
        self.sweep(led, awaited)?;
        let cache = self.bulk.cache;
        for place in (0..awaited.len()).rev() {
            if self.items[awaited[place].index].old.is_some() {
                let one = awaited.swap_remove(place);
                self.serve_old(&[one.index]);
            }
        }
        if !awaited.is_empty() {
            cache.core.trouble.ran_alone(cache.name());
        }
        led.extend(awaited.drain(..).map(|one| self.lead_alone(one.index)));
        Ok(())
    }

    fn lead_alone(&self, index: usize) -> Led<B::Raw> {
        let key = self.items[index].key.as_str();
        let lead = self.bulk.cache.core.flights.solo(key, type_name::<ValueOf<K>>());
        Led { index, lead }
    }

    /// Takes what has landed and every lead that is free, without waiting.
    pub(in crate::load) fn sweep(
        &mut self,
        led: &mut Vec<Led<B::Raw>>,
        awaited: &mut Vec<Awaited<B::Raw>>,
    ) -> Result<(), K::Return> {
        for Awaited { index, seat, change } in std::mem::take(awaited) {
            match seat.turn_now() {
                Ok(turn) => self.turned(index, turn, led)?,
                Err(seat) => awaited.push(Awaited { index, seat, change }),
            }
        }
        Ok(())
    }

    pub(in crate::load) fn turned(
        &mut self,
        index: usize,
        turn: Turn<B::Raw>,
        led: &mut Vec<Led<B::Raw>>,
    ) -> Result<(), K::Return> {
        let cache = self.bulk.cache;
        let landed = match turn {
            Turn::Lead(lead) => {
                led.push(Led { index, lead });
                return Ok(());
            }
            Turn::Landed(landed) => Some(landed),
            Turn::WaitedTooLong => None,
        };
        let answer = match landed.as_deref() {
            Some(Landing::Value(raw)) => cache.serializer.load(raw).ok().map(Answer::Cached),
            Some(Landing::None) => Some(Answer::Absent),
            Some(Landing::Failed(error)) => match self.bulk.share.take(error) {
                Some(rest) if self.items[index].old.is_some() && self.is_failure(&rest) => {
                    self.serve_old(&[index]);
                    return Ok(());
                }
                Some(rest) => {
                    self.note_shared(index);
                    return Err(K::rest(rest));
                }
                None => None,
            },
            Some(Landing::FailedAlone | Landing::TimedOut(_)) if self.items[index].old.is_some() => {
                self.serve_old(&[index]);
                return Ok(());
            }
            Some(Landing::TimedOut(after)) => match self.bulk.hooks.timed_out(*after) {
                // As its leader does: otherwise each would wait for a timeout of its own.
                Some(returned) => {
                    self.note_shared(index);
                    return Err(returned);
                }
                None => None,
            },
            Some(Landing::FailedAlone | Landing::Alone) | None => None,
        };
        match answer {
            Some(answer) => {
                self.items[index].answer = answer;
                self.note_shared(index);
            }
            None => led.push(self.lead_alone(index)),
        }
        Ok(())
    }

    /// Notes that another caller's load answered this key.
    fn note_shared(&mut self, index: usize) {
        let at = At {
            key: self.items[index].key.as_str(),
            namespace: self.bulk.namespace(),
        };
        self.bulk.cache.tell(at, EventKind::LoadShared);
        if self.source == Source::Hit {
            self.source = Source::Shared;
        }
    }
}

/// Waits for the first change that comes.
fn any<R>(awaited: &mut [Awaited<R>]) -> impl Future<Output = ()> + use<'_, R> {
    poll_fn(|cx| {
        if awaited.iter_mut().any(|one| one.change.is_there(cx)) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
}
