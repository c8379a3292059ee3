//! What becomes of the pairs that a function returned: stored as far as they may be, and landed.

use std::any::type_name;
use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;

use super::bulk::{KeyOf, PairHooks, ValueOf};
use super::pairs::{BulkOutcome, Pairs};
use super::{Answer, Flow, Led};
use crate::backend::{Backend, Raw};
use crate::key::KeyBuf;
use crate::load::flights::History;
use crate::load::flights::held::held;
use crate::load::{Landing, Lead, NoneRule, Share};
use crate::scope;
use crate::serializer::{Dump, Load};

/// A lead, what its key is to hold, and a second handle to that for those who wait.
struct Settled<R> {
    lead: Lead<R>,
    raw: Option<R>,
    copy: Option<R>,
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
    /// Stores and lands what the function returned for the keys that this call leads.
    pub(in crate::load) async fn settle(&mut self, led: Vec<Led<B::Raw>>, pairs: K::Map, history: &History) {
        let unasked = self.sort_in(&led, pairs);
        let is_loaded = |led: &Led<B::Raw>| matches!(self.items[led.index].answer, Answer::Loaded(..));
        let ids: Vec<u64> = led.iter().map(|led| led.lead.id()).collect();
        let (loaded, absent): (Vec<_>, Vec<_>) = led.into_iter().partition(is_loaded);
        // The hooks around the first store may ask for a key whose flight lands after the second one.
        let settled = pin!(async {
            self.settle_loaded(loaded, unasked, history).await;
            self.settle_absent(absent).await;
        });
        held(&ids, settled).await;
    }

    async fn settle_loaded(
        &self,
        loaded: Vec<Led<B::Raw>>,
        unasked: Vec<(KeyBuf, usize)>,
        history: &History,
    ) {
        let (mut indices, mut copies, mut batch) = (Vec::new(), Vec::new(), Vec::new());
        let asked = loaded.into_iter().filter_map(|led| {
            let index = led.index;
            Some((Some(index), self.settled(led)?))
        });
        let unasked = unasked.into_iter().filter_map(|(key, place)| {
            let settled = self.settled_unasked(&key, place, history)?;
            Some((None, settled))
        });
        for (index, Settled { lead, raw, copy }) in asked.chain(unasked) {
            indices.push(index);
            copies.push(copy);
            batch.push((lead, raw));
        }
        let cache = self.bulk.cache;
        let stored = cache.store_many_loaded(self.bulk.namespace(), batch, self.policy.lifetime());
        let leads = stored.await.into_iter().flatten();
        for ((lead, index), copy) in leads.zip(indices).zip(copies) {
            match index.map(|index| &self.items[index].answer) {
                Some(Answer::Loaded(_, value)) => self.land(lead, value, copy),
                _ => lead.land(Landing::Alone),
            }
        }
    }

    /// Gives each returned pair to the key that asked for it. Gives the places of those that nobody asked for.
    fn sort_in(&mut self, led: &[Led<B::Raw>], pairs: K::Map) -> Vec<(KeyBuf, usize)> {
        let led: HashSet<usize> = led.iter().map(|led| led.index).collect();
        let mut unasked = Vec::new();
        for (given, value) in pairs.into_pairs() {
            let key = self.bulk.stored(&self.given, &given);
            let place = if key.is_failed() {
                None
            } else {
                self.by_text.get(key.as_str()).copied()
            };
            match place {
                Some(index) if led.contains(&index) => {
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

    fn settled(&self, Led { index, lead }: Led<B::Raw>) -> Option<Settled<B::Raw>> {
        let Answer::Loaded(key, value) = &self.items[index].answer else {
            return None;
        };
        let raw = self.storable(key, value);
        let copy = raw.as_ref().and_then(Raw::share);
        Some(Settled { lead, raw, copy })
    }

    fn settled_unasked(&self, key: &KeyBuf, place: usize, history: &History) -> Option<Settled<B::Raw>> {
        if key.is_failed() {
            return None;
        }
        let (given, value) = &self.extra[place];
        let raw = self.storable(given, value)?;
        let flights = &self.bulk.cache.core.flights;
        let lead = flights.solo(key.as_str(), type_name::<ValueOf<K>>());
        // Nobody knew of this key while the function ran, so a write meanwhile shows only in the counts. Asked after
        // the lead is there: a later write finds it.
        let raw = Some(raw).filter(|_| !flights.written_since(key.as_str(), history));
        Some(Settled {
            lead,
            raw,
            copy: None,
        })
    }

    /// Lands keys that the function did not return, and stores that where the policy says so.
    async fn settle_absent(&mut self, absent: Vec<Led<B::Raw>>) {
        let cache = self.bulk.cache;
        let mut batch = Vec::with_capacity(absent.len());
        for Led { index, lead } in absent {
            self.items[index].answer = Answer::Absent;
            let dumped = if self.may_store() {
                K::None::dump(&cache.serializer)
            } else {
                None
            };
            batch.push((lead, dumped.and_then(|dumped| cache.storable(dumped))));
        }
        let lifetime = self.policy.none_lifetime();
        let leads = cache
            .store_many_loaded(self.bulk.namespace(), batch, lifetime)
            .await;
        leads
            .into_iter()
            .flatten()
            .for_each(|lead| lead.land(Landing::None));
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
    pub(in crate::load) fn land(&self, mut lead: Lead<B::Raw>, value: &ValueOf<K>, copy: Option<B::Raw>) {
        if !lead.close() {
            return lead.land(Landing::Alone);
        }
        let raw = copy.or_else(|| self.bulk.cache.serializer.dump(value).ok());
        lead.land(raw.map_or(Landing::Alone, |raw| Landing::Value(Arc::new(raw))));
    }
}
