//! Loading several values: only what is missing goes to the function, and flights are shared with single loads.
//!
//! A call looks all its keys up, boards the flight of each that is missing, and loads those that it leads in one go.
//! Only then does it wait for flights that others lead, so two calls that need each other's keys do not wait in a
//! circle. A lead that falls to it while it waits is loaded before it waits on.

pub(super) mod board;
pub(super) mod bulk;
pub(super) mod old;
pub(super) mod pairs;
pub(super) mod read;
pub(super) mod settle;

use std::any::type_name;
use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use tokio::time::Instant;

use super::flights::flight::Flight;
use super::flights::patience::Patience;
use super::flights::watched::Loaded;
use super::single::old::Old;
use super::{Lead, NoneRule, Policy, Share};
use crate::backend::Backend;
use crate::events::EventKind;
use crate::key::KeyBuf;
use crate::scope::{self, Source};
use crate::serializer::{Dump, Load};
use bulk::{Bulk, KeyOf, PairHooks, ValueOf};
use pairs::{BulkOutcome, Pairs};

/// One key of a call, and what is known of it.
pub(super) struct Item<A, G, V> {
    pub(super) key: KeyBuf,
    /// The key as the caller gave it, until the function takes it.
    pub(super) asked: Option<A>,
    /// What is there beyond its ttl, until the key is answered.
    pub(super) old: Option<Old<V>>,
    pub(super) answer: Answer<G, V>,
}

impl<A, G, V> Item<A, G, V> {
    /// Whether its key still wants an answer.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.answer, Answer::Open | Answer::Undecodable)
    }
}

pub(super) enum Answer<G, V> {
    /// Nothing was found.
    Open,
    /// What is there does not decode.
    Undecodable,
    /// Found in the cache, or brought by another caller's load.
    Cached(V),
    /// Returned by the function, with its own form of the key.
    Loaded(G, V),
    /// Known to have no value.
    Absent,
}

/// A flight that this call leads.
pub(super) struct Led<R> {
    pub(super) index: usize,
    pub(super) lead: Lead<R>,
}

/// A call on its way.
pub(crate) struct Flow<'f, B: Backend, S, K: BulkOutcome, X, H, A, P> {
    pub(super) bulk: &'f Bulk<'f, B, S, K, X, H>,
    pub(super) policy: &'f Policy,
    /// Builds the key of a returned pair.
    pub(super) given: P,
    /// How a key is kept while the function has it; where it cannot be, no old value is served.
    keep: Option<fn(&A) -> A>,
    pub(super) items: Vec<Item<A, KeyOf<K>, ValueOf<K>>>,
    pub(super) by_text: HashMap<Box<str>, usize>,
    /// Pairs that were returned without being asked for.
    pub(super) extra: Vec<(KeyOf<K>, ValueOf<K>)>,
    pub(super) store_failed: bool,
    /// What is stored replaces what other loads would store.
    pub(super) supersedes: bool,
    pub(super) source: Source,
    /// Some keys were answered with what is past its ttl.
    pub(super) served_old: bool,
}

impl<'f, B, S, K, X, H, A, P> Flow<'f, B, S, K, X, H, A, P>
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
    /// Builds the keys; a key asked for twice is one.
    pub(crate) fn new(
        bulk: &'f Bulk<'f, B, S, K, X, H>,
        policy: &'f Policy,
        keys: impl IntoIterator<Item = A>,
        asked: impl Fn(&mut KeyBuf, &A),
        given: P,
    ) -> Self {
        let (mut items, mut by_text) = (Vec::new(), HashMap::new());
        for one in keys {
            let key = bulk.stored(&asked, &one);
            if !key.is_failed() {
                if by_text.contains_key(key.as_str()) {
                    continue;
                }
                by_text.insert(key.as_str().into(), items.len());
            }
            items.push(Item {
                key,
                asked: Some(one),
                old: None,
                answer: Answer::Open,
            });
        }
        Self {
            bulk,
            policy,
            given,
            keep: None,
            items,
            by_text,
            extra: Vec::new(),
            store_failed: false,
            supersedes: false,
            source: Source::Hit,
            served_old: false,
        }
    }

    /// Serves what is old where a load fails.
    pub(crate) fn serving_old(self, keep: Option<fn(&A) -> A>) -> Self {
        Self { keep, ..self }
    }

    /// Whether an old value is of any use.
    pub(super) fn serves_old(&self) -> bool {
        self.keep.is_some()
    }

    /// Answers every key from the cache, from other callers' loads, and from the function.
    pub(crate) async fn answer<L, Fut>(mut self, mut load: L) -> K::Return
    where
        L: FnMut(Vec<A>) -> Fut,
        Fut: Future<Output = K::Return>,
    {
        let scope = scope::here();
        if !scope.reads() {
            return if scope.writes() {
                self.refresh(load).await
            } else {
                self.load_uncached(load).await
            };
        }
        let sample = self.sample();
        self.look().await;
        self.serve_resting();
        let (mut led, mut awaited) = match self.board() {
            Ok(boarded) => boarded,
            Err(returned) => return self.fail(returned),
        };
        // Keys that cannot be written go to the function every time, and so does an empty list.
        let mut must_load = self.items.is_empty() || self.items.iter().any(|item| item.key.is_failed());
        // Runs down while it waits for others, and not while its own function runs.
        let mut patience = self.policy.max_wait;
        loop {
            self.prepare(&mut led, sample.as_ref()).await;
            // Another caller's load may have failed since.
            self.serve_resting();
            self.free_answered(&mut led, &mut awaited);
            if must_load || !led.is_empty() {
                must_load = false;
                if let Err(returned) = self.load(&mut load, std::mem::take(&mut led)).await {
                    return self.fail(returned);
                }
            }
            if awaited.is_empty() {
                break;
            }
            let began = Instant::now();
            let waited = self.wait(&mut led, &mut awaited, Patience::new(patience)).await;
            if let Err(returned) = waited {
                return self.fail(returned);
            }
            patience = patience.saturating_sub(began.elapsed());
        }
        self.assemble()
    }

    /// Calls the function as if there were no cache.
    async fn load_uncached<L, Fut>(self, mut load: L) -> K::Return
    where
        L: FnMut(Vec<A>) -> Fut,
        Fut: Future<Output = K::Return>,
    {
        let returned = load(self.items.into_iter().filter_map(|item| item.asked).collect()).await;
        scope::came_from(Source::Uncached);
        returned
    }

    /// Loads every key and stores what comes, without reading first. Loads under way do not store any more.
    ///
    /// What was there before does not outlive it, unless the load fails.
    pub(crate) async fn refresh<L, Fut>(mut self, mut load: L) -> K::Return
    where
        L: FnMut(Vec<A>) -> Fut,
        Fut: Future<Output = K::Return>,
    {
        let flights = &self.bulk.cache.core.flights;
        let mut led = Vec::new();
        for (index, item) in self
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| !item.key.is_failed())
        {
            let lead = flights.solo(item.key.as_str(), type_name::<ValueOf<K>>());
            led.push(Led { index, lead });
        }
        self.supersedes = true;
        let refreshed: Vec<_> = led.iter().map(|led| (led.index, led.lead.flight())).collect();
        if let Err(returned) = self.load(&mut load, led).await {
            return self.fail(returned);
        }
        self.remove_left(&refreshed).await;
        let cache = self.bulk.cache;
        if !refreshed.is_empty() {
            cache.tell_of_many(self.bulk.namespace(), refreshed.len(), EventKind::Refreshed);
        }
        self.assemble()
    }

    /// What the cache has, without loading.
    pub(crate) async fn peek(mut self) -> crate::error::Result<K::Map> {
        let indices: Vec<usize> = (0..self.items.len())
            .filter(|&i| !self.items[i].key.is_failed())
            .collect();
        let found = self.read_as_command(&indices).await?;
        self.take(&indices, found);
        Ok(self.pairs())
    }

    /// Runs the function for the keys that this call leads, and settles what it returns.
    async fn load<L, Fut>(&mut self, load: &mut L, led: Vec<Led<B::Raw>>) -> Result<(), K::Return>
    where
        L: FnMut(Vec<A>) -> Fut,
        Fut: Future<Output = K::Return>,
    {
        let history = self.bulk.cache.core.flights.history();
        let ids: Vec<u64> = led.iter().map(|led| led.lead.id()).collect();
        let mut keys = Vec::with_capacity(led.len());
        let mut chosen: Vec<usize> = led.iter().map(|led| led.index).collect();
        // A key that cannot be written has no flight, and goes with the first load.
        let unwritable = |index: &usize| {
            let item = &self.items[*index];
            item.key.is_failed() && item.asked.is_some()
        };
        chosen.extend((0..self.items.len()).filter(unwritable));
        // In the order the caller gave.
        chosen.sort_unstable();
        for &index in &chosen {
            let item = &mut self.items[index];
            let kept = match (&item.asked, &item.old, self.keep) {
                (Some(asked), Some(_), Some(keep)) => Some(keep(asked)),
                _ => None,
            };
            keys.extend(std::mem::replace(&mut item.asked, kept));
        }
        self.source = Source::Loaded;
        let cache = self.bulk.cache;
        let loaded = Loaded::Many {
            namespace: self.bulk.namespace(),
            items: keys.len(),
        };
        let returned = {
            // In place: a load can be large, and is not to be moved around.
            let mut load = pin!(cache.run_load(loaded, &ids, K::is_rest, load(keys)));
            Patience::at_most(self.policy.hard()).wait(load.as_mut()).await
        };
        let Some(returned) = returned else {
            return self.timed_out(&chosen, led);
        };
        match K::split(returned) {
            Ok(pairs) => {
                if self.supersedes {
                    for Led { lead, .. } in &led {
                        lead.supersede_older().await;
                    }
                }
                for Led { lead, .. } in &led {
                    cache.core.flights.failures().forget(lead.key());
                }
                // What is newer than an old value takes its place, also where it is not stored.
                let replaced = led.iter().filter(|led| self.items[led.index].old.is_some());
                let replaced: Vec<_> = replaced.map(|led| (led.index, led.lead.flight())).collect();
                self.settle(led, pairs, &history).await;
                self.remove_left(&replaced).await;
                Ok(())
            }
            Err(rest) => self.failed(&chosen, led, rest).map_err(K::rest),
        }
    }

    /// Takes away what these flights were to replace and did not.
    async fn remove_left(&self, replaced: &[(usize, Arc<Flight<B::Raw>>)]) {
        let left = replaced.iter().filter(|(_, flight)| flight.leaves_the_old());
        let old: Vec<&str> = left.map(|(index, _)| self.items[*index].key.as_str()).collect();
        self.bulk.cache.remove_old(&old, self.supersedes).await;
    }

    /// The answer of a call that ends before all its keys are answered.
    fn fail(&self, returned: K::Return) -> K::Return {
        scope::came_from(self.source);
        returned
    }

    /// The answers in the order of the keys, and then what came unasked.
    fn assemble(self) -> K::Return {
        scope::came_from(if self.served_old {
            Source::Stale
        } else {
            self.source
        });
        K::pairs(self.pairs())
    }

    fn pairs(self) -> K::Map {
        let answered = self
            .items
            .into_iter()
            .filter_map(|Item { asked, answer, .. }| match answer {
                Answer::Loaded(key, value) => Some((key, value)),
                Answer::Cached(value) => asked.map(|asked| (asked.into(), value)),
                Answer::Open | Answer::Undecodable | Answer::Absent => None,
            });
        K::Map::from_pairs(answered.chain(self.extra))
    }
}
