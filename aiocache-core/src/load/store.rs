//! What the engine asks of the cache: reads that never fail the caller, and stores that outlive it.

use std::time::Duration;

use tokio::runtime::Handle;

use super::flight::Storing;
use super::{Lead, NoneRule, Outcome};
use crate::backend::{Backend, Entry, Want};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::events::EventKind;
use crate::plugin::{Command, CommandName, Outcome as CommandOutcome};
use crate::scope;
use crate::serializer::Load;
use crate::trouble::Asked;
use crate::ttl::{self, Ttl};

/// Where a value is: its key as stored, and the namespace in it for hooks and logs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) key: &'a str,
    pub(crate) namespace: &'a str,
}

/// What a read found.
#[derive(Debug)]
pub(crate) enum Found<V> {
    Value(V),
    /// A cached `None`.
    None,
    Nothing,
    /// Something that is no `V`.
    Undecodable,
    /// The store does not answer.
    Failed(Error),
}

impl<V> Found<V> {
    pub(super) fn is_hit(&self) -> bool {
        matches!(self, Self::Value(_) | Self::None)
    }
}

impl<B: Backend, S> Cache<B, S> {
    /// How many leads and writes near the key have ended; not asked in memory, where looking again costs less.
    pub(super) fn sample(&self, key: &str) -> Option<u64> {
        (!self.core.capabilities.local).then(|| self.core.flights.ended(key))
    }

    /// Reads as the command `get`, hooks included.
    pub(crate) async fn look<K>(&self, at: At<'_>) -> Found<K::Value>
    where
        K: Outcome,
        K::Value: Send,
        K::None: NoneRule<S, B::Raw>,
        S: Load<K::Value, B::Raw> + Send + Sync,
    {
        let read = if self.is_bare() {
            // The hot path: nothing to time, to tell or to break.
            let read = self.read::<K>(at).await;
            if let Ok(found) = &read {
                let kind = if found.is_hit() {
                    EventKind::Hit
                } else {
                    EventKind::Miss
                };
                self.core.counts.note(kind, 1);
            }
            read
        } else {
            // Boxed, so that a hit in process does not carry the room that a command needs.
            Box::pin(self.read_as_command::<K>(at)).await
        };
        read.unwrap_or_else(|error| {
            self.core.trouble.failed(self.name(), Asked::Read, &error);
            Found::Failed(error)
        })
    }

    async fn read_as_command<K>(&self, at: At<'_>) -> Result<Found<K::Value>>
    where
        K: Outcome,
        K::Value: Send,
        K::None: NoneRule<S, B::Raw>,
        S: Load<K::Value, B::Raw> + Send + Sync,
    {
        let outcome = |found: &Found<K::Value>| CommandOutcome::Read {
            hits: usize::from(found.is_hit()),
        };
        let command = self.command_at(CommandName::Get, at, None);
        self.run(command, outcome, || self.ask(|| self.read::<K>(at)))
            .await
    }

    /// Reads once more, past the hooks: one call is one hit or one miss.
    pub(super) async fn look_again<K>(&self, at: At<'_>) -> Found<K::Value>
    where
        K: Outcome,
        K::Value: Send,
        K::None: NoneRule<S, B::Raw>,
        S: Load<K::Value, B::Raw> + Send + Sync,
    {
        self.quietly(|| self.read::<K>(at))
            .await
            .unwrap_or_else(Found::Failed)
    }

    async fn read<K>(&self, at: At<'_>) -> Result<Found<K::Value>>
    where
        K: Outcome,
        K::Value: Send,
        K::None: NoneRule<S, B::Raw>,
        S: Load<K::Value, B::Raw> + Send + Sync,
    {
        let found = self
            .core
            .backend
            .read(at.key, Want::VALUE, |entry| self.decode::<_, K::None>(&entry))
            .await?;
        if !self.core.capabilities.local {
            self.core.trouble.answered(self.name(), Asked::Read);
        }
        Ok(found.unwrap_or(Found::Nothing))
    }

    /// Tells a value from a cached `None` and from what cannot be read.
    pub(super) fn decode<V, N>(&self, entry: &Entry<'_, B::Raw>) -> Found<V>
    where
        N: NoneRule<S, B::Raw>,
        S: Load<V, B::Raw>,
    {
        if N::is_none(&self.serializer, entry.raw) {
            return Found::None;
        }
        match self.serializer.load(entry.raw) {
            Ok(value) => Found::Value(value),
            Err(error) => {
                self.core.trouble.undecodable(self.name(), &error);
                Found::Undecodable
            }
        }
    }

    /// Takes a value away that does not decode, if it is still that value.
    pub(super) async fn remove_undecodable<V, N>(&self, key: &str)
    where
        N: NoneRule<S, B::Raw>,
        S: Load<V, B::Raw> + Send + Sync,
    {
        if !self.core.capabilities.compare {
            return;
        }
        let backend = &self.core.backend;
        let spoilt = |entry: Entry<'_, B::Raw>| {
            let decodes = N::is_none(&self.serializer, entry.raw) || self.serializer.load(entry.raw).is_ok();
            if decodes { None } else { entry.version }
        };
        // The load follows in any case, so a failure here only leaves the value for its result to replace.
        let read = || backend.read(key, Want::VERSION, spoilt);
        if let Ok(Some(Some(version))) = self.quietly(read).await {
            let _removed = self.quietly(|| backend.compare_and_delete(key, &version)).await;
        }
    }

    /// What can be stored, or a note of why not.
    pub(super) fn storable(&self, dumped: Result<B::Raw>) -> Option<B::Raw> {
        let fitting = dumped.and_then(|raw| self.fits(&raw).map(|()| raw));
        fitting
            .map_err(|error| self.core.trouble.unstorable(self.name(), &error))
            .ok()
    }

    /// What a ttl means for this handle, or a note of why the store cannot keep it.
    pub(super) fn storable_ttl(&self, ttl: Ttl) -> Option<Option<Duration>> {
        let ttl = ttl.resolve(self.ttl_default());
        let checked = ttl::check(ttl, self.core.capabilities.ttl_resolution);
        checked
            .map_err(|error| self.core.trouble.unstorable(self.name(), &error))
            .ok()?;
        Some(ttl)
    }

    pub(super) fn command_at<'a>(&'a self, name: CommandName, at: At<'a>, ttl: Option<Ttl>) -> Command<'a> {
        Command {
            name,
            cache: self.name(),
            namespace: at.namespace,
            key: Some(at.key),
            items: 1,
            ttl,
        }
    }
}

impl<B: Backend, S: Send + Sync + 'static> Cache<B, S> {
    /// Stores what a flight loaded, if it still may, and gives the lead back for the landing.
    ///
    /// Behind a wire the store runs in a task of its own: if the caller goes away it is not cut in half, and a write
    /// that waits for it can rely on its end. The lead then passes to a waiter, who finds the value. So it does when
    /// the caller's scope does not wait for writes.
    pub(super) async fn store_loaded(
        &self,
        namespace: &str,
        raw: Option<B::Raw>,
        ttl: Ttl,
        lead: Lead<B::Raw>,
    ) -> Option<Lead<B::Raw>> {
        let (Some(raw), Some(lifetime)) = (raw, self.storable_ttl(ttl)) else {
            return Some(lead);
        };
        if !lead.may_store() {
            return Some(lead);
        }
        let Some(runtime) = self.runtime_for_stores() else {
            self.write_loaded(namespace, raw, ttl, lifetime, &lead).await;
            return Some(lead);
        };
        let (cache, namespace) = (self.clone(), namespace.to_owned());
        let working = self.core.background.begin();
        let task = runtime.spawn(async move {
            let _working = working;
            cache.write_loaded(&namespace, raw, ttl, lifetime, &lead).await;
            lead
        });
        if !scope::here().waits_for_write() {
            return None;
        }
        // A task ends without its lead only when its runtime shuts down.
        task.await.ok()
    }

    /// The same for several keys at once. The leads come back in their order.
    pub(super) async fn store_many_loaded(
        &self,
        namespace: &str,
        loaded: Vec<(Lead<B::Raw>, Option<B::Raw>)>,
        ttl: Ttl,
    ) -> Option<Vec<Lead<B::Raw>>> {
        let (leads, raws): (Vec<Lead<B::Raw>>, Vec<Option<B::Raw>>) = loaded.into_iter().unzip();
        if raws.iter().all(Option::is_none) {
            return Some(leads);
        }
        let Some(lifetime) = self.storable_ttl(ttl) else {
            return Some(leads);
        };
        let Some(runtime) = self.runtime_for_stores() else {
            self.write_many_loaded(namespace, raws, ttl, lifetime, &leads)
                .await;
            return Some(leads);
        };
        let (cache, namespace) = (self.clone(), namespace.to_owned());
        let working = self.core.background.begin();
        let task = runtime.spawn(async move {
            let _working = working;
            cache
                .write_many_loaded(&namespace, raws, ttl, lifetime, &leads)
                .await;
            leads
        });
        if !scope::here().waits_for_write() {
            return None;
        }
        task.await.ok()
    }

    /// Removes what a refresh did not replace: the function returned something that is not stored, or another write
    /// was in the way of the store.
    pub(super) async fn remove_old(&self, keys: &[&str]) {
        let scope = scope::here();
        // Without the wait, the store is still to come.
        if keys.is_empty() || !scope.writes() || !scope.waits_for_write() {
            return;
        }
        if let Err(error) = self.delete_all(keys).await {
            self.core.trouble.failed(self.name(), Asked::Write, &error);
        }
    }

    /// Where stores run that outlive their caller. A store in process is done at once.
    fn runtime_for_stores(&self) -> Option<Handle> {
        if self.core.capabilities.local {
            None
        } else {
            Handle::try_current().ok()
        }
    }

    async fn write_loaded(
        &self,
        namespace: &str,
        raw: B::Raw,
        ttl: Ttl,
        lifetime: Option<Duration>,
        lead: &Lead<B::Raw>,
    ) {
        let key = lead.key();
        let command = self.command_at(CommandName::Set, At { key, namespace }, Some(ttl));
        let write = || async {
            match lead.begin_store() {
                Some(storing) => {
                    let written = self.ask(|| self.core.backend.write(key, raw, lifetime)).await;
                    self.undo_overtaken(&[(storing, key)]).await;
                    written
                }
                // A write came between; what it wrote stands where this would have.
                None => Ok(()),
            }
        };
        let written = self.run(command, |&()| CommandOutcome::Done, write).await;
        self.note_written(written);
    }

    /// Deletes what a write did not wait for. That costs a load if the write was first, or was a `set`.
    async fn undo_overtaken(&self, stored: &[(Storing<'_, B::Raw>, &str)]) {
        let overtaken = stored.iter().filter(|(storing, _)| storing.is_overtaken());
        let keys: Vec<&str> = overtaken.map(|(_, key)| *key).collect();
        if keys.is_empty() {
            return;
        }
        if let Err(error) = self.ask(|| self.core.backend.delete_many(&keys)).await {
            self.core.trouble.failed(self.name(), Asked::Write, &error);
        }
    }

    async fn write_many_loaded(
        &self,
        namespace: &str,
        raws: Vec<Option<B::Raw>>,
        ttl: Ttl,
        lifetime: Option<Duration>,
        leads: &[Lead<B::Raw>],
    ) {
        let wanted = leads
            .iter()
            .zip(raws)
            .filter_map(|(lead, raw)| Some((lead, raw?)));
        let wanted: Vec<(&Lead<B::Raw>, B::Raw)> = wanted.filter(|(lead, _)| lead.may_store()).collect();
        if wanted.is_empty() {
            return;
        }
        let command = Command {
            namespace,
            ttl: Some(ttl),
            ..self.of_items(CommandName::MultiSet, wanted.len())
        };
        let write = || async {
            let begun = wanted.into_iter().filter_map(|(lead, raw)| {
                let storing = lead.begin_store()?;
                Some(((storing, lead.key()), (lead.key(), raw)))
            });
            let (stored, pairs): (Vec<_>, Vec<_>) = begun.unzip();
            if pairs.is_empty() {
                return Ok(());
            }
            let written = self.ask(|| self.core.backend.write_many(pairs, lifetime)).await;
            self.undo_overtaken(&stored).await;
            written
        };
        let written = self.run(command, |&()| CommandOutcome::Done, write).await;
        self.note_written(written);
    }

    fn note_written(&self, written: Result<()>) {
        match written {
            Err(error) => self.core.trouble.failed(self.name(), Asked::Write, &error),
            Ok(()) if !self.core.capabilities.local => self.core.trouble.answered(self.name(), Asked::Write),
            Ok(()) => {}
        }
    }
}
