//! Loading several values through the cache: the public call, and what the macros' code calls.

use std::future::Future;
use std::marker::PhantomData;

use super::Cache;
use crate::backend::Backend;
use crate::error::Result;
use crate::key::KeyBuf;
use crate::load::{
    AsPolicySays, Bulk, BulkKind, BulkOutcome, Flow, ForMany, KeyOf, NoneRule, PairHooks, Pairs, Policy,
    ResPairs, Share, SkipNone, ValueOf,
};
use crate::serializer::{Dump, Load};

impl<B: Backend, S: Send + Sync + 'static> Cache<B, S> {
    /// Gives what is cached under `keys`, and asks `load` for what is missing, in one call with all missing keys.
    ///
    /// `load` gets each missing key once, in the order of `keys`, and returns pairs: a map, or a `Vec` of pairs. The
    /// result has the pairs in the order of `keys` and then those that `load` returned unasked, which are stored
    /// too. A key without a pair is absent from the result and not stored. Hits are not rewritten. Single and bulk
    /// loads share their work: a key that another caller loads is waited for. So `load` can be called more than
    /// once, when that other load fails or is dropped. What is said at [`get_or_load`](Self::get_or_load) of writes,
    /// waiting and a failing store holds here too.
    ///
    /// Of the policy's options for slow and failing loads, `grace`, `back_off` and `hard_timeout` hold here: if the load
    /// fails or takes too long, and all keys that it was to load have an old value, those are the answer. If only one of
    /// them has none, the error is. A `lease` is left unused: it would take a lock for each key.
    ///
    /// In the bounds, `M` is what `load` returns pairs in, with keys that are `AsRef<str>` and `Clone`; `W` is
    /// [`Inline`](crate::Inline), or that [`Timed`](crate::Timed), and `E` is then `From<Error>`.
    ///
    /// # Errors
    /// Those of `load`, or of another caller's load if the policy shares errors.
    ///
    /// # Cancel safety
    /// A call that is dropped drops its `load`; those who wait for its keys load them. Each pair is stored whole or not at all.
    ///
    /// # Examples
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use aiocache_core::{Cache, MemoryBackend, Policy};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), std::convert::Infallible> {
    /// let cache: Cache<MemoryBackend> = Cache::new();
    /// cache.set("a", &1_u32).await.expect("memory answers");
    /// let lengths = |missing: Vec<&'static str>| async move {
    ///     assert_eq!(missing, ["bb", "ccc"]);
    ///     Ok::<_, std::convert::Infallible>(missing.into_iter().map(|key| (key, key.len() as u32)).collect())
    /// };
    /// let all: BTreeMap<&str, u32> = cache.multi_get_or_load(["a", "bb", "ccc"], &Policy::new(), lengths).await?;
    /// assert_eq!(all, BTreeMap::from([("a", 1), ("bb", 2), ("ccc", 3)]));
    /// # Ok(()) }
    /// ```
    #[doc(alias("get_many_with"))]
    pub async fn multi_get_or_load<M, E, F, Fut, W>(
        &self,
        keys: impl IntoIterator<Item = M::Key>,
        policy: &Policy<W>,
        load: F,
    ) -> Result<M, E>
    where
        W: ForMany<Answer: PairHooks<ResPairs<M, E, SkipNone>>>,
        M: Pairs<Key: AsRef<str> + Clone, Value: Send>,
        E: 'static,
        F: FnMut(Vec<M::Key>) -> Fut,
        Fut: Future<Output = Result<M, E>>,
        S: Load<M::Value, B::Raw> + Dump<M::Value, B::Raw>,
    {
        let mut load = load;
        if self.is_off() {
            return load(keys.into_iter().collect()).await;
        }
        let bulk: Bulk<'_, B, S, ResPairs<M, E, SkipNone>, _> =
            Bulk::new(self, AsPolicySays(policy.share_error));
        let (bulk, policy) = (bulk.with(W::Answer::default()), policy.__copy().into_mode());
        let build = |buffer: &mut KeyBuf, key: &M::Key| buffer.__text(key.as_ref());
        let flow = Flow::new(&bulk, &policy, keys, build, build).serving_old(Some(M::Key::clone));
        Box::pin(flow.answer(load)).await
    }
}

/// What the macros' code calls.
#[doc(hidden)]
impl<B: Backend, S> Cache<B, S> {
    #[must_use]
    pub const fn __bulk_kind<R, const NONE: bool>(&self) -> BulkKind<R, NONE> {
        BulkKind::new()
    }

    /// A policy as calls over several keys go by it.
    pub const fn __for_many<M: ForMany>(&self, policy: Policy<M>) -> Policy {
        policy.into_mode()
    }

    #[must_use]
    pub fn __bulk<K, X>(&self, (_, share): (PhantomData<fn() -> K>, X)) -> Bulk<'_, B, S, K, X> {
        Bulk::new(self, share)
    }
}

#[doc(hidden)]
impl<B, S, K, X, H> Bulk<'_, B, S, K, X, H>
where
    B: Backend,
    S: Load<ValueOf<K>, B::Raw> + Dump<ValueOf<K>, B::Raw> + Send + Sync + 'static,
    K: BulkOutcome,
    K::None: NoneRule<S, B::Raw>,
    ValueOf<K>: Send,
    X: Share<K::Rest>,
    H: PairHooks<K>,
{
    pub async fn __run<A, L, Fut>(
        self,
        keys: impl IntoIterator<Item = A>,
        asked: impl Fn(&mut KeyBuf, &A),
        given: impl Fn(&mut KeyBuf, &KeyOf<K>),
        policy: Policy,
        mut load: L,
    ) -> K::Return
    where
        A: Into<KeyOf<K>>,
        L: FnMut(Vec<A>) -> Fut,
        Fut: Future<Output = K::Return>,
    {
        if self.cache().is_off() {
            return load(keys.into_iter().collect()).await;
        }
        Box::pin(Flow::new(&self, &policy, keys, asked, given).answer(load)).await
    }

    /// The same with what is old where a load fails; the keys are kept for that.
    pub async fn __run_or_old<A, L, Fut>(
        self,
        keys: impl IntoIterator<Item = A>,
        asked: impl Fn(&mut KeyBuf, &A),
        given: impl Fn(&mut KeyBuf, &KeyOf<K>),
        policy: Policy,
        mut load: L,
    ) -> K::Return
    where
        A: Into<KeyOf<K>> + Clone,
        L: FnMut(Vec<A>) -> Fut,
        Fut: Future<Output = K::Return>,
    {
        if self.cache().is_off() {
            return load(keys.into_iter().collect()).await;
        }
        let flow = Flow::new(&self, &policy, keys, asked, given).serving_old(Some(A::clone));
        Box::pin(flow.answer(load)).await
    }

    pub async fn __refresh<A, L, Fut>(
        self,
        keys: impl IntoIterator<Item = A>,
        asked: impl Fn(&mut KeyBuf, &A),
        given: impl Fn(&mut KeyBuf, &KeyOf<K>),
        policy: Policy,
        mut load: L,
    ) -> K::Return
    where
        A: Into<KeyOf<K>>,
        L: FnMut(Vec<A>) -> Fut,
        Fut: Future<Output = K::Return>,
    {
        if self.cache().is_off() {
            return load(keys.into_iter().collect()).await;
        }
        Box::pin(Flow::new(&self, &policy, keys, asked, given).refresh(load)).await
    }

    pub async fn __peek<A: Into<KeyOf<K>>>(
        self,
        keys: impl IntoIterator<Item = A>,
        asked: impl Fn(&mut KeyBuf, &A),
        given: impl Fn(&mut KeyBuf, &KeyOf<K>),
        policy: Policy,
    ) -> Result<K::Map> {
        if self.cache().is_off() {
            return Ok(K::Map::from_pairs(std::iter::empty()));
        }
        Flow::new(&self, &policy, keys, asked, given).peek().await
    }

    pub async fn __invalidate<A>(
        self,
        keys: impl IntoIterator<Item = A>,
        asked: impl Fn(&mut KeyBuf, &A),
    ) -> Result<u64> {
        if self.cache().is_off() {
            return Ok(0);
        }
        let stored = keys.into_iter().map(|key| self.stored(&asked, &key));
        let stored: Vec<KeyBuf> = stored.filter(|key| !key.is_failed()).collect();
        self.cache().delete_all_stored(&stored).await
    }

    pub async fn __prime(
        self,
        pairs: K::Map,
        given: impl Fn(&mut KeyBuf, &KeyOf<K>),
        policy: Policy,
    ) -> Result<()> {
        let cache = self.cache();
        if cache.is_off() {
            return Ok(());
        }
        let pairs = pairs
            .into_pairs()
            .map(|(key, value)| (self.stored(&given, &key), value))
            .filter(|(key, _)| !key.is_failed())
            .collect();
        let dump = |value: ValueOf<K>| cache.serializer.dump(&value);
        let kept_for = cache.kept_for(policy.lifetime())?;
        cache.with_ttl(kept_for).set_all_stored(pairs, dump).await
    }
}
