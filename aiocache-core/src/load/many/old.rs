//! What a call over several keys serves where its load fails.

use super::board::Awaited;
use super::bulk::{KeyOf, PairHooks, ValueOf};
use super::pairs::BulkOutcome;
use super::{Answer, Flow, Led};
use crate::backend::Backend;
use crate::events::EventKind;
use crate::key::KeyBuf;
use crate::load::single::old::Old;
use crate::load::{Landing, NoneRule, Share};
use crate::serializer::{Dump, Load};

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
    /// Answers keys whose source is to be left alone with what is old.
    pub(in crate::load) fn serve_resting(&mut self) {
        if !self.serves_old() {
            return;
        }
        let failures = self.bulk.cache.core.flights.failures();
        let rests = |index: &usize| {
            let item = &self.items[*index];
            item.is_open() && item.old.is_some() && failures.rests(item.key.as_str())
        };
        let resting: Vec<usize> = (0..self.items.len()).filter(rests).collect();
        self.serve_old(&resting);
    }

    /// Lets go of leads whose keys are answered, and of seats: what their flights bring is not wanted any more.
    pub(in crate::load) fn free_answered(
        &self,
        led: &mut Vec<Led<B::Raw>>,
        awaited: &mut Vec<Awaited<B::Raw>>,
    ) {
        for place in (0..led.len()).rev() {
            if !self.items[led[place].index].is_open() {
                led.swap_remove(place).lead.land(Landing::FailedAlone);
            }
        }
        awaited.retain(|one| self.items[one.index].is_open());
    }

    /// Shares the error of a load of these keys, and falls back to what is old.
    pub(in crate::load) fn failed(
        &mut self,
        loaded: &[usize],
        led: Vec<Led<B::Raw>>,
        rest: K::Rest,
    ) -> Result<(), K::Rest> {
        let failure = self.is_failure(&rest);
        if failure {
            self.note_failure(&led);
        }
        for Led { lead, .. } in led {
            lead.land(match self.bulk.share.share(&rest) {
                Some(shared) => Landing::Failed(shared),
                None if failure => Landing::FailedAlone,
                None => Landing::Alone,
            });
        }
        if failure && self.fall_back(loaded) {
            Ok(())
        } else {
            Err(rest)
        }
    }

    /// Frees the keys of a load that took too long, and answers them likewise.
    pub(in crate::load) fn timed_out(
        &mut self,
        loaded: &[usize],
        led: Vec<Led<B::Raw>>,
    ) -> Result<(), K::Return> {
        let after = self.policy.hard().unwrap_or_default();
        self.note_failure(&led);
        for Led { lead, .. } in led {
            lead.land(Landing::TimedOut(after));
        }
        if self.fall_back(loaded) {
            return Ok(());
        }
        let answer = self.bulk.hooks.timed_out(after);
        Err(answer.expect("a policy with a hard timeout comes with an answer"))
    }

    /// Before the landing: who comes after it is to find the mark.
    fn note_failure(&self, led: &[Led<B::Raw>]) {
        let failures = self.bulk.cache.core.flights.failures();
        for Led { lead, .. } in led {
            failures.note(lead.key(), self.policy.failure_lasts());
        }
    }

    /// Answers these keys with what is old, if all of them have that.
    fn fall_back(&mut self, loaded: &[usize]) -> bool {
        // A call without keys has nothing to fall back to.
        let all = !loaded.is_empty() && loaded.iter().all(|&index| self.items[index].old.is_some());
        if all {
            self.bulk.cache.core.trouble.load_failed(self.bulk.cache.name());
            self.serve_old(loaded);
        }
        all
    }

    /// Whether an error is a failure of the source, and no answer.
    pub(in crate::load) fn is_failure(&self, rest: &K::Rest) -> bool {
        self.bulk.hooks.fails(rest).unwrap_or(true)
    }

    /// Answers these keys with what is old, where they have that.
    pub(in crate::load) fn serve_old(&mut self, indices: &[usize]) {
        let mut served = 0;
        for &index in indices {
            let item = &mut self.items[index];
            item.answer = match item.old.take() {
                Some(Old::Value(value)) => Answer::Cached(value),
                Some(Old::None) => Answer::Absent,
                None => continue,
            };
            served += 1;
        }
        if served > 0 {
            self.served_old = true;
            self.bulk
                .cache
                .tell_of_many(self.bulk.namespace(), served, EventKind::Stale);
        }
    }
}
