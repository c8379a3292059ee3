//! Reading a value together with its age, and serving one that is old.

use crate::backend::{Backend, Entry, Want};
use crate::error::Error;
use crate::load::look::Answer;
use crate::load::policy::lifetime::Age;
use crate::load::{At, Call, Found, Hooks, NoneRule, Outcome, Policy, Share};
use crate::serializer::{Dump, Load};

/// What a read found, and how old that is.
pub(in crate::load) struct Aged<V> {
    pub(in crate::load) found: Found<V>,
    pub(in crate::load) age: Age,
    /// The value once more, for the load.
    pub(in crate::load) twin: Option<V>,
}

/// A value, or a cached `None`, beyond its ttl.
#[derive(Debug)]
pub(in crate::load) enum Old<V> {
    Value(V),
    None,
}

impl<V> Old<V> {
    /// It, as the function returns it.
    pub(in crate::load) fn into_returned<K: Outcome<Value = V>>(self) -> K::Return {
        match self {
            Self::Value(value) => K::value(value),
            // Only a kind that stores a None reads one.
            Self::None => K::none().expect("the kind has a None"),
        }
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
    /// Whether the age of a value matters, and the store tells it.
    pub(in crate::load) fn tells_age<M>(&self, policy: &Policy<M>) -> bool {
        policy.ages() && self.cache.core.capabilities.remaining_ttl
    }

    /// Reads as the command `get`, in one round trip with the remaining ttl.
    pub(in crate::load) async fn look_with_age<M>(&self, at: At<'_>, policy: &Policy<M>) -> Aged<K::Value> {
        let aged = self.ageing(policy);
        self.cache.look_for(at, Want::REMAINING, aged).await
    }

    /// The same once more, past the hooks.
    pub(in crate::load) async fn look_again_with_age<M>(
        &self,
        at: At<'_>,
        policy: &Policy<M>,
    ) -> Aged<K::Value> {
        let aged = self.ageing(policy);
        self.cache.look_again_for(at, Want::REMAINING, aged).await
    }

    /// Reads as the command `get`; what is beyond its ttl is nothing.
    pub(crate) async fn look_for_fresh<M>(&self, at: At<'_>, policy: &Policy<M>) -> Found<K::Value> {
        if !self.tells_age(policy) {
            return self.cache.look::<K>(at).await;
        }
        let aged = self.look_with_age(at, policy).await;
        if aged.age == Age::Stale {
            Found::Nothing
        } else {
            aged.found
        }
    }

    fn ageing<M>(&self, policy: &Policy<M>) -> impl FnOnce(&Entry<'_, B::Raw>) -> Aged<K::Value> + Send {
        let (cache, ageing) = (self.cache, policy.ageing());
        let default = cache.ttl_default();
        let (ttl, none_ttl) = (policy.lifetime().ttl, policy.none_lifetime().ttl);
        let wants_twin = self.hooks.wants_old();
        move |entry| {
            let found = cache.decode::<_, K::None>(entry);
            let ttl = if matches!(found, Found::None) {
                none_ttl
            } else {
                ttl
            };
            let age = ageing.age(entry.remaining, ttl.resolve(default));
            if entry.remaining.is_none() {
                cache.core.trouble.ageless(cache.name());
            }
            let twin = match &found {
                Found::Value(_) if wants_twin && age != Age::Fresh => cache.serializer.load(entry.raw).ok(),
                _ => None,
            };
            Aged { found, age, twin }
        }
    }
}

impl<V: Send> Answer for Aged<V> {
    fn nothing() -> Self {
        Found::nothing().into()
    }

    fn failed(error: Error) -> Self {
        Found::Failed(error).into()
    }

    fn is_hit(&self) -> bool {
        self.found.is_hit() && self.age != Age::Stale
    }

    fn undecodable(&self) -> Option<&Error> {
        self.found.undecodable()
    }
}

/// Nothing that could be old.
impl<V> From<Found<V>> for Aged<V> {
    fn from(found: Found<V>) -> Self {
        Self {
            found,
            age: Age::Fresh,
            twin: None,
        }
    }
}
