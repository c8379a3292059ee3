//! Taking seats on flights, and waiting for those that others lead.

use std::any::type_name;
use std::time::Duration;

use tokio::time::Instant;

use super::bulk::{KeyOf, PairHooks, ValueOf};
use super::flights::Seat;
use super::held::is_held;
use super::many::{Answer, Flow, Led};
use super::pairs::BulkOutcome;
use super::{Landing, NoneRule, Share, Turn};
use crate::backend::Backend;
use crate::key::KeyBuf;
use crate::scope::Source;
use crate::serializer::{Dump, Load};

/// A flight that another caller leads.
pub(super) struct Awaited<R> {
    index: usize,
    seat: Seat<R>,
}

impl<B, S, K, X, H, A, P> Flow<'_, B, S, K, X, H, A, P>
where
    B: Backend,
    S: Load<ValueOf<K>, B::Raw> + Dump<ValueOf<K>, B::Raw> + Send + Sync + 'static,
    K: BulkOutcome,
    K::None: NoneRule<S, B::Raw>,
    ValueOf<K>: Send,
    X: Share<K::Rest>,
    H: PairHooks<KeyOf<K>, ValueOf<K>>,
    A: Into<KeyOf<K>>,
    P: Fn(&mut KeyBuf, &KeyOf<K>),
{
    /// Takes a seat for every key without an answer: some flights this call leads, some others do.
    pub(super) fn board(&self) -> (Vec<Led<B::Raw>>, Vec<Awaited<B::Raw>>) {
        let flights = &self.bulk.cache.core.flights;
        let of = type_name::<ValueOf<K>>();
        let (mut led, mut awaited) = (Vec::new(), Vec::new());
        for (index, item) in self.items.iter().enumerate() {
            if item.key.is_failed() || !matches!(item.answer, Answer::Open | Answer::Undecodable) {
                continue;
            }
            let seat = flights.join(item.key.as_str(), of);
            if is_held(seat.flight().id) {
                let lead = flights.solo(item.key.as_str(), of).lead();
                led.push(Led { index, lead });
                continue;
            }
            match seat.turn_now() {
                Ok(Turn::Lead(lead)) => led.push(Led { index, lead }),
                // It landed between the map and the look; the seat is gone, so a flight of its own is due.
                Ok(Turn::Landed(_) | Turn::WaitedTooLong) => {
                    let lead = flights.solo(item.key.as_str(), of).lead();
                    led.push(Led { index, lead });
                }
                Err(seat) => awaited.push(Awaited { index, seat }),
            }
        }
        (led, awaited)
    }

    /// Waits for one of the flights that others lead, unless there is something to load.
    pub(super) async fn wait(
        &mut self,
        led: &mut Vec<Led<B::Raw>>,
        awaited: &mut Vec<Awaited<B::Raw>>,
        until: Instant,
    ) -> Result<(), K::Rest> {
        self.sweep(led, awaited)?;
        if !led.is_empty() {
            return Ok(());
        }
        let Some(Awaited { index, seat }) = awaited.pop() else {
            return Ok(());
        };
        let left = until.saturating_duration_since(Instant::now());
        let turn = seat.turn(left.max(Duration::from_millis(1))).await;
        self.turned(index, turn, led)?;
        // A leader that goes away hands all its keys over, and one load is to serve them.
        self.sweep(led, awaited)
    }

    /// Takes what has landed and every lead that is free, without waiting.
    pub(super) fn sweep(
        &mut self,
        led: &mut Vec<Led<B::Raw>>,
        awaited: &mut Vec<Awaited<B::Raw>>,
    ) -> Result<(), K::Rest> {
        for Awaited { index, seat } in std::mem::take(awaited) {
            match seat.turn_now() {
                Ok(turn) => self.turned(index, turn, led)?,
                Err(seat) => awaited.push(Awaited { index, seat }),
            }
        }
        Ok(())
    }

    pub(super) fn turned(
        &mut self,
        index: usize,
        turn: Turn<B::Raw>,
        led: &mut Vec<Led<B::Raw>>,
    ) -> Result<(), K::Rest> {
        let cache = self.bulk.cache;
        let answer = match turn {
            Turn::Lead(lead) => {
                led.push(Led { index, lead });
                return Ok(());
            }
            Turn::Landed(Landing::Value(raw)) => cache.serializer.load(&raw).ok().map(Answer::Cached),
            Turn::Landed(Landing::None) => Some(Answer::Absent),
            Turn::Landed(Landing::Failed(error)) => match self.bulk.share.take(&error) {
                Some(rest) => return Err(rest),
                None => None,
            },
            Turn::Landed(Landing::Alone) => None,
            Turn::WaitedTooLong => {
                cache.core.trouble.ran_alone(cache.name());
                None
            }
        };
        match answer {
            Some(answer) => {
                self.items[index].answer = answer;
                if self.source == Source::Hit {
                    self.source = Source::Shared;
                }
            }
            None => {
                let key = self.items[index].key.as_str();
                let lead = cache.core.flights.solo(key, type_name::<ValueOf<K>>()).lead();
                led.push(Led { index, lead });
            }
        }
        Ok(())
    }
}
