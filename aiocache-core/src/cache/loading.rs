//! A load with closures of its own: what the policy cannot say, because it depends on the types.

use std::fmt;
use std::future::Future;

use super::Cache;
use crate::backend::Backend;
use crate::key::{Key, KeyBuf};
use crate::load::{
    AsPolicySays, At, Call, Cargo, Contextual, FailIf, Fallback, Hooks, LoadContext, Looked, Mode, OnTimeout,
    Policy, Res, Runs, SkipIf, TtlWith,
};
use crate::serializer::{Dump, Load};
use crate::ttl::Ttl;

/// A call of [`get_or_load`](Cache::get_or_load) with more to say: what counts as a failure, what is answered then, what
/// is stored. Nothing happens before [`get`](Self::get) or [`get_with`](Self::get_with).
///
/// `T` and `E` are the value and the error of the load; closures that are given one know it by them.
#[must_use = "nothing is loaded before `get`"]
pub struct Loading<'a, B: Backend, S, T, E, M, H, A> {
    key: KeyBuf,
    policy: &'a Policy<M>,
    call: Call<'a, B, S, Res<T, E>, AsPolicySays, H>,
    /// What is answered when the load takes too long.
    answer: A,
}

impl<B: Backend, S: Send + Sync + 'static> Cache<B, S> {
    /// Starts a call that gives what is cached under `key`, or loads it, with closures of its own.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// # use aiocache_core::{Cache, Policy, SimpleMemoryCache};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// static PATIENT: Policy = Policy::new().grace(Duration::from_secs(3600));
    ///
    /// let cache: SimpleMemoryCache = Cache::new();
    /// let users = cache
    ///     .loading::<u32, String, _>("users", &PATIENT)
    ///     .fail_if(|error| error != "no such table")
    ///     .fallback(|| 0)
    ///     .get(|| async { Err("the database is away".to_owned()) })
    ///     .await;
    /// assert_eq!(users, Ok(0));
    /// # }
    /// ```
    pub fn loading<'a, T, E, M: Mode>(
        &'a self,
        key: impl Into<Key<'a>>,
        policy: &'a Policy<M>,
    ) -> Loading<'a, B, S, T, E, M, (), M::Answer> {
        Loading {
            key: self.stored(key.into().as_str()),
            policy,
            call: Call::new(self, AsPolicySays(policy.share_error)),
            answer: M::Answer::default(),
        }
    }
}

impl<'a, B: Backend, S, T, E, M, H, A> Loading<'a, B, S, T, E, M, H, A> {
    /// Which errors are failures of the source, so that an old value or the fallback is served in their place and the
    /// source is left alone for a while; all, if this is not called. Other errors are the answer.
    pub fn fail_if<F: Fn(&E) -> bool>(self, fails: F) -> Loading<'a, B, S, T, E, M, (H, FailIf<F>), A> {
        self.with(FailIf(fails))
    }

    /// What is answered when the load fails and no old value is there. It is not stored.
    pub fn fallback<F: Fn() -> T>(self, fallback: F) -> Loading<'a, B, S, T, E, M, (H, Fallback<F>), A> {
        self.with(Fallback(fallback))
    }

    /// Which values are not stored.
    pub fn skip_if<F: Fn(&T) -> bool>(self, skips: F) -> Loading<'a, B, S, T, E, M, (H, SkipIf<F>), A> {
        self.with(SkipIf(skips))
    }

    /// How long a value lives, by the value.
    pub fn ttl_with<F: Fn(&T) -> N, N: Into<Ttl>>(
        self,
        ttl: F,
    ) -> Loading<'a, B, S, T, E, M, (H, TtlWith<F>), A> {
        self.with(TtlWith(ttl))
    }

    /// What is answered when the load takes longer than the policy's [`hard_timeout`](Policy::hard_timeout) and no old
    /// value is there; in place of an error that is made from [`Error`](crate::Error).
    pub fn on_timeout<F: Fn() -> Result<T, E>>(
        self,
        answer: F,
    ) -> Loading<'a, B, S, T, E, M, H, OnTimeout<F>> {
        Loading {
            key: self.key,
            policy: self.policy,
            call: self.call,
            answer: OnTimeout(answer),
        }
    }

    fn with<N>(self, hook: N) -> Loading<'a, B, S, T, E, M, (H, N), A> {
        Loading {
            key: self.key,
            policy: self.policy,
            call: self.call.with(hook),
            answer: self.answer,
        }
    }
}

impl<'a, B, S, T, E, M, H, A> Loading<'a, B, S, T, E, M, H, A>
where
    B: Backend,
    S: Load<T, B::Raw> + Dump<T, B::Raw> + Send + Sync + 'static,
    T: Send,
    E: 'static,
    H: Hooks<Res<T, E>>,
    A: Hooks<Res<T, E>>,
{
    /// Gives what is cached, or runs `load` and stores its `Ok`, as [`get_or_load`](Cache::get_or_load) does.
    ///
    /// # Errors
    /// Those of `load` that are not answered otherwise.
    ///
    /// # Cancel safety
    /// As for [`Cache::get_or_load`].
    pub async fn get<F, Fut>(self, load: F) -> Result<T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
        M: Runs<Cargo<B, S, Res<T, E>, AsPolicySays, (H, A)>, Fut>,
    {
        let cache = self.call.cache();
        if cache.is_off() {
            return Box::pin(load()).await;
        }
        let at = At {
            key: self.key.as_str(),
            namespace: cache.namespace().unwrap_or_default(),
        };
        self.call
            .with(self.answer)
            .run(at, self.policy, Looked::Nowhere, load)
            .await
    }

    /// The same with a load that is told of the old value, and that can say how long its value lives.
    ///
    /// # Errors
    /// Those of `load` that are not answered otherwise.
    ///
    /// # Cancel safety
    /// As for [`Cache::get_or_load`].
    pub async fn get_with<F, Fut>(self, load: F) -> Result<T, E>
    where
        F: FnOnce(LoadContext<T>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        M: Runs<Cargo<B, S, Res<T, E>, AsPolicySays, ((H, Contextual<T>), A)>, Fut>,
    {
        let context = LoadContext::new();
        self.with(Contextual::new(&context)).get(|| load(context)).await
    }
}

impl<B: Backend, S, T, E, M, H, A> fmt::Debug for Loading<'_, B, S, T, E, M, H, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loading")
            .field("call", &self.call)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}
