//! The store's lock around a load, so that of many processes one loads.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Missed;
use super::voyage::Prepared;
use crate::backend::Backend;
use crate::error::Result;
use crate::load::flights::patience::Patience;
use crate::load::{At, Call, Hooks, Lead, NoneRule, Outcome, Policy, Share};
use crate::lock::{LockGuard, Pace, RedLock};
use crate::serializer::{Dump, Load};
use crate::timer;
use crate::trouble::Asked;

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
    /// Takes the store's lock for a lead, and waits while another process has it; what that one stores lands here.
    ///
    /// The lock stays with the lead, and so ends after its store. It is renewed until then. Without it the load runs
    /// all the same: if the store does not answer, or `max_wait` has passed. Where another process was heard to have it,
    /// the store may be silent for a lease before that counts.
    pub(in crate::load) async fn lease<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lease: Duration,
        lead: Lead<B::Raw>,
    ) -> Prepared<B::Raw, K::Return> {
        let cache = self.cache;
        if cache.core.capabilities.private {
            // No other process is there to wait for, and in this one the lead is what the lock would be.
            return Prepared::Load(lead);
        }
        let lock = RedLock::of_load(cache, at.key, lease);
        let mut lead = lead;
        match self.heard(lock.try_acquire().await) {
            Ok(Some(guard)) => {
                lead.keep(guard);
                // Another process may have stored since this one read.
                self.look_before_the_load(at, policy, missed, lead).await
            }
            Ok(None) => self.wait_for_lease(at, policy, missed, &lock, lead).await,
            Err(_) => Prepared::Load(lead),
        }
    }

    async fn wait_for_lease<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
        missed: Missed,
        lock: &RedLock<B>,
        mut lead: Lead<B::Raw>,
    ) -> Prepared<B::Raw, K::Return> {
        let patience = Patience::new(policy.max_wait);
        let (mut pace, mut refused) = (Pace::new(), Instant::now());
        // Without a timer there is no waiting.
        while timer::are_there() && patience.wait(sleep(pace.next())).await.is_some() {
            lead = match self.look_before_the_load(at, policy, missed, lead).await {
                Prepared::Load(lead) => lead,
                landed @ Prepared::There(_) => return landed,
            };
            match self.heard(lock.try_acquire().await) {
                Ok(Some(guard)) => {
                    lead.keep(guard);
                    return self.look_before_the_load(at, policy, missed, lead).await;
                }
                Ok(None) => refused = Instant::now(),
                // Who had it then may have it still.
                Err(error) if error.is_transient() && refused.elapsed() < lock.lasts() => {}
                Err(_) => return Prepared::Load(lead),
            }
        }
        self.cache.core.trouble.ran_alone(self.cache.name());
        Prepared::Load(lead)
    }

    /// What the store said of the lock, which is told on if it did not answer.
    fn heard(&self, locked: Result<Option<LockGuard<B>>>) -> Result<Option<LockGuard<B>>> {
        let cache = self.cache;
        match &locked {
            Ok(_) => cache.core.trouble.answered(cache.name(), Asked::Write),
            Err(error) => cache.core.trouble.failed(cache.name(), Asked::Write, error),
        }
        locked
    }
}
