//! A load that goes on without its caller.

use std::borrow::Borrow;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::resume_unwind;

use tokio::runtime::Handle;

use super::call::{Call, Hooks};
use super::held::held_here;
use super::single::{Boarded, Missed};
use super::watched::Loaded;
use super::{At, Lead, Looked, NoneRule, Outcome, Policy, Share};
use crate::backend::Backend;
use crate::cache::Cache;
use crate::key::KeyBuf;
use crate::scope;
use crate::serializer::{Dump, Load};

/// What generated code calls.
#[doc(hidden)]
impl<B, S, K, X, H> Call<'_, B, S, K, X, H>
where
    B: Backend,
    S: Load<K::Value, B::Raw> + Dump<K::Value, B::Raw> + Send + Sync + 'static,
    K: Outcome + 'static,
    K::Value: Send,
    K::Rest: Send,
    K::None: NoneRule<S, B::Raw>,
    X: Share<K::Rest> + Send + Sync + 'static,
    H: Hooks<K::Value> + Send + Sync + 'static,
{
    /// As `__run`, with the load and the store of its result in a task of their own: a caller that goes away stops
    /// neither. `load` itself runs here, so it can clone what the future needs; without a runtime, all of it does.
    pub async fn __run_detached<F, Fut>(
        self,
        key: &KeyBuf,
        looked: Looked,
        policy: Policy,
        load: F,
    ) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return> + Send + 'static,
        K::Return: Send + 'static,
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
        let Some(runtime) = Handle::try_current().ok().filter(|_| scope::here().reads()) else {
            return self.run(at, &policy, looked, load).await;
        };
        let mut missed = self.before_the_read(at);
        if looked == Looked::Nowhere
            && let Some(returned) = missed.judge::<K>(self.cache.look::<K>(at).await)
        {
            return returned;
        }
        Box::pin(self.miss_detached(at, policy, missed, load, &runtime)).await
    }

    async fn miss_detached<F, Fut>(
        self,
        at: At<'_>,
        policy: Policy,
        missed: Missed,
        load: F,
        runtime: &Handle,
    ) -> K::Return
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = K::Return> + Send + 'static,
        K::Return: Send + 'static,
    {
        let lead = match self.board(at, &policy, missed).await {
            Boarded::Lead(lead) => lead,
            Boarded::Landed(returned, source) => {
                self.came_from(at, source);
                return returned;
            }
        };
        let task = self.load_in_task(at, policy, lead, !missed.store_failed, load());
        match runtime.spawn(task).await {
            Ok(returned) => returned,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => panic!("the runtime that ran a detached load was shut down before it ended"),
            },
        }
    }

    /// The load and its store, owning all they need.
    fn load_in_task<Fut>(
        self,
        at: At<'_>,
        policy: Policy,
        lead: Lead<B::Raw>,
        may_store: bool,
        load: Fut,
    ) -> impl Future<Output = K::Return> + Send + 'static
    where
        Fut: Future<Output = K::Return> + Send + 'static,
        K::Return: Send,
    {
        let cache: Cache<B, S> = self.cache.clone();
        let (key, namespace) = (at.key.to_owned(), at.namespace.to_owned());
        let (share, hooks) = (self.share, self.hooks);
        // A load that asks for a key its caller's load holds would wait for it.
        let mut flights = held_here();
        flights.push(lead.id());
        scope::carried(async move {
            let at = At {
                key: &key,
                namespace: &namespace,
            };
            let returned = cache.run_load(Loaded::One(at), &flights, K::is_rest, load).await;
            let call = Call::<'_, B, S, K, X, H>::with_hooks(&cache, share, hooks);
            call.settle(at, &policy, lead, returned, may_store).await
        })
    }
}

/// A borrowed `T`, taken along as an `O` by a load that can outlive its caller.
pub struct TakenAlong<T: ?Sized, O>(O, PhantomData<fn(&T)>);

impl<T: ?Sized, O> std::fmt::Debug for TakenAlong<T, O> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TakenAlong")
    }
}

#[doc(hidden)]
impl<T: ?Sized, O: Borrow<T>> TakenAlong<T, O> {
    pub fn __lend(&self) -> &T {
        self.0.borrow()
    }
}

/// Can be taken along: what is behind the `&` can be cloned.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be taken along by a detached load",
    label = "this is borrowed, and the load can outlive its caller",
    note = "take it by value or in an `Arc`, or make `{Self}` implement `Clone`"
)]
pub trait TakeAlong {
    /// What owns a copy of it.
    type Owned;
    /// The copy.
    fn owned(&self) -> Self::Owned;
}

#[diagnostic::do_not_recommend]
impl<T: ToOwned + ?Sized> TakeAlong for T {
    type Owned = T::Owned;

    fn owned(&self) -> T::Owned {
        self.to_owned()
    }
}

#[doc(hidden)]
impl<B: Backend, S> Cache<B, S> {
    pub fn __taken_along<T: TakeAlong + ?Sized>(&self, borrowed: &T) -> TakenAlong<T, T::Owned> {
        TakenAlong(borrowed.owned(), PhantomData)
    }
}
