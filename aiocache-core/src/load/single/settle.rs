//! What becomes of what a load returned: stored as far as it may be, landed for those who wait, and given back.

use std::sync::Arc;

use super::Missed;
use crate::backend::{Backend, Raw};
use crate::events::EventKind;
use crate::load::settled::Settled;
use crate::load::{At, Call, Hooks, Landing, Lead, NoneRule, Outcome, Policy, Share, Split};
use crate::scope::{self, Source};
use crate::serializer::{Dump, Load};

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
    /// Stores what was loaded as far as it may be, lands it, and gives it back.
    pub(in crate::load) async fn settle<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lead: Lead<B::Raw>,
        returned: K::Return,
    ) -> Settled<K::Return> {
        // What is newer than the old value takes its place, also where it is not stored.
        let replaces = (missed.old || missed.ahead || missed.forced).then(|| lead.flight());
        let may_store = !missed.store_failed && scope::here().writes();
        let returned = match K::split(returned) {
            Split::Value(value) => K::value(self.settle_value(at, policy, lead, value, may_store).await),
            Split::None => {
                self.settle_none(at, policy, lead, may_store).await;
                // A kind that splits into a None can be made of one.
                K::none().expect("the kind has a None")
            }
            Split::Rest(error) => return self.failed(at, policy, missed, lead, error),
        };
        if replaces.is_some_and(|flight| flight.leaves_the_old()) {
            self.cache.remove_old(&[at.key], missed.forced).await;
        }
        if missed.forced || missed.ahead {
            self.cache.tell(at, EventKind::Refreshed);
        }
        Settled::Done(returned, Source::Loaded)
    }

    async fn settle_value<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        lead: Lead<B::Raw>,
        value: K::Value,
        may_store: bool,
    ) -> K::Value {
        let cache = self.cache;
        cache.core.flights.failures().forget(at.key);
        let raw = if may_store && !self.hooks.skips(&value) {
            cache.storable(cache.serializer.dump(&value))
        } else {
            None
        };
        let copy = raw.as_ref().and_then(Raw::share);
        let lifetime = policy.lifetime_of(self.hooks.ttl(&value).unwrap_or(policy.ttl));
        let stored = cache.store_loaded(at.namespace, raw, lifetime, self.hooks.renews(), lead);
        if let Some(lead) = stored.await {
            self.land(lead, &value, copy);
        }
        value
    }

    async fn settle_none<M>(&self, at: At<'_>, policy: &Policy<M>, lead: Lead<B::Raw>, may_store: bool) {
        let cache = self.cache;
        cache.core.flights.failures().forget(at.key);
        let dumped = if may_store {
            K::None::dump(&cache.serializer)
        } else {
            None
        };
        let raw = dumped.and_then(|dumped| cache.storable(dumped));
        let stored = cache.store_loaded(at.namespace, raw, policy.none_lifetime(), false, lead);
        if let Some(lead) = stored.await {
            lead.land(Landing::None);
        }
    }

    /// Shares an error, and leaves the source alone for a while if it is a failure.
    fn failed<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lead: Lead<B::Raw>,
        error: K::Rest,
    ) -> Settled<K::Return> {
        let failure = self.hooks.fails(&error).unwrap_or(true);
        if failure {
            self.note_failure(at, policy, missed);
        }
        lead.land(match self.share.share(&error) {
            Some(shared) => Landing::Failed(shared),
            None if failure => Landing::FailedAlone,
            None => Landing::Alone,
        });
        // Who forces a load wants to hear of its failure.
        if !failure || missed.forced {
            return Settled::Done(K::rest(error), Source::Loaded);
        }
        Settled::Failed(if missed.old {
            None
        } else {
            Some(self.hooks.fallback().unwrap_or_else(|| K::rest(error)))
        })
    }

    /// Frees the key of a load that took too long.
    pub(in crate::load) fn timed_out<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lead: Lead<B::Raw>,
    ) -> Settled<K::Return> {
        let after = policy.hard().unwrap_or_default();
        self.note_failure(at, policy, missed);
        lead.land(Landing::TimedOut(after));
        if missed.old {
            return Settled::Failed(None);
        }
        let answer = self.timeout_answer(after);
        Settled::Failed(Some(
            answer.expect("a policy with a hard timeout comes with an answer"),
        ))
    }

    /// Before the landing: who comes after it is to find the mark.
    fn note_failure<M>(&self, at: At<'_>, policy: &Policy<M>, missed: Missed) {
        let core = &self.cache.core;
        core.flights.failures().note(at.key, policy.failure_lasts());
        if missed.old || missed.ahead {
            core.trouble.load_failed(self.cache.name());
        }
    }

    /// Lands a value. It is written once more for those who wait, so that a value needs no `Clone`.
    pub(in crate::load) fn land(&self, mut lead: Lead<B::Raw>, value: &K::Value, copy: Option<B::Raw>) {
        if !lead.close() {
            return lead.land(Landing::Alone);
        }
        let raw = copy.or_else(|| self.cache.serializer.dump(value).ok());
        lead.land(raw.map_or(Landing::Alone, |raw| Landing::Value(Arc::new(raw))));
    }
}
