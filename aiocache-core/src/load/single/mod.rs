//! Loading one value: what a call reads, and what it does where that is not enough.

pub(super) mod cargo;
pub(super) mod lease;
pub(super) mod old;
pub(super) mod settle;
pub(super) mod voyage;
mod way;

use std::any::type_name;
use std::future::Future;

use super::call::Call;
use super::flights::held::is_held;
use super::flights::patience::Patience;
use super::policy::lifetime::Age;
use super::policy::mode::Runs;
use super::settled::Settled;
use super::{At, Found, Hooks, Joined, Landing, Lead, Looked, NoneRule, Outcome, Policy, Seat, Share, Turn};
use crate::backend::Backend;
use crate::cache::Cache;
use crate::events::EventKind;
use crate::scope::{self, Source};
use crate::serializer::{Dump, Load};
use cargo::{Cargo, landed};
use old::{Aged, Old};
use voyage::Boarded;
use way::Way;

/// What is known of a miss.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Missed {
    /// How many flights near the key had ended before the read.
    pub(super) sample: Option<u64>,
    /// There is a value, but it does not decode.
    pub(super) undecodable: bool,
    /// The store does not answer, so storing would only cost its deadline once more.
    pub(super) store_failed: bool,
    /// There is an old value, which a load that stores nothing takes away.
    pub(super) old: bool,
    /// The value is loaded before it is needed.
    pub(super) ahead: bool,
    /// Nothing was read: whatever is there is to be replaced.
    pub(super) forced: bool,
    /// Nothing can have come into the cache that another look would find.
    pub(super) alone: bool,
    /// How long it waits for the load while an old value would do.
    pub(super) soft: Patience,
}

/// What a read with the age says.
enum Judged<K: Outcome> {
    Hit(K::Return),
    /// A hit that is to be loaded anew.
    Due(K::Return),
    /// Nothing to return, but maybe something to fall back to.
    Miss(Option<Old<K::Value>>),
}

impl Missed {
    /// The result of a hit; of a miss, notes what is known.
    pub(super) fn judge<K: Outcome>(&mut self, found: Found<K::Value>) -> Option<K::Return> {
        let hit = match found {
            Found::Value(value) => Some(K::value(value)),
            Found::None => K::none(),
            Found::Nothing => None,
            Found::Undecodable(_) => {
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
    /// Gives what is cached, or loads it; `looked` is what a quick look said before.
    pub(crate) async fn run<F, Fut, M>(
        self,
        at: At<'_>,
        policy: &Policy<M>,
        looked: Looked,
        load: F,
    ) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
        M: Runs<Cargo<B, S, K, X, H>, Fut>,
    {
        if !scope::here().reads() {
            // Boxed, as all that follows a hit's return: a hit does not carry the room that a load needs.
            return Box::pin(self.load_unread(at, policy, load)).await;
        }
        let mut missed = self.before_the_read(at);
        if self.tells_age(policy) {
            let aged = self.look_with_age(at, policy).await;
            return match self.judge_aged(&mut missed, aged) {
                Judged::Hit(returned) => returned,
                Judged::Due(returned) => {
                    self.refresh_ahead(at, policy, missed, load);
                    returned
                }
                Judged::Miss(old) => self.miss(at, policy, missed, old, load).await,
            };
        }
        if looked == Looked::Nowhere
            && let Some(returned) = missed.judge::<K>(self.cache.look::<K>(at).await)
        {
            return returned;
        }
        self.miss(at, policy, missed, None, load).await
    }

    /// Tells a hit from what has to be loaded, by its age too.
    fn judge_aged(&self, missed: &mut Missed, aged: Aged<K::Value>) -> Judged<K> {
        let Aged { found, age, twin } = aged;
        if let Some(twin) = twin {
            self.hooks.offer_old(twin);
        }
        match (age, found) {
            (Age::Stale, Found::Value(value)) => Judged::Miss(Some(Old::Value(value))),
            (Age::Stale, Found::None) => Judged::Miss(Some(Old::None)),
            (age, found) => match missed.judge::<K>(found) {
                Some(returned) if age == Age::Due => Judged::Due(returned),
                Some(returned) => Judged::Hit(returned),
                None => Judged::Miss(None),
            },
        }
    }

    /// What a miss has to know from the time before it.
    fn before_the_read(&self, at: At<'_>) -> Missed {
        Missed {
            sample: self.cache.sample(at.key),
            ..Missed::default()
        }
    }

    /// What a scope asks for that does not read.
    async fn load_unread<F, Fut, M>(&self, at: At<'_>, policy: &Policy<M>, load: F) -> K::Return
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
    pub(crate) async fn refresh<F, Fut, M>(&self, at: At<'_>, policy: &Policy<M>, load: F) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
    {
        let flights = &self.cache.core.flights;
        let lead = flights.solo(at.key, type_name::<K::Value>());
        let missed = Missed {
            forced: true,
            ..Missed::default()
        };
        let flying = [lead.id()];
        let settled = self.carry_out(at, policy, missed, lead, &flying, load).await;
        Self::answer(self.cache, at, settled, None)
    }

    /// Loads what is not there, or too old, unless the old value will do.
    fn miss<F, Fut, M>(
        self,
        at: At<'_>,
        policy: &Policy<M>,
        mut missed: Missed,
        old: Option<Old<K::Value>>,
        load: F,
    ) -> impl Future<Output = K::Return>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
        M: Runs<Cargo<B, S, K, X, H>, Fut>,
    {
        if old.is_some() {
            missed.old = true;
            missed.soft = Patience::at_most(policy.soft());
        }
        match self.board(at, missed) {
            Boarded::Lead(lead) => Way::Leads(Box::pin(self.lead(at, policy, missed, old, load, lead))),
            Boarded::Alone(lead) => {
                missed.alone = true;
                Way::Leads(Box::pin(self.lead(at, policy, missed, old, load, lead)))
            }
            Boarded::Seat(seat) => Way::Waits(Box::pin(self.wait(at, policy, missed, old, load, seat))),
            Boarded::Landed(settled) => Way::Answered(Some(Self::answer(self.cache, at, settled, old))),
        }
    }

    /// Waits for another caller's load, and leads if that brings nothing.
    async fn wait<F, Fut, M>(
        self,
        at: At<'_>,
        policy: &Policy<M>,
        mut missed: Missed,
        old: Option<Old<K::Value>>,
        load: F,
        seat: Seat<B::Raw>,
    ) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
        M: Runs<Cargo<B, S, K, X, H>, Fut>,
    {
        let lead = match self.wait_for(seat, at, policy, missed.old).await {
            Boarded::Lead(lead) => lead,
            Boarded::Alone(lead) => {
                missed.alone = true;
                lead
            }
            Boarded::Seat(_) => unreachable!("it had its turn"),
            Boarded::Landed(settled) => return Self::answer(self.cache, at, settled, old),
        };
        // Boxed: most who wait do not lead, and do not carry the room for it.
        Box::pin(self.lead(at, policy, missed, old, load, lead)).await
    }

    /// Runs the load.
    async fn lead<F, Fut, M>(
        self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        old: Option<Old<K::Value>>,
        load: F,
        lead: Lead<B::Raw>,
    ) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
        M: Runs<Cargo<B, S, K, X, H>, Fut>,
    {
        let cache = self.cache;
        // Another caller's load may have failed since.
        if self.rests(at, missed) {
            lead.land(Landing::FailedAlone);
            return Self::answer(cache, at, Settled::Failed(None), old);
        }
        let launched = M::launch((self, lead, load), |(call, lead, load)| {
            (Cargo::new(call, at, policy, missed, lead), load())
        });
        let settled = match launched {
            Ok(task) => {
                let ended = missed.soft.wait(task).await;
                ended.map_or(Settled::Failed(None), |ended| landed(ended, old.is_some()))
            }
            Err((call, lead, load)) => {
                let flying = [lead.id()];
                call.carry_out(at, policy, missed, lead, &flying, load).await
            }
        };
        Self::answer(cache, at, settled, old)
    }

    /// Loads a value that is still good, if nobody does and the source is not to be left alone.
    fn refresh_ahead<F, Fut, M>(self, at: At<'_>, policy: &Policy<M>, mut missed: Missed, load: F)
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
        M: Runs<Cargo<B, S, K, X, H>, Fut>,
    {
        let flights = &self.cache.core.flights;
        if flights.failures().rests(at.key) || !scope::here().writes() {
            return;
        }
        let lead = match flights.join(at.key, type_name::<K::Value>()) {
            Joined::Lead(lead) => lead,
            Joined::Seat(seat) if is_held(seat.flight().id) => return,
            Joined::Seat(seat) => match seat.turn_now() {
                Ok(Turn::Lead(lead)) => lead,
                Ok(Turn::Landed(_) | Turn::WaitedTooLong) | Err(_) => return,
            },
        };
        missed.ahead = true;
        // Where there is nothing to run it in, the lead goes back with the rest.
        drop(M::launch((self, lead, load), |(call, lead, load)| {
            (Cargo::new(call, at, policy, missed, lead), load())
        }));
    }

    /// The call's answer; the old value if the load has none.
    fn answer(
        cache: &Cache<B, S>,
        at: At<'_>,
        settled: Settled<K::Return>,
        old: Option<Old<K::Value>>,
    ) -> K::Return {
        let (returned, source) = match settled {
            Settled::Done(returned, source) => (returned, source),
            Settled::Failed(Some(returned)) => (returned, Source::Loaded),
            Settled::Failed(None) => {
                let old = old.expect("only a caller with an old value gets nothing else");
                (old.into_returned::<K>(), Source::Stale)
            }
        };
        scope::came_from(source);
        match source {
            Source::Shared => cache.tell(at, EventKind::LoadShared),
            Source::Stale => cache.tell(at, EventKind::Stale),
            Source::Uncached | Source::Hit | Source::Loaded => {}
        }
        returned
    }
}
