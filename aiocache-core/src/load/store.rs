//! How the engine stores: in a way that outlives the caller.

use std::pin::pin;
use std::time::Duration;

use tokio::runtime::Handle;

use super::flights::held::{held, held_here, stored};
use super::flights::lead::Storing;
use super::policy::lifetime::Lifetime;
use super::{At, Lead};
use crate::backend::Backend;
use crate::cache::Cache;
use crate::error::Result;
use crate::plugin::{Command, CommandName, Outcome as CommandOutcome};

use crate::recovery::Turn;
use crate::scope;
use crate::trouble::Asked;
use crate::ttl::{self, Ttl};

/// A value on its way to the store.
struct Loaded<R> {
    raw: R,
    /// As the user gave it.
    ttl: Ttl,
    kept_for: Option<Duration>,
    /// It is the value that is there already.
    renews: bool,
}

impl<B: Backend, S> Cache<B, S> {
    /// What can be stored, or a note of why not.
    pub(super) fn storable(&self, dumped: Result<B::Raw>) -> Option<B::Raw> {
        let fitting = dumped.and_then(|raw| self.fits(&raw).map(|()| raw));
        fitting
            .map_err(|error| self.core.trouble.unstorable(self.name(), &error))
            .ok()
    }

    /// What a lifetime means for this handle, or a note of why the store cannot keep it.
    pub(super) fn storable_for(&self, lifetime: Lifetime) -> Option<Option<Duration>> {
        self.kept_for(lifetime)
            .map_err(|error| self.core.trouble.unstorable(self.name(), &error))
            .ok()
    }

    /// How long the store is to keep a value.
    pub(crate) fn kept_for(&self, lifetime: Lifetime) -> Result<Option<Duration>> {
        let ttl = lifetime.ttl.resolve(self.ttl_default());
        ttl::check(ttl, self.core.capabilities.ttl_resolution)?;
        Ok(lifetime.stretch(ttl, self.core.capabilities.remaining_ttl))
    }
}

impl<B: Backend, S: Send + Sync + 'static> Cache<B, S> {
    /// Stores what a flight loaded, if it still may, and gives the lead back for the landing.
    ///
    /// Behind a wire the store runs in a task of its own: if the caller goes away it is not cut in half, and a write
    /// that waits for it can rely on its end. The lead then passes to a waiter, who finds the value. So it does when
    /// the caller's scope does not wait for writes.
    ///
    /// With `renews` the value is the one that is there, and only its ttl is written.
    pub(super) async fn store_loaded(
        &self,
        namespace: &str,
        raw: Option<B::Raw>,
        lifetime: Lifetime,
        renews: bool,
        lead: Lead<B::Raw>,
    ) -> Option<Lead<B::Raw>> {
        let (Some(raw), Some(kept_for)) = (raw, self.storable_for(lifetime)) else {
            return Some(lead);
        };
        if !lead.may_store() {
            return Some(lead);
        }
        let loaded = Loaded {
            raw,
            ttl: lifetime.ttl,
            kept_for,
            renews,
        };
        let Some(runtime) = self.runtime_for_stores() else {
            self.write_loaded(namespace, loaded, &lead).await;
            return Some(lead);
        };
        // The caller may be part of other loads, which wait for this store, and so for its hooks.
        let (cache, namespace, flying) = (self.clone(), namespace.to_owned(), held_here());
        let working = self.core.background.begin();
        let task = runtime.spawn(async move {
            let _working = working;
            let write = cache.write_loaded(&namespace, loaded, &lead);
            held(&flying, pin!(write)).await;
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
        lifetime: Lifetime,
    ) -> Option<Vec<Lead<B::Raw>>> {
        let (leads, raws): (Vec<Lead<B::Raw>>, Vec<Option<B::Raw>>) = loaded.into_iter().unzip();
        if raws.iter().all(Option::is_none) {
            return Some(leads);
        }
        let Some(kept_for) = self.storable_for(lifetime) else {
            return Some(leads);
        };
        let ttl = lifetime.ttl;
        let Some(runtime) = self.runtime_for_stores() else {
            self.write_many_loaded(namespace, raws, ttl, kept_for, &leads)
                .await;
            return Some(leads);
        };
        let (cache, namespace, flying) = (self.clone(), namespace.to_owned(), held_here());
        let working = self.core.background.begin();
        let task = runtime.spawn(async move {
            let _working = working;
            let write = cache.write_many_loaded(&namespace, raws, ttl, kept_for, &leads);
            held(&flying, pin!(write)).await;
            leads
        });
        if !scope::here().waits_for_write() {
            return None;
        }
        task.await.ok()
    }

    /// Removes what a load did not replace: the function returned something that is not stored, or another write
    /// was in the way of the store.
    ///
    /// A scope that does not write leaves it there, but for a `forced` load: that one was to replace it.
    pub(super) async fn remove_old(&self, keys: &[&str], forced: bool) {
        if keys.is_empty() || !(forced || scope::here().writes()) {
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

    async fn write_loaded(&self, namespace: &str, loaded: Loaded<B::Raw>, lead: &Lead<B::Raw>) {
        let key = lead.key();
        let name = if loaded.renews {
            CommandName::Expire
        } else {
            CommandName::Set
        };
        let command = self.command_at(name, At { key, namespace }, Some(loaded.ttl));
        let write = || async {
            // Before the store begins: a write waits for a store, and is not to wait for a replay too.
            let mut turn = self.turn_to_ask(&[key]).await;
            let Some(storing) = lead.begin_store() else {
                // A write came between; what it wrote stands where this would have.
                return Ok(());
            };
            self.asks_to_write(&mut turn, 0, &loaded.raw, loaded.kept_for);
            let store = pin!(async {
                let written = self.renew_or_write(key, loaded).await;
                turn.into_iter().for_each(|turn| turn.ended(&written, |()| true));
                self.undo_overtaken(&[(storing, key)]).await;
                written
            });
            stored(&[lead.id()], store).await
        };
        // The hooks around it may ask for the key, and would wait for the lead that waits for them.
        let written = self.run(command, |&()| CommandOutcome::Done, write);
        self.note_written(held(&[lead.id()], written).await);
    }

    /// Gives what is there a new ttl if that is all there is to do, and writes otherwise.
    async fn renew_or_write(&self, key: &str, loaded: Loaded<B::Raw>) -> Result<()> {
        let backend = &self.core.backend;
        if loaded.renews && self.ask(|| backend.expire(key, loaded.kept_for)).await? {
            return Ok(());
        }
        self.ask(|| backend.write(key, loaded.raw, loaded.kept_for)).await
    }

    /// Deletes what a write did not wait for. That costs a load if the write was first, or was a `set`.
    async fn undo_overtaken(&self, stored: &[(Storing<'_, B::Raw>, &str)]) {
        let overtaken = stored.iter().filter(|(storing, _)| storing.is_overtaken());
        let keys: Vec<&str> = overtaken.map(|(_, key)| *key).collect();
        if keys.is_empty() {
            return;
        }
        let delete = || self.core.backend.delete_many(&keys);
        if let Err(error) = self.ask_to_delete(&keys, delete).await {
            self.core.trouble.failed(self.name(), Asked::Write, &error);
        }
    }

    async fn write_many_loaded(
        &self,
        namespace: &str,
        raws: Vec<Option<B::Raw>>,
        ttl: Ttl,
        kept_for: Option<Duration>,
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
            let mut turn = self.turn_of(&wanted).await;
            let begun = wanted.into_iter().enumerate().filter_map(|(place, (lead, raw))| {
                let storing = lead.begin_store()?;
                self.asks_to_write(&mut turn, place, &raw, kept_for);
                Some(((storing, lead.key()), (lead.key(), raw)))
            });
            let (storing, pairs): (Vec<_>, Vec<_>) = begun.unzip();
            if pairs.is_empty() {
                return Ok(());
            }
            let ids: Vec<u64> = storing.iter().map(|(storing, _)| storing.id()).collect();
            let store = pin!(async {
                let written = self.ask(|| self.core.backend.write_many(pairs, kept_for)).await;
                turn.into_iter().for_each(|turn| turn.ended(&written, |()| true));
                self.undo_overtaken(&storing).await;
                written
            });
            stored(&ids, store).await
        };
        let written = self.run(command, |&()| CommandOutcome::Done, write);
        let ids: Vec<u64> = leads.iter().map(Lead::id).collect();
        self.note_written(held(&ids, written).await);
    }

    /// The turn of all these keys; they wait for what is replayed of them together.
    async fn turn_of(&self, wanted: &[(&Lead<B::Raw>, B::Raw)]) -> Option<Turn<'_, B>> {
        self.core.recovery.as_ref()?;
        let keys: Vec<&str> = wanted.iter().map(|(lead, _)| lead.key()).collect();
        self.turn_to_ask(&keys).await
    }

    fn note_written(&self, written: Result<()>) {
        match written {
            Err(error) => self.core.trouble.failed(self.name(), Asked::Write, &error),
            Ok(()) if !self.core.capabilities.local => self.core.trouble.answered(self.name(), Asked::Write),
            Ok(()) => {}
        }
    }
}
