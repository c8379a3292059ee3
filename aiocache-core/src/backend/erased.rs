//! A backend chosen at run time: the same trait behind one pointer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{Backend, Capabilities, Entry, Locked, Raw, Reply, Version, Want};
use crate::error::Result;
use crate::events::StoreWatch;
use crate::serializer::NullSerializer;
use crate::stats::StoreStats;
use crate::ttl::Remaining;

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
type OnEntry<'a, R> = &'a mut (dyn FnMut(Entry<'_, R>) + Send);
type OnItem<'a, R> = &'a mut (dyn FnMut(usize, Entry<'_, R>) + Send);

/// Any backend that holds `R`, chosen at run time; each command costs one allocation more.
///
/// A struct around the pointer, because a bare `Arc<dyn …>` that implements [`Backend`] fails the compiler's
/// `Send` check inside `tokio::spawn`.
///
/// Its default serializer is [`NullSerializer`]; name another with
/// [`CacheBuilder::serializer`](crate::CacheBuilder::serializer).
///
/// # Examples
/// ```
/// use aiocache_core::{Cache, DynBackend, JsonSerializer, MemoryBackend};
/// use bytes::Bytes;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// let backend = DynBackend::new(MemoryBackend::<Bytes>::new()); // or Redis, or one of your own
/// let cache = Cache::builder(backend).serializer(JsonSerializer).build();
/// cache.set("a", &1).await?;
/// assert_eq!(cache.get::<i32>("a").await?, Some(1));
/// # Ok(()) }
/// ```
pub struct DynBackend<R: Raw = Bytes>(Arc<dyn Erased<R>>);

impl<R: Raw> DynBackend<R> {
    /// Wraps a backend.
    pub fn new<B: Backend<Raw = R>>(backend: B) -> Self {
        Self(Arc::new(backend))
    }
}

impl<R: Raw> fmt::Debug for DynBackend<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DynBackend({})", self.0.dyn_name())
    }
}

/// The object-safe twin of [`Backend`]. Its names differ so that no call is ambiguous.
trait Erased<R: Raw>: Send + Sync + 'static {
    fn dyn_name(&self) -> &'static str;
    fn dyn_capabilities(&self) -> Capabilities;
    fn dyn_watch(&self, watch: StoreWatch);
    fn dyn_stats(&self) -> StoreStats;
    fn dyn_read<'a>(&'a self, key: &'a str, want: Want, f: OnEntry<'a, R>) -> Boxed<'a, ()>;
    fn dyn_read_now(&self, key: &str, f: &mut dyn FnMut(Entry<'_, R>)) -> Option<Result<()>>;
    fn dyn_read_many<'a>(&'a self, keys: &'a [&'a str], want: Want, f: OnItem<'a, R>) -> Boxed<'a, ()>;
    fn dyn_write<'a>(&'a self, key: &'a str, raw: R, ttl: Option<Duration>) -> Boxed<'a, ()>;
    fn dyn_write_many<'a>(&'a self, pairs: Vec<(&'a str, R)>, ttl: Option<Duration>) -> Boxed<'a, ()>;
    fn dyn_add<'a>(&'a self, key: &'a str, raw: R, ttl: Option<Duration>) -> Boxed<'a, bool>;
    fn dyn_delete<'a>(&'a self, key: &'a str) -> Boxed<'a, bool>;
    fn dyn_delete_many<'a>(&'a self, keys: &'a [&'a str]) -> Boxed<'a, u64>;
    fn dyn_exists<'a>(&'a self, key: &'a str) -> Boxed<'a, bool>;
    fn dyn_increment<'a>(&'a self, key: &'a str, delta: i64, ttl: Option<Duration>) -> Boxed<'a, i64>;
    fn dyn_expire<'a>(&'a self, key: &'a str, ttl: Option<Duration>) -> Boxed<'a, bool>;
    fn dyn_ttl<'a>(&'a self, key: &'a str) -> Boxed<'a, Remaining>;
    fn dyn_clear<'a>(&'a self, prefix: &'a str) -> Boxed<'a, ()>;
    fn dyn_clear_all(&self) -> Boxed<'_, ()>;
    fn dyn_compare_and_set<'a>(
        &'a self,
        key: &'a str,
        raw: R,
        ttl: Option<Duration>,
        version: &'a Version,
    ) -> Boxed<'a, bool>;
    fn dyn_compare_and_delete<'a>(&'a self, key: &'a str, version: &'a Version) -> Boxed<'a, bool>;
    fn dyn_lock<'a>(&'a self, key: &'a str, token: &'a str, lease: Duration) -> Boxed<'a, Locked>;
    fn dyn_unlock<'a>(&'a self, key: &'a str, token: &'a str) -> Boxed<'a, bool>;
    fn dyn_extend_lock<'a>(&'a self, key: &'a str, token: &'a str, lease: Duration) -> Boxed<'a, bool>;
    fn dyn_raw<'a>(&'a self, arguments: &'a [&'a [u8]]) -> Boxed<'a, Reply>;
    fn dyn_ping(&self) -> Boxed<'_, ()>;
    fn dyn_close(&self) -> Boxed<'_, ()>;
}

impl<B: Backend> Erased<B::Raw> for B {
    fn dyn_name(&self) -> &'static str {
        self.name()
    }

    fn dyn_capabilities(&self) -> Capabilities {
        self.capabilities()
    }

    fn dyn_watch(&self, watch: StoreWatch) {
        self.watch(watch);
    }

    fn dyn_stats(&self) -> StoreStats {
        self.stats()
    }

    fn dyn_read<'a>(&'a self, key: &'a str, want: Want, f: OnEntry<'a, B::Raw>) -> Boxed<'a, ()> {
        Box::pin(async move { self.read(key, want, f).await.map(|_| ()) })
    }

    fn dyn_read_now(&self, key: &str, f: &mut dyn FnMut(Entry<'_, B::Raw>)) -> Option<Result<()>> {
        Some(self.read_now(key, f)?.map(|_| ()))
    }

    fn dyn_read_many<'a>(&'a self, keys: &'a [&'a str], want: Want, f: OnItem<'a, B::Raw>) -> Boxed<'a, ()> {
        Box::pin(async move { self.read_many(keys, want, f).await.map(|_| ()) })
    }

    fn dyn_write<'a>(&'a self, key: &'a str, raw: B::Raw, ttl: Option<Duration>) -> Boxed<'a, ()> {
        Box::pin(self.write(key, raw, ttl))
    }

    fn dyn_write_many<'a>(&'a self, pairs: Vec<(&'a str, B::Raw)>, ttl: Option<Duration>) -> Boxed<'a, ()> {
        Box::pin(self.write_many(pairs, ttl))
    }

    fn dyn_add<'a>(&'a self, key: &'a str, raw: B::Raw, ttl: Option<Duration>) -> Boxed<'a, bool> {
        Box::pin(self.add(key, raw, ttl))
    }

    fn dyn_delete<'a>(&'a self, key: &'a str) -> Boxed<'a, bool> {
        Box::pin(self.delete(key))
    }

    fn dyn_delete_many<'a>(&'a self, keys: &'a [&'a str]) -> Boxed<'a, u64> {
        Box::pin(self.delete_many(keys))
    }

    fn dyn_exists<'a>(&'a self, key: &'a str) -> Boxed<'a, bool> {
        Box::pin(self.exists(key))
    }

    fn dyn_increment<'a>(&'a self, key: &'a str, delta: i64, ttl: Option<Duration>) -> Boxed<'a, i64> {
        Box::pin(self.increment(key, delta, ttl))
    }

    fn dyn_expire<'a>(&'a self, key: &'a str, ttl: Option<Duration>) -> Boxed<'a, bool> {
        Box::pin(self.expire(key, ttl))
    }

    fn dyn_ttl<'a>(&'a self, key: &'a str) -> Boxed<'a, Remaining> {
        Box::pin(self.ttl(key))
    }

    fn dyn_clear<'a>(&'a self, prefix: &'a str) -> Boxed<'a, ()> {
        Box::pin(self.clear(prefix))
    }

    fn dyn_clear_all(&self) -> Boxed<'_, ()> {
        Box::pin(self.clear_all())
    }

    fn dyn_compare_and_set<'a>(
        &'a self,
        key: &'a str,
        raw: B::Raw,
        ttl: Option<Duration>,
        version: &'a Version,
    ) -> Boxed<'a, bool> {
        Box::pin(self.compare_and_set(key, raw, ttl, version))
    }

    fn dyn_compare_and_delete<'a>(&'a self, key: &'a str, version: &'a Version) -> Boxed<'a, bool> {
        Box::pin(self.compare_and_delete(key, version))
    }

    fn dyn_lock<'a>(&'a self, key: &'a str, token: &'a str, lease: Duration) -> Boxed<'a, Locked> {
        Box::pin(self.lock(key, token, lease))
    }

    fn dyn_unlock<'a>(&'a self, key: &'a str, token: &'a str) -> Boxed<'a, bool> {
        Box::pin(self.unlock(key, token))
    }

    fn dyn_extend_lock<'a>(&'a self, key: &'a str, token: &'a str, lease: Duration) -> Boxed<'a, bool> {
        Box::pin(self.extend_lock(key, token, lease))
    }

    fn dyn_raw<'a>(&'a self, arguments: &'a [&'a [u8]]) -> Boxed<'a, Reply> {
        Box::pin(self.raw(arguments))
    }

    fn dyn_ping(&self) -> Boxed<'_, ()> {
        Box::pin(self.ping())
    }

    fn dyn_close(&self) -> Boxed<'_, ()> {
        Box::pin(self.close())
    }
}

impl<R: Raw> Backend for DynBackend<R> {
    type Raw = R;
    type Serializer = NullSerializer;

    fn name(&self) -> &'static str {
        self.0.dyn_name()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.dyn_capabilities()
    }

    fn watch(&self, watch: StoreWatch) {
        self.0.dyn_watch(watch);
    }

    fn stats(&self) -> StoreStats {
        self.0.dyn_stats()
    }

    async fn read<T: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, R>) -> T + Send,
    ) -> Result<Option<T>> {
        let (mut f, mut out) = (Some(f), None);
        let mut once = |entry: Entry<'_, R>| {
            if let Some(f) = f.take() {
                out = Some(f(entry));
            }
        };
        self.0.dyn_read(key, want, &mut once).await?;
        Ok(out)
    }

    fn read_now<T>(&self, key: &str, f: impl FnOnce(Entry<'_, R>) -> T) -> Option<Result<Option<T>>> {
        let (mut f, mut out) = (Some(f), None);
        let mut once = |entry: Entry<'_, R>| {
            if let Some(f) = f.take() {
                out = Some(f(entry));
            }
        };
        let done = self.0.dyn_read_now(key, &mut once)?;
        Some(done.map(|()| out))
    }

    async fn read_many<T: Send>(
        &self,
        keys: &[&str],
        want: Want,
        mut f: impl FnMut(usize, Entry<'_, R>) -> T + Send,
    ) -> Result<Vec<Option<T>>> {
        let mut out: Vec<Option<T>> = keys.iter().map(|_| None).collect();
        let mut each = |index: usize, entry: Entry<'_, R>| out[index] = Some(f(index, entry));
        self.0.dyn_read_many(keys, want, &mut each).await?;
        Ok(out)
    }

    async fn write(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<()> {
        self.0.dyn_write(key, raw, ttl).await
    }

    async fn write_many(&self, pairs: Vec<(&str, R)>, ttl: Option<Duration>) -> Result<()> {
        self.0.dyn_write_many(pairs, ttl).await
    }

    async fn add(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<bool> {
        self.0.dyn_add(key, raw, ttl).await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.0.dyn_delete(key).await
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        self.0.dyn_delete_many(keys).await
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        self.0.dyn_exists(key).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        self.0.dyn_increment(key, delta, ttl).await
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        self.0.dyn_expire(key, ttl).await
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        self.0.dyn_ttl(key).await
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        self.0.dyn_clear(prefix).await
    }

    async fn clear_all(&self) -> Result<()> {
        self.0.dyn_clear_all().await
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: R,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        self.0.dyn_compare_and_set(key, raw, ttl, version).await
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        self.0.dyn_compare_and_delete(key, version).await
    }

    async fn lock(&self, key: &str, token: &str, lease: Duration) -> Result<Locked> {
        self.0.dyn_lock(key, token, lease).await
    }

    async fn unlock(&self, key: &str, token: &str) -> Result<bool> {
        self.0.dyn_unlock(key, token).await
    }

    async fn extend_lock(&self, key: &str, token: &str, lease: Duration) -> Result<bool> {
        self.0.dyn_extend_lock(key, token, lease).await
    }

    async fn raw(&self, arguments: &[&[u8]]) -> Result<Reply> {
        self.0.dyn_raw(arguments).await
    }

    async fn ping(&self) -> Result<()> {
        self.0.dyn_ping().await
    }

    async fn close(&self) -> Result<()> {
        self.0.dyn_close().await
    }
}
