//! A backend with something in front of it: a recorder, chaos, or what a test needs.

use std::future::Future;
use std::slice::from_ref;
use std::time::Duration;

use crate::backend::{Backend, Capabilities, Entry, Locked, Remaining, Reply, Version, Want};
use crate::error::{Error, Result};
use crate::events::StoreWatch;
use crate::stats::StoreStats;

/// A call of a backend's method, as an [`Intercept`] sees it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Call<'a> {
    /// The method of [`Backend`], such as `"read_many"`.
    pub method: &'static str,
    /// The keys as they are stored; of `clear`, the prefix.
    pub keys: &'a [&'a str],
    /// The ttl that is written, or the lease of a lock; `None` where there is none.
    pub ttl: Option<Duration>,
}

/// What becomes of a call.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// It is done.
    Run,
    /// It is not done, and fails.
    Fail(Error),
    /// It is done, and fails all the same: the answer was lost.
    LoseAnswer(Error),
    /// It is not done, and does not say so: a read finds nothing, a write says that it wrote.
    Forget,
}

/// What stands in front of a backend and sees each of its calls.
pub trait Intercept: Send + Sync + 'static {
    /// Decides over a call; it may take its time.
    fn before(&self, call: &Call<'_>) -> impl Future<Output = Verdict> + Send;
}

/// A backend behind an [`Intercept`]; it passes the conformance suite if the backend does and the intercept lets it.
///
/// # Examples
/// ```
/// # use aiocache_core::testing::{Intercepted, Recorder};
/// # use aiocache_core::{Cache, MemoryBackend, Object};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// let recorder = Recorder::new();
/// let cache = Cache::builder(Intercepted::new(MemoryBackend::<Object>::new(), recorder.clone())).build();
/// cache.set("city", "Wien").await?;
/// assert_eq!(recorder.methods(), ["write"]);
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Intercepted<B, I> {
    backend: B,
    intercept: I,
    remote: bool,
}

impl<B: Backend, I: Intercept> Intercepted<B, I> {
    /// Puts `intercept` in front of `backend`.
    pub const fn new(backend: B, intercept: I) -> Self {
        Self {
            backend,
            intercept,
            remote: false,
        }
    }

    /// Lets a store in this process pass for one behind a wire, so that its cache has a timeout and a breaker.
    #[must_use]
    pub const fn remote(mut self) -> Self {
        self.remote = true;
        self
    }

    /// The backend behind it.
    pub const fn backend(&self) -> &B {
        &self.backend
    }

    /// Runs a call as the intercept says. `forgotten` is the answer of a call that is forgotten.
    async fn call<T>(
        &self,
        call: Call<'_>,
        forgotten: T,
        run: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        match self.intercept.before(&call).await {
            Verdict::Run => run.await,
            Verdict::Fail(error) => Err(error),
            Verdict::LoseAnswer(error) => run.await.and(Err(error)),
            Verdict::Forget => Ok(forgotten),
        }
    }
}

const fn of<'a>(method: &'static str, keys: &'a [&'a str], ttl: Option<Duration>) -> Call<'a> {
    Call { method, keys, ttl }
}

impl<B: Backend, I: Intercept> Backend for Intercepted<B, I> {
    type Raw = B::Raw;
    type Serializer = B::Serializer;

    fn name(&self) -> &'static str {
        self.backend.name()
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.backend.capabilities();
        capabilities.local &= !self.remote;
        capabilities
    }

    fn watch(&self, watch: StoreWatch) {
        self.backend.watch(watch);
    }

    fn stats(&self) -> StoreStats {
        self.backend.stats()
    }

    async fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, B::Raw>) -> R + Send,
    ) -> Result<Option<R>> {
        let call = of("read", from_ref(&key), None);
        self.call(call, None, self.backend.read(key, want, f)).await
    }

    async fn read_many<R: Send>(
        &self,
        keys: &[&str],
        want: Want,
        f: impl FnMut(usize, Entry<'_, B::Raw>) -> R + Send,
    ) -> Result<Vec<Option<R>>> {
        let nothing = keys.iter().map(|_| None).collect();
        let run = self.backend.read_many(keys, want, f);
        self.call(of("read_many", keys, None), nothing, run).await
    }

    async fn write(&self, key: &str, raw: B::Raw, ttl: Option<Duration>) -> Result<()> {
        let call = of("write", from_ref(&key), ttl);
        self.call(call, (), self.backend.write(key, raw, ttl)).await
    }

    async fn write_many(&self, pairs: Vec<(&str, B::Raw)>, ttl: Option<Duration>) -> Result<()> {
        let keys: Vec<&str> = pairs.iter().map(|(key, _)| *key).collect();
        let run = self.backend.write_many(pairs, ttl);
        self.call(of("write_many", &keys, ttl), (), run).await
    }

    async fn add(&self, key: &str, raw: B::Raw, ttl: Option<Duration>) -> Result<bool> {
        let call = of("add", from_ref(&key), ttl);
        self.call(call, true, self.backend.add(key, raw, ttl)).await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        let call = of("delete", from_ref(&key), None);
        self.call(call, false, self.backend.delete(key)).await
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        let run = self.backend.delete_many(keys);
        self.call(of("delete_many", keys, None), 0, run).await
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        let call = of("exists", from_ref(&key), None);
        self.call(call, false, self.backend.exists(key)).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        let call = of("increment", from_ref(&key), ttl);
        let run = self.backend.increment(key, delta, ttl);
        self.call(call, delta, run).await
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        let call = of("expire", from_ref(&key), ttl);
        self.call(call, false, self.backend.expire(key, ttl)).await
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        let call = of("ttl", from_ref(&key), None);
        self.call(call, Remaining::Missing, self.backend.ttl(key)).await
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        let call = of("clear", from_ref(&prefix), None);
        self.call(call, (), self.backend.clear(prefix)).await
    }

    async fn clear_all(&self) -> Result<()> {
        self.call(of("clear_all", &[], None), (), self.backend.clear_all())
            .await
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: B::Raw,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        let call = of("compare_and_set", from_ref(&key), ttl);
        let run = self.backend.compare_and_set(key, raw, ttl, version);
        self.call(call, true, run).await
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        let call = of("compare_and_delete", from_ref(&key), None);
        let run = self.backend.compare_and_delete(key, version);
        self.call(call, false, run).await
    }

    async fn lock(&self, key: &str, token: &str, lease: Duration) -> Result<Locked> {
        let call = of("lock", from_ref(&key), Some(lease));
        let run = self.backend.lock(key, token, lease);
        self.call(call, Locked::taken(None), run).await
    }

    async fn unlock(&self, key: &str, token: &str) -> Result<bool> {
        let call = of("unlock", from_ref(&key), None);
        self.call(call, true, self.backend.unlock(key, token)).await
    }

    async fn extend_lock(&self, key: &str, token: &str, lease: Duration) -> Result<bool> {
        let call = of("extend_lock", from_ref(&key), Some(lease));
        let run = self.backend.extend_lock(key, token, lease);
        self.call(call, true, run).await
    }

    async fn raw(&self, arguments: &[&[u8]]) -> Result<Reply> {
        self.call(of("raw", &[], None), Reply::Nil, self.backend.raw(arguments))
            .await
    }

    async fn ping(&self) -> Result<()> {
        self.call(of("ping", &[], None), (), self.backend.ping()).await
    }

    async fn close(&self) -> Result<()> {
        self.call(of("close", &[], None), (), self.backend.close()).await
    }
}
