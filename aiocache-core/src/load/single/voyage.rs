//! One load on its way: the wait for another caller's, the look for what may have come meanwhile, the load itself.

use std::any::type_name;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use super::Missed;
use crate::backend::Backend;
use crate::load::flights::held::is_held;
use crate::load::flights::patience::Patience;
use crate::load::flights::watched::Loaded;
use crate::load::policy::lifetime::Age;
use crate::load::settled::Settled;
use crate::load::{
    At, Call, Found, Hooks, Joined, Landing, Lead, NoneRule, Outcome, Policy, Seat, Share, Turn,
};
use crate::scope::Source;
use crate::serializer::{Dump, Load};

pub(in crate::load) enum Boarded<R, T> {
    Lead(Lead<R>),
    /// The lead of a flight that nobody can join.
    Alone(Lead<R>),
    /// A seat on a flight that another caller leads.
    Seat(Seat<R>),
    /// Another caller's load brought it, or there is no more waiting for that.
    Landed(Settled<T>),
}

pub(in crate::load) enum Prepared<R, T> {
    Load(Lead<R>),
    /// It came into the cache meanwhile.
    There(T),
}

impl<B, S, K, X, H> Call<'_, B, S, K, X, H>
where
    B: Backend,
    S: Load<K::Value, B::Raw> + Dump<K::Value, B::Raw> + Send + Sync + 'static,
    K: Outcome,
    K::Value: Send,
    K::None: NoneRule<S, B::Raw>,
    X: Share<K::Rest>,
    H: Hooks<K>,
{
    /// Joins the key's flight: leads it, or has a seat. Who would wait for itself leads one alone, and who has an old
    /// value leaves a source alone that has failed.
    pub(in crate::load) fn board(&self, at: At<'_>, missed: Missed) -> Boarded<B::Raw, K::Return> {
        if self.rests(at, missed) {
            return Boarded::Landed(Settled::Failed(None));
        }
        let (flights, of) = (&self.cache.core.flights, type_name::<K::Value>());
        match flights.join(at.key, of) {
            Joined::Lead(lead) => Boarded::Lead(lead),
            Joined::Seat(seat) if is_held(seat.flight().id) => Boarded::Alone(flights.solo(at.key, of)),
            Joined::Seat(seat) => Boarded::Seat(seat),
        }
    }

    /// Waits for what a flight brings. Who gets nothing from it leads one alone, or serves the old value.
    pub(in crate::load) async fn wait_for<M>(
        &self,
        seat: Seat<B::Raw>,
        at: At<'_>,
        policy: &Policy<M>,
        has_old: bool,
    ) -> Boarded<B::Raw, K::Return> {
        let alone = || {
            let flights = &self.cache.core.flights;
            Boarded::Alone(flights.solo(at.key, type_name::<K::Value>()))
        };
        let soft = policy.soft().filter(|_| has_old);
        let max_wait = soft.map_or(policy.max_wait, |soft| soft.min(policy.max_wait));
        match seat.turn(max_wait).await {
            Turn::Lead(lead) => Boarded::Lead(lead),
            Turn::Landed(landing) => self
                .read_landing(&landing, has_old)
                .map_or_else(alone, Boarded::Landed),
            Turn::WaitedTooLong if has_old => Boarded::Landed(Settled::Failed(None)),
            Turn::WaitedTooLong => {
                self.cache.core.trouble.ran_alone(self.cache.name());
                alone()
            }
        }
    }

    /// Whether the source is left alone, because a load of it failed and an old value will do.
    pub(in crate::load) fn rests(&self, at: At<'_>, missed: Missed) -> bool {
        missed.old && self.cache.core.flights.failures().rests(at.key)
    }

    /// One waiter's result from what a flight brought.
    fn read_landing(&self, landing: &Landing<B::Raw>, has_old: bool) -> Option<Settled<K::Return>> {
        let shared = |returned| Settled::Done(returned, Source::Shared);
        let failed = |instead: Option<K::Return>| {
            if has_old {
                return Some(Settled::Failed(None));
            }
            self.hooks.fallback().or(instead).map(shared)
        };
        match landing {
            Landing::Value(raw) => self.cache.serializer.load(raw).ok().map(K::value).map(shared),
            Landing::None => K::none().map(shared),
            Landing::Failed(error) => {
                let error = self.share.take(error)?;
                if self.hooks.fails(&error).unwrap_or(true) {
                    failed(Some(K::rest(error)))
                } else {
                    Some(shared(K::rest(error)))
                }
            }
            Landing::FailedAlone => failed(None),
            Landing::TimedOut(after) => {
                if has_old {
                    return Some(Settled::Failed(None));
                }
                self.timeout_answer(*after).map(shared)
            }
            Landing::Alone => None,
        }
    }

    /// What a call without an old value answers when the load took too long.
    pub(in crate::load) fn timeout_answer(&self, after: Duration) -> Option<K::Return> {
        self.hooks.timed_out(after).or_else(|| self.hooks.fallback())
    }

    /// Looks whether there still is something to load, loads it, and settles what comes of it.
    pub(in crate::load) async fn carry_out<Fut, M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lead: Lead<B::Raw>,
        flying: &[u64],
        load: impl FnOnce() -> Fut,
    ) -> Settled<K::Return>
    where
        Fut: Future<Output = K::Return>,
    {
        let lead = match self.prepare(at, policy, missed, lead).await {
            Prepared::Load(lead) => lead,
            Prepared::There(returned) => return Settled::Done(returned, Source::Hit),
        };
        let returned = {
            // In place: a load can be large, and is not to be moved around.
            let loaded = Loaded::One(at);
            let mut load = pin!(self.cache.run_load(loaded, flying, K::is_rest, load()));
            Patience::at_most(policy.hard()).wait(load.as_mut()).await
        };
        let Some(returned) = returned else {
            return self.timed_out(at, policy, missed, lead);
        };
        if missed.forced {
            lead.supersede_older().await;
        }
        self.settle(at, policy, missed, lead, returned).await
    }

    /// What a leader does before the load: it takes away a value that does not decode, or looks again if one may
    /// have come meanwhile, and takes the store's lock if the policy has one.
    async fn prepare<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lead: Lead<B::Raw>,
    ) -> Prepared<B::Raw, K::Return> {
        if missed.alone || missed.forced {
            return Prepared::Load(lead);
        }
        if missed.undecodable {
            self.cache.remove_undecodable::<K::Value, K::None>(at.key).await;
        }
        let may_have_come = lead.waited() || self.cache.sample(at.key) != missed.sample;
        let lead = if missed.undecodable
            || missed.store_failed
            || !(may_have_come || self.cache.core.capabilities.local)
        {
            lead
        } else {
            match self.look_before_the_load(at, policy, missed, lead).await {
                Prepared::Load(lead) => lead,
                there @ Prepared::There(_) => return there,
            }
        };
        match policy.lock_lease() {
            // Boxed: few policies have one, and a miss without it does not carry the room.
            Some(lease) if !missed.store_failed => {
                Box::pin(self.lease(at, policy, missed, lease, lead)).await
            }
            _ => Prepared::Load(lead),
        }
    }

    /// Reads once more; what is there by now lands.
    pub(in crate::load) async fn look_before_the_load<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lead: Lead<B::Raw>,
    ) -> Prepared<B::Raw, K::Return> {
        match self.look_again(at, policy, missed).await {
            Found::Value(value) => {
                self.land(lead, &value, None);
                Prepared::There(K::value(value))
            }
            Found::None => match K::none() {
                Some(none) => {
                    lead.land(Landing::None);
                    Prepared::There(none)
                }
                None => Prepared::Load(lead),
            },
            Found::Nothing | Found::Undecodable(_) | Found::Failed(_) => Prepared::Load(lead),
        }
    }

    /// Reads once more. What is too old is nothing, and goes to the load that wants it.
    async fn look_again<M>(&self, at: At<'_>, policy: &Policy<M>, missed: Missed) -> Found<K::Value> {
        if !self.tells_age(policy) {
            return self.cache.look_again::<K>(at).await;
        }
        let aged = self.look_again_with_age(at, policy).await;
        if aged.age == Age::Fresh || (aged.age == Age::Due && !missed.ahead) {
            return aged.found;
        }
        if let Some(twin) = aged.twin {
            self.hooks.offer_old(twin);
        }
        Found::Nothing
    }
}
