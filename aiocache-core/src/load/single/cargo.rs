//! A load in a task of its own, with all it needs to settle its result.

use std::future::Future;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::pin;
use std::time::Duration;

use tokio::task::JoinError;

use super::Missed;
use crate::backend::Backend;
use crate::background::Working;
use crate::cache::{Cache, Core};
use crate::load::flights::held::{held, held_here};
use crate::load::policy::mode::{Carries, Inline};
use crate::load::settled::Settled;
use crate::load::{At, Call, Hooks, Lead, NoneRule, Outcome, Policy, Share};
use crate::scope;
use crate::serializer::{Dump, Load};

/// What goes with a load into its task.
pub struct Cargo<B: Backend, S, K, X, H> {
    cache: Cache<B, S>,
    key: String,
    namespace: String,
    policy: Policy<Inline>,
    share: X,
    hooks: H,
    missed: Missed,
    lead: Lead<B::Raw>,
    /// The flights that this load is part of.
    flying: Vec<u64>,
    working: Working,
    kind: PhantomData<fn() -> K>,
}

impl<B: Backend, S, K, X, H> Cargo<B, S, K, X, H> {
    pub(in crate::load) fn new<M>(
        call: Call<'_, B, S, K, X, H>,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lead: Lead<B::Raw>,
    ) -> Self {
        // A load that asks for a key its caller's load holds would wait for it.
        let mut flying = held_here();
        flying.push(lead.id());
        Self {
            cache: call.cache.clone(),
            key: at.key.to_owned(),
            namespace: at.namespace.to_owned(),
            policy: policy.clone().into_mode(),
            share: call.share,
            hooks: call.hooks,
            missed,
            lead,
            flying,
            working: call.cache.core.background.begin(),
            kind: PhantomData,
        }
    }
}

impl<B: Backend, S, K, X, H> std::fmt::Debug for Cargo<B, S, K, X, H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cargo")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}

impl<B, S, K, X, H, R> Carries<R> for Cargo<B, S, K, X, H>
where
    B: Backend,
    S: Load<K::Value, B::Raw> + Dump<K::Value, B::Raw> + Send + Sync + 'static,
    K: Outcome<Return = R> + 'static,
    K::Value: Send,
    K::Rest: Send,
    K::None: NoneRule<S, B::Raw>,
    X: Share<K::Rest> + Send + Sync + 'static,
    H: Hooks<K> + Send + Sync + 'static,
    R: Send + 'static,
{
    fn run<Fut>(self, load: Fut) -> impl Future<Output = Settled<R>> + Send + 'static
    where
        Fut: Future<Output = R> + Send + 'static,
    {
        scope::carried(async move {
            let _working = self.working;
            let _panic = Panic {
                core: &self.cache.core,
                key: &self.key,
                back_off: self.policy.failure_lasts(),
            };
            let at = At {
                key: &self.key,
                namespace: &self.namespace,
            };
            let call = Call::<'_, B, S, K, X, H>::with_hooks(&self.cache, self.share, self.hooks);
            // Its store too: the hooks around that may ask for those keys.
            let carried = pin!(call.carry_out(at, &self.policy, self.missed, self.lead, &[], move || load));
            held(&self.flying, carried).await
        })
    }
}

/// Says that a load panicked, since there may be nobody left to hear of it.
struct Panic<'a, B: Backend> {
    core: &'a Core<B>,
    key: &'a str,
    back_off: Duration,
}

impl<B: Backend> Drop for Panic<'_, B> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.core.flights.failures().note(self.key, self.back_off);
            self.core.trouble.load_panicked(&self.core.name);
        }
    }
}

/// What a task brought. Its panic goes on in the caller that waited for it. A runtime that was shut down took the load
/// along, and who has no old value then has nothing to answer.
pub(in crate::load) fn landed<R>(ended: Result<Settled<R>, JoinError>, has_old: bool) -> Settled<R> {
    match ended {
        Ok(settled) => settled,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(_) if has_old => Settled::Failed(None),
            Err(_) => panic!("the runtime that ran a load in the background was shut down before it ended"),
        },
    }
}
