//! What a call over several keys reads from the store.

use super::bulk::{KeyOf, PairHooks, ValueOf};
use super::pairs::BulkOutcome;
use super::{Answer, Flow, Led};
use crate::backend::{Backend, Entry, Want};
use crate::error::Result;
use crate::key::KeyBuf;
use crate::load::flights::Ends;
use crate::load::look::Answer as _;
use crate::load::policy::lifetime::{Age, Ageing};
use crate::load::single::old::Old;
use crate::load::{Found, Landing, NoneRule, Share};
use crate::plugin::{Command, CommandName, Outcome as CommandOutcome};
use crate::serializer::{Dump, Load};
use crate::trouble::Asked;

/// What a read found, and whether that is beyond its ttl.
pub(in crate::load) struct Seen<V> {
    found: Found<V>,
    stale: bool,
}

impl<V: Send> Seen<V> {
    fn is_hit(&self) -> bool {
        !self.stale && self.found.is_hit()
    }

    /// What to fall back to, and what to answer with.
    fn parted(self) -> (Option<Old<V>>, Option<Found<V>>) {
        match self.found {
            Found::Value(value) if self.stale => (Some(Old::Value(value)), None),
            Found::None if self.stale => (Some(Old::None), None),
            found => (None, Some(found)),
        }
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
    /// Reads all keys as the command `multi_get`, hooks included.
    pub(in crate::load) async fn look(&mut self) {
        let cache = self.bulk.cache;
        let indices: Vec<usize> = (0..self.items.len())
            .filter(|&i| !self.items[i].key.is_failed())
            .collect();
        if indices.is_empty() {
            return;
        }
        match self.read_as_command(&indices).await {
            Ok(found) => self.take(&indices, found),
            Err(error) => {
                cache.core.trouble.failed(cache.name(), Asked::Read, &error);
                self.store_failed = true;
            }
        }
    }

    pub(in crate::load) async fn read_as_command(
        &self,
        indices: &[usize],
    ) -> Result<Vec<Option<Seen<ValueOf<K>>>>> {
        let cache = self.bulk.cache;
        let items = cache.of_items(CommandName::MultiGet, indices.len());
        let command = Command {
            namespace: self.bulk.namespace(),
            ..items
        };
        let hits = |found: &Vec<Option<Seen<_>>>| CommandOutcome::Read {
            hits: found.iter().flatten().filter(|seen| seen.is_hit()).count(),
        };
        let read = || async {
            if cache.core.recovery.is_some() {
                let keys: Vec<&str> = indices
                    .iter()
                    .map(|&index| self.items[index].key.as_str())
                    .collect();
                cache.catch_up(&keys).await?;
            }
            cache.ask(|| self.read(indices)).await
        };
        cache.run(command, hits, read).await
    }

    pub(in crate::load) async fn read(&self, indices: &[usize]) -> Result<Vec<Option<Seen<ValueOf<K>>>>> {
        let cache = self.bulk.cache;
        let keys: Vec<&str> = indices
            .iter()
            .map(|&index| self.items[index].key.as_str())
            .collect();
        let ages = self.policy.ages() && cache.core.capabilities.remaining_ttl;
        let (want, ageing) = if ages {
            (Want::REMAINING, self.policy.ageing())
        } else {
            (Want::VALUE, Ageing::NONE)
        };
        let serves_old = self.serves_old();
        let decode = |_, entry: Entry<'_, B::Raw>| {
            let stale = ageing.age(entry.remaining, None) == Age::Stale;
            if ages && entry.remaining.is_none() {
                cache.core.trouble.ageless(cache.name());
            }
            // What nobody will be served need not decode.
            let found = if stale && !serves_old {
                Found::Nothing
            } else {
                cache.decode::<_, K::None>(&entry)
            };
            Seen { found, stale }
        };
        let found = cache.core.backend.read_many(&keys, want, decode).await?;
        if !cache.core.capabilities.local {
            cache.core.trouble.answered(cache.name(), Asked::Read);
        }
        cache.note_undecodable(found.iter().flatten().map(|seen| &seen.found));
        Ok(found)
    }

    pub(in crate::load) fn take(&mut self, indices: &[usize], found: Vec<Option<Seen<ValueOf<K>>>>) {
        for (&index, seen) in indices.iter().zip(found) {
            let item = &mut self.items[index];
            let (old, found) = seen.map_or((None, None), Seen::parted);
            item.old = old;
            item.answer = match found {
                Some(Found::Value(value)) => Answer::Cached(value),
                Some(Found::None) => Answer::Absent,
                Some(Found::Undecodable(_)) => Answer::Undecodable,
                Some(Found::Nothing | Found::Failed(_)) | None => Answer::Open,
            };
        }
    }

    /// Looks again for values that may have come meanwhile, and takes away those that do not decode.
    pub(in crate::load) async fn prepare(&mut self, led: &mut Vec<Led<B::Raw>>, sample: Option<&Ends>) {
        let cache = self.bulk.cache;
        let mut again = Vec::new();
        for Led { index, lead } in &*led {
            let item = &self.items[*index];
            if matches!(item.answer, Answer::Undecodable) {
                cache
                    .remove_undecodable::<ValueOf<K>, K::None>(item.key.as_str())
                    .await;
            } else if lead.waited() || self.may_have_come(item.key.as_str(), sample) {
                again.push(*index);
            }
        }
        if again.is_empty() || self.store_failed {
            return;
        }
        let Ok(found) = self.bulk.cache.quietly(|| self.read(&again)).await else {
            return;
        };
        self.take(&again, found);
        for place in (0..led.len()).rev() {
            let landing = match &self.items[led[place].index].answer {
                Answer::Cached(value) => Some(value),
                Answer::Absent => None,
                Answer::Open | Answer::Undecodable | Answer::Loaded(..) => continue,
            };
            let lead = led.swap_remove(place).lead;
            match landing {
                Some(value) => self.land(lead, value, None),
                None => lead.land(Landing::None),
            }
        }
    }

    pub(in crate::load) fn sample(&self) -> Option<Ends> {
        (!self.bulk.cache.core.capabilities.local).then(|| self.bulk.cache.core.flights.ends())
    }

    pub(in crate::load) fn may_have_come(&self, key: &str, sample: Option<&Ends>) -> bool {
        sample.is_none_or(|sample| self.bulk.cache.core.flights.ended_since(key, sample))
    }
}
