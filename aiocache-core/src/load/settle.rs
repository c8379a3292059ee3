//! What becomes of the pairs that a function returned: stored as far as they may be, and landed.

use std::any::type_name;
use std::sync::Arc;

use super::bulk::{KeyOf, PairHooks, ValueOf};
use super::flights::History;
use super::many::{Answer, Flow, Led};
use super::pairs::{BulkOutcome, Pairs};
use super::{Landing, Lead, NoneRule, Share};
use crate::backend::{Backend, Raw};
use crate::key::KeyBuf;
use crate::scope;
use crate::serializer::{Dump, Load};

/// What is to be stored, and the leads that land after it.
struct Batch<R> {
    pairs: Vec<(Box<str>, R)>,
    led: Vec<(Led<R>, Option<R>)>,
    unasked: Vec<Lead<R>>,
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
    /// Stores and lands what the function returned for the keys that this call leads.
    pub(super) async fn settle(&mut self, led: Vec<Led<B::Raw>>, pairs: K::Map, history: &History) {
        let unasked = self.sort_in(&led, pairs);
        let values = self.batch(led, unasked, history);
        let cache = self.bulk.cache;
        let Batch { pairs, led, unasked } = values;
        let leads = (led, unasked);
        let Some((led, unasked)) = cache
            .store_many_loaded(self.bulk.namespace(), pairs, self.policy.ttl, leads)
            .await
        else {
            return;
        };
        unasked.into_iter().for_each(|lead| lead.land(Landing::Alone));
        let mut absent = Vec::new();
        for (Led { index, lead }, copy) in led {
            match &self.items[index].answer {
                Answer::Loaded(_, value) => self.land(lead, value, copy),
                _ => absent.push(Led { index, lead }),
            }
        }
        self.settle_absent(absent).await;
    }

    /// Gives each returned pair to the key that asked for it. Gives the places of those that nobody asked for.
    fn sort_in(&mut self, led: &[Led<B::Raw>], pairs: K::Map) -> Vec<(KeyBuf, usize)> {
        let mut unasked = Vec::new();
        for (given, value) in pairs.into_pairs() {
            let key = self.bulk.stored(&self.given, &given);
            let place = if key.is_failed() {
                None
            } else {
                self.by_text.get(key.as_str()).copied()
            };
            match place {
                Some(index) if led.iter().any(|led| led.index == index) => {
                    self.items[index].answer = Answer::Loaded(given, value);
                }
                // Asked for, but answered already: what callers have seen stays.
                Some(_) => {}
                None => {
                    unasked.push((key, self.extra.len()));
                    self.extra.push((given, value));
                }
            }
        }
        unasked
    }

    fn batch(
        &self,
        led: Vec<Led<B::Raw>>,
        unasked: Vec<(KeyBuf, usize)>,
        history: &History,
    ) -> Batch<B::Raw> {
        let mut batch = Batch {
            pairs: Vec::new(),
            led: Vec::new(),
            unasked: Vec::new(),
        };
        for led in led {
            let item = &self.items[led.index];
            let raw = match &item.answer {
                Answer::Loaded(key, value) => self.storable(key, value),
                _ => None,
            };
            let copy = raw.as_ref().and_then(Raw::share);
            if let Some(raw) = raw.filter(|_| led.lead.may_store()) {
                batch.pairs.push((item.key.as_str().into(), raw));
            }
            batch.led.push((led, copy));
        }
        let flights = &self.bulk.cache.core.flights;
        for (key, place) in unasked.into_iter().filter(|(key, _)| !key.is_failed()) {
            let (given, value) = &self.extra[place];
            let Some(raw) = self.storable(given, value) else {
                continue;
            };
            let lead = flights.solo(key.as_str(), type_name::<ValueOf<K>>()).lead();
            // Nobody knew of this key while the function ran, so a write meanwhile shows only in the counts.
            if lead.may_store() && !flights.written_since(key.as_str(), history) {
                batch.pairs.push((key.as_str().into(), raw));
            }
            batch.unasked.push(lead);
        }
        batch
    }

    /// Lands keys that the function did not return, and stores that where the policy says so.
    async fn settle_absent(&mut self, absent: Vec<Led<B::Raw>>) {
        let cache = self.bulk.cache;
        let mut pairs = Vec::new();
        for Led { index, lead } in &absent {
            self.items[*index].answer = Answer::Absent;
            let dumped = if !self.may_store() {
                None
            } else {
                K::None::dump(&cache.serializer)
            };
            let raw = dumped.and_then(|dumped| cache.storable(dumped));
            if let Some(raw) = raw.filter(|_| lead.may_store()) {
                pairs.push((self.items[*index].key.as_str().into(), raw));
            }
        }
        let ttl = self.policy.none_ttl_or_ttl();
        let absent = cache
            .store_many_loaded(self.bulk.namespace(), pairs, ttl, absent)
            .await;
        absent
            .into_iter()
            .flatten()
            .for_each(|led| led.lead.land(Landing::None));
    }

    fn may_store(&self) -> bool {
        !self.store_failed && scope::here().writes()
    }

    fn storable(&self, key: &KeyOf<K>, value: &ValueOf<K>) -> Option<B::Raw> {
        let cache = self.bulk.cache;
        let wanted = self.may_store() && !self.bulk.hooks.skips(key, value);
        if wanted {
            cache.storable(cache.serializer.dump(value))
        } else {
            None
        }
    }

    /// Lands a value, written once more for those who wait.
    pub(super) fn land(&self, lead: Lead<B::Raw>, value: &ValueOf<K>, copy: Option<B::Raw>) {
        if !lead.close() {
            return lead.land(Landing::Alone);
        }
        let raw = copy.or_else(|| self.bulk.cache.serializer.dump(value).ok());
        lead.land(raw.map_or(Landing::Alone, |raw| Landing::Value(Arc::new(raw))));
    }
}
