//! Loading through the cache: the public call, and what the macros' code calls.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::{Pin, pin};

use super::Cache;
use crate::backend::Backend;
use crate::error::Result;
use crate::key::{Key, KeyBuf};
use crate::load::{
    Apart, AsPolicySays, At, Call, Cargo, Contextual, Found, Hooks, Kind, LoadContext, Looked, Mode,
    NoneRule, Outcome, Policy, Prime, Res, Runs, Share, Split,
};
use crate::serializer::{Dump, Load};

impl<B: Backend, S: Send + Sync + 'static> Cache<B, S> {
    /// Gives what is cached under `key`, or runs `load` and stores its `Ok`.
    ///
    /// One load per key runs in this process at a time; the others wait for its result, at most
    /// [`max_wait`](Policy::max_wait). If its caller goes away, the next one that waits takes over. A `set` or
    /// `delete` of the key during the load wins: the result is returned, not stored. The cache never fails the call:
    /// if the store does not answer, or holds something that is no `T`, the load runs.
    ///
    /// The names in the bounds that lead nowhere are the engine's own. Together they say: `load` may borrow and need not be
    /// `Send`, unless the policy loads in the [`Background`](crate::Background); `E` is any type, unless the policy is
    /// [`Timed`](crate::Timed), which wants it to be `From<Error>`.
    ///
    /// # Errors
    /// Those of `load`, which are never stored. Those who wait get a clone with [`Policy::share_error`], and run
    /// their own load at once otherwise.
    ///
    /// # Cancel safety
    /// A call that is dropped drops its `load`, unless the policy has it run in a task; one of those who wait then runs its own.
    /// What was loaded is stored whole or not at all.
    ///
    /// # Examples
    /// ```
    /// # use aiocache_core::{Cache, MemoryBackend, Policy, Ttl};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::num::ParseIntError> {
    /// let cache: Cache<MemoryBackend> = Cache::new();
    /// let minute = Policy::new().ttl(Ttl::seconds(60));
    /// for _ in 0..2 {
    ///     let number = cache.get_or_load("n", &minute, || async { "42".parse::<u32>() }).await?;
    ///     assert_eq!(number, 42);
    /// }
    /// # Ok(()) }
    /// ```
    #[doc(alias("get_with", "get_or_insert_with", "compute", "memoize"))]
    pub async fn get_or_load<T, E, F, Fut, M>(
        &self,
        key: impl Into<Key<'_>>,
        policy: &Policy<M>,
        load: F,
    ) -> Result<T, E>
    where
        T: Send,
        E: 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        S: Load<T, B::Raw> + Dump<T, B::Raw>,
        M: Mode<Answer: Hooks<Res<T, E>>>
            + Runs<Cargo<B, S, Res<T, E>, AsPolicySays, ((), <M as Mode>::Answer)>, Fut>,
    {
        if self.is_off() {
            return Box::pin(load()).await;
        }
        let key = self.stored(key.into().as_str());
        let at = At {
            key: key.as_str(),
            namespace: self.namespace().unwrap_or_default(),
        };
        let call: Call<'_, B, S, Res<T, E>, _> = Call::new(self, AsPolicySays(policy.share_error));
        let looked = match call.__hit_of(&key, policy) {
            Ok(returned) => return returned,
            Err(looked) => looked,
        };
        let call = call.with(M::Answer::default());
        Apart::new(pin!(call.run(at, policy, looked, load))).await
    }
}

#[doc(hidden)]
impl<'a, B: Backend, S, K: Outcome, X, H> Call<'a, B, S, K, X, H> {
    /// The load's context, and the call that listens to it.
    pub fn __context(
        self,
    ) -> (
        Call<'a, B, S, K, X, (H, Contextual<K::Value>)>,
        LoadContext<K::Value>,
    ) {
        let context = LoadContext::new();
        (self.with(Contextual::new(&context)), context)
    }
}

/// What the macros' code calls. Inherent and hidden, so that it needs neither a path nor a trait in scope.
#[doc(hidden)]
impl<B: Backend, S> Cache<B, S> {
    /// Itself: where an expression is no cache, the one call that fails.
    #[inline]
    #[must_use]
    pub const fn __cache(&self) -> &Self {
        self
    }

    #[must_use]
    pub fn __handle(&self) -> Self {
        self.clone()
    }

    #[inline]
    #[must_use]
    pub fn __key(&self) -> KeyBuf {
        self.key_buffer()
    }

    /// A key without its namespace, which [`__begin`](Self::__begin) adds where the key lies: one that is given by value
    /// is copied.
    #[inline]
    #[must_use]
    pub const fn __empty_key(&self) -> KeyBuf {
        KeyBuf::new()
    }

    #[inline]
    pub fn __begin(&self, key: &mut KeyBuf) {
        key.begin(self.prefix());
    }

    #[must_use]
    pub fn __key_in(&self, namespace: &str) -> KeyBuf {
        KeyBuf::with_namespace(namespace)
    }

    #[must_use]
    pub const fn __kind<R, const NONE: bool>(&self) -> Kind<R, NONE> {
        Kind::new()
    }

    pub const fn __policy(&self) -> Policy {
        Policy::new()
    }

    pub fn __call<K, X>(&self, (_, share): (PhantomData<fn() -> K>, X)) -> Call<'_, B, S, K, X> {
        Call::new(self, share)
    }

    /// Awaits what may take long without becoming part of it.
    #[inline]
    #[must_use]
    pub const fn __apart<'f, F>(&self, future: Pin<&'f mut F>) -> Apart<'f, F> {
        Apart::new(future)
    }

    #[must_use]
    pub fn __stored(&self, key: &KeyBuf) -> String {
        self.fitted(key).unwrap_or_else(|| key.as_str().to_owned())
    }

    pub async fn __invalidate(&self, key: &KeyBuf) -> Result<bool> {
        if self.is_off() {
            return Ok(false);
        }
        let fitted = self.fitted(key);
        self.delete_stored(fitted.as_deref().unwrap_or(key.as_str()))
            .await
            .map(|deleted| deleted > 0)
    }

    /// The key as the store takes it, where that is another one.
    #[inline]
    pub(crate) fn fitted(&self, key: &KeyBuf) -> Option<String> {
        if self.has_key_rules() {
            self.fit_anew(key)
        } else {
            None
        }
    }

    fn fit_anew(&self, key: &KeyBuf) -> Option<String> {
        Some(self.finished(key).as_str().to_owned())
    }

    /// A copy of the key, as the store takes it.
    pub(super) fn finished(&self, key: &KeyBuf) -> KeyBuf {
        let mut fitted = KeyBuf::with_prefix(key.prefix());
        fitted.replace_bare(key.bare());
        self.finish(&mut fitted);
        fitted
    }
}

#[doc(hidden)]
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
    pub async fn __run<F, Fut, M>(self, key: &KeyBuf, looked: Looked, policy: Policy<M>, load: F) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
        M: Runs<Cargo<B, S, K, X, H>, Fut>,
    {
        let cache = self.cache();
        if cache.is_off() || key.is_failed() {
            // Boxed, so that a hit does not carry the room that a load needs.
            return Box::pin(load()).await;
        }
        let fitted = cache.fitted(key);
        let at = At {
            key: fitted.as_deref().unwrap_or(key.as_str()),
            namespace: key.namespace(),
        };
        self.run(at, &policy, looked, load).await
    }

    pub async fn __refresh<F, Fut, M>(self, key: &KeyBuf, policy: Policy<M>, load: F) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return>,
    {
        let cache = self.cache();
        if cache.is_off() || key.is_failed() {
            return load().await;
        }
        let fitted = cache.fitted(key);
        let at = At {
            key: fitted.as_deref().unwrap_or(key.as_str()),
            namespace: key.namespace(),
        };
        self.refresh(at, &policy, load).await
    }

    /// What is cached and within its ttl.
    pub async fn __peek<M>(self, key: &KeyBuf, policy: Policy<M>) -> Result<Option<K::Return>> {
        let cache = self.cache();
        if cache.is_off() || key.is_failed() {
            return Ok(None);
        }
        let fitted = cache.fitted(key);
        let at = At {
            key: fitted.as_deref().unwrap_or(key.as_str()),
            namespace: key.namespace(),
        };
        match self.look_for_fresh(at, &policy).await {
            Found::Value(value) => Ok(Some(K::value(value))),
            Found::None => Ok(K::none()),
            Found::Nothing | Found::Undecodable(_) => Ok(None),
            Found::Failed(error) => Err(error),
        }
    }

    pub async fn __prime<M>(
        self,
        key: &KeyBuf,
        policy: Policy<M>,
        value: impl Prime<K::Return>,
    ) -> Result<()> {
        let cache = self.cache();
        if cache.is_off() || key.is_failed() {
            return Ok(());
        }
        let (dumped, lifetime) = match K::split(value.into_returned()) {
            Split::Value(value) => {
                let ttl = self.hooks.ttl(&value).unwrap_or(policy.ttl);
                (cache.serializer.dump(&value), policy.lifetime_of(ttl))
            }
            Split::None => match K::None::dump(&cache.serializer) {
                Some(dumped) => (dumped, policy.none_lifetime()),
                None => return Ok(()),
            },
            Split::Rest(_) => return Ok(()),
        };
        let fitted = cache.fitted(key);
        let kept_for = cache.kept_for(lifetime)?;
        cache
            .with_ttl(kept_for)
            .set_stored(fitted.as_deref().unwrap_or(key.as_str()), || dumped)
            .await
    }
}
