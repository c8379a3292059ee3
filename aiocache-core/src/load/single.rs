//! Loading one value.

use std::any::type_name;
use std::future::Future;
use std::sync::Arc;

use super::call::{Call, Hooks};
use super::held::is_held;
use super::watched::Loaded;
use super::{At, Found, Landing, Lead, Looked, NoneRule, Outcome, Policy, Share, Split, Turn};
use crate::backend::{Backend, Raw};
use crate::events::EventKind;
use crate::scope::{self, Source};
use crate::serializer::{Dump, Load};

/// What is known of a miss.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Missed {
    /// How many flights near the key had ended before the read.
    sample: Option<u64>,
    /// There is a value, but it does not decode.
    undecodable: bool,
    /// The store does not answer, so storing would only cost its deadline once more.
    pub(super) store_failed: bool,
}

impl Missed {
    /// The result of a hit; of a miss, notes what is known.
    pub(super) fn judge<K: Outcome>(&mut self, found: Found<K::Value>) -> Option<K::Return> {
        let hit = match found {
            Found::Value(value) => Some(K::value(value)),
            Found::None => K::none(),
            Found::Nothing => None,
            Found::Undecodable => {
                self.undecodable = true;
                None
            }
            Found::Failed(_) => {
                self.store_failed = true;
                None
            }
        };
        if hit.is_some() {
            scope::came_from(Source::Hit);
        }
        hit
    }
}

pub(super) enum Boarded<R, T> {
    Lead(Lead<R>),
    /// Another caller's load brought it, or it came into the cache meanwhile.
    Landed(T, Source),
}

impl<B, S, K, X, H> Call<'_, B, S, K, X, H>
where
    B: Backend,
    S: Load<K::Value, B::Raw> + Dump<K::Value, B::Raw> + Send + Sync + 'static,
    K: Outcome,
    K::Value: Send,
    K::None: NoneRule<S, B::Raw>,
    X: Share<K::Rest>,
    H: Hooks<K::Value>,
{
    /// Gives what is cached, or loads it; `looked` is what a quick look said before.
    pub(crate) async fn run<F, Fut>(&self, at: At<'_>, policy: &Policy, looked: Looked, load: F) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
    {
        if !scope::here().reads() {
            // Boxed, as all that follows a hit's return: a hit does not carry the room that a load needs.
            return Box::pin(self.load_unread(at, policy, load)).await;
        }
        let mut missed = self.before_the_read(at);
        if looked == Looked::Nowhere
            && let Some(returned) = missed.judge::<K>(self.cache.look::<K>(at).await)
        {
            return returned;
        }
        Box::pin(self.miss(at, policy, missed, load)).await
    }

    /// What a miss has to know from the time before it.
    pub(super) fn before_the_read(&self, at: At<'_>) -> Missed {
        Missed {
            sample: self.cache.sample(at.key),
            ..Missed::default()
        }
    }

    /// What a scope asks for that does not read.
    async fn load_unread<F, Fut>(&self, at: At<'_>, policy: &Policy, load: F) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
    {
        if scope::here().writes() {
            return self.refresh(at, policy, load).await;
        }
        let returned = load().await;
        scope::came_from(Source::Uncached);
        returned
    }

    /// Loads and stores without reading first. Loads that are under way by then do not store any more.
    ///
    /// What was there before does not outlive it, unless the load fails: a result that is not stored removes it.
    pub(crate) async fn refresh<F, Fut>(&self, at: At<'_>, policy: &Policy, load: F) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
    {
        let flights = &self.cache.core.flights;
        let lead = flights.solo(at.key, type_name::<K::Value>()).lead();
        let flight = lead.flight();
        let returned = self.run_load(at, &lead, load()).await;
        lead.supersede_older().await;
        let (returned, failed) = match K::split(returned) {
            Split::Value(value) => (K::value(value), false),
            Split::None => (K::none().expect("the kind has a None"), false),
            Split::Rest(error) => (K::rest(error), true),
        };
        let returned = self.settle(at, policy, lead, returned, true).await;
        if !failed && flight.leaves_the_old() {
            self.cache.remove_old(&[at.key]).await;
        }
        if !failed {
            self.cache.tell(at, EventKind::Refreshed);
        }
        returned
    }

    /// Runs the function, and tells of it.
    async fn run_load<Fut>(&self, at: At<'_>, lead: &Lead<B::Raw>, load: Fut) -> K::Return
    where
        Fut: Future<Output = K::Return>,
    {
        let loaded = Loaded::One(at);
        self.cache.run_load(loaded, &[lead.id()], K::is_rest, load).await
    }

    async fn miss<F, Fut>(&self, at: At<'_>, policy: &Policy, missed: Missed, load: F) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
    {
        let lead = match self.board(at, policy, missed).await {
            Boarded::Lead(lead) => lead,
            Boarded::Landed(returned, source) => {
                self.came_from(at, source);
                return returned;
            }
        };
        let returned = self.run_load(at, &lead, load()).await;
        self.settle(at, policy, lead, returned, !missed.store_failed)
            .await
    }

    /// Notes where a value came from that this call did not load.
    pub(super) fn came_from(&self, at: At<'_>, source: Source) {
        scope::came_from(source);
        if source == Source::Shared {
            self.cache.tell(at, EventKind::LoadShared);
        }
    }

    /// Joins the key's flight: leads it, or waits for what it brings. Who gets nothing from it leads one alone.
    pub(super) async fn board(
        &self,
        at: At<'_>,
        policy: &Policy,
        missed: Missed,
    ) -> Boarded<B::Raw, K::Return> {
        let (flights, of) = (&self.cache.core.flights, type_name::<K::Value>());
        let alone = || Boarded::Lead(flights.solo(at.key, of).lead());
        let seat = flights.join(at.key, of);
        if is_held(seat.flight().id) {
            // The load asks for its own key: it would wait for itself.
            return alone();
        }
        match seat.turn(policy.max_wait).await {
            Turn::Lead(lead) => match self.prepare(at, missed, lead).await {
                Boarded::Lead(lead) if !missed.store_failed => match policy.lease {
                    // Boxed: few policies have one, and a miss without it does not carry the room.
                    Some(lease) => Box::pin(self.lease(at, policy, lease, lead)).await,
                    None => Boarded::Lead(lead),
                },
                boarded => boarded,
            },
            Turn::Landed(landing) => self
                .read_landing(&landing)
                .map_or_else(alone, |returned| Boarded::Landed(returned, Source::Shared)),
            Turn::WaitedTooLong => {
                self.cache.core.trouble.ran_alone(self.cache.name());
                alone()
            }
        }
    }

    /// What a leader does before the load: it takes away a value that does not decode, or looks again if one may
    /// have come meanwhile.
    async fn prepare(&self, at: At<'_>, missed: Missed, lead: Lead<B::Raw>) -> Boarded<B::Raw, K::Return> {
        if missed.undecodable {
            self.cache.remove_undecodable::<K::Value, K::None>(at.key).await;
            return Boarded::Lead(lead);
        }
        let may_have_come = lead.waited() || self.cache.sample(at.key) != missed.sample;
        if missed.store_failed || !(may_have_come || self.cache.core.capabilities.local) {
            return Boarded::Lead(lead);
        }
        self.look_before_the_load(at, lead).await
    }

    /// Reads once more; what is there by now lands.
    pub(super) async fn look_before_the_load(
        &self,
        at: At<'_>,
        lead: Lead<B::Raw>,
    ) -> Boarded<B::Raw, K::Return> {
        match self.cache.look_again::<K>(at).await {
            Found::Value(value) => {
                self.land(lead, &value, None);
                Boarded::Landed(K::value(value), Source::Hit)
            }
            Found::None => match K::none() {
                Some(none) => {
                    lead.land(Landing::None);
                    Boarded::Landed(none, Source::Hit)
                }
                None => Boarded::Lead(lead),
            },
            Found::Nothing | Found::Undecodable | Found::Failed(_) => Boarded::Lead(lead),
        }
    }

    /// One waiter's result from what a flight brought.
    fn read_landing(&self, landing: &Landing<B::Raw>) -> Option<K::Return> {
        match landing {
            Landing::Value(raw) => self.cache.serializer.load(raw).ok().map(K::value),
            Landing::None => K::none(),
            Landing::Failed(error) => self.share.take(error).map(K::rest),
            Landing::Alone => None,
        }
    }

    /// Stores what was loaded as far as it may be, lands it, and gives it back.
    pub(super) async fn settle(
        &self,
        at: At<'_>,
        policy: &Policy,
        lead: Lead<B::Raw>,
        returned: K::Return,
        may_store: bool,
    ) -> K::Return {
        scope::came_from(Source::Loaded);
        let cache = self.cache;
        let may_store = may_store && scope::here().writes();
        match K::split(returned) {
            Split::Value(value) => {
                let stores = may_store && !self.hooks.skips(&value);
                let raw = if stores {
                    cache.storable(cache.serializer.dump(&value))
                } else {
                    None
                };
                let copy = raw.as_ref().and_then(Raw::share);
                let ttl = self.hooks.ttl(&value).unwrap_or(policy.ttl);
                if let Some(lead) = cache.store_loaded(at.namespace, raw, ttl, lead).await {
                    self.land(lead, &value, copy);
                }
                K::value(value)
            }
            Split::None => {
                let dumped = if may_store {
                    K::None::dump(&cache.serializer)
                } else {
                    None
                };
                let raw = dumped.and_then(|dumped| cache.storable(dumped));
                if let Some(lead) = cache
                    .store_loaded(at.namespace, raw, policy.none_ttl_or_ttl(), lead)
                    .await
                {
                    lead.land(Landing::None);
                }
                // A kind that splits into a None can be made of one.
                K::none().expect("the kind has a None")
            }
            Split::Rest(error) => {
                lead.land(self.share.share(&error).map_or(Landing::Alone, Landing::Failed));
                K::rest(error)
            }
        }
    }

    /// Lands a value. It is written once more for those who wait, so that a value needs no `Clone`.
    fn land(&self, lead: Lead<B::Raw>, value: &K::Value, copy: Option<B::Raw>) {
        if !lead.close() {
            return lead.land(Landing::Alone);
        }
        let raw = copy.or_else(|| self.cache.serializer.dump(value).ok());
        lead.land(raw.map_or(Landing::Alone, |raw| Landing::Value(Arc::new(raw))));
    }
}
