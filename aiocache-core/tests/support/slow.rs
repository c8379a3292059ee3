//! A store in this process that behaves as one behind a wire: each command takes time before and after its effect.

use std::time::Duration;

use aiocache_core::{
    Backend, Capabilities, Entry, MemoryBackend, Remaining, Result, StoreStats, Version, Want,
};
use tokio::time::sleep;

/// How long a command is on its way, there and back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Way {
    pub(crate) there: Duration,
    pub(crate) back: Duration,
}

/// A backend with a way before and after each command.
#[derive(Debug, Default)]
pub(crate) struct Slow<B = MemoryBackend> {
    pub(crate) inner: B,
    pub(crate) read: Way,
    pub(crate) write: Way,
    /// It cannot compare, and gives no versions.
    pub(crate) blind: bool,
    /// The longest that it says a command takes.
    pub(crate) deadline: Option<Duration>,
}

impl Way {
    #[allow(dead_code, reason = "some tests leave both ways a single step")]
    pub(crate) const fn new(there: Duration, back: Duration) -> Self {
        Self { there, back }
    }

    async fn go<T>(self, effect: impl Future<Output = T>) -> T {
        wait(self.there).await;
        let done = effect.await;
        wait(self.back).await;
        done
    }
}

async fn wait(time: Duration) {
    if time.is_zero() {
        tokio::task::yield_now().await;
    } else {
        sleep(time).await;
    }
}

impl<B: Backend> Backend for Slow<B> {
    type Raw = B::Raw;
    type Serializer = B::Serializer;

    fn name(&self) -> &'static str {
        "slow"
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.inner.capabilities();
        capabilities.local = false;
        capabilities.compare &= !self.blind;
        capabilities.deadline = self.deadline;
        capabilities
    }

    fn stats(&self) -> StoreStats {
        let mut stats = self.inner.stats();
        stats.connections = Some(1);
        stats
    }

    async fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, Self::Raw>) -> R + Send,
    ) -> Result<Option<R>> {
        let mut want = want;
        want.version &= !self.blind;
        self.read.go(self.inner.read(key, want, f)).await
    }

    async fn read_many<R: Send>(
        &self,
        keys: &[&str],
        want: Want,
        f: impl FnMut(usize, Entry<'_, Self::Raw>) -> R + Send,
    ) -> Result<Vec<Option<R>>> {
        self.read.go(self.inner.read_many(keys, want, f)).await
    }

    async fn write(&self, key: &str, raw: Self::Raw, ttl: Option<Duration>) -> Result<()> {
        self.write.go(self.inner.write(key, raw, ttl)).await
    }

    async fn write_many(&self, pairs: Vec<(&str, Self::Raw)>, ttl: Option<Duration>) -> Result<()> {
        self.write.go(self.inner.write_many(pairs, ttl)).await
    }

    async fn add(&self, key: &str, raw: Self::Raw, ttl: Option<Duration>) -> Result<bool> {
        self.write.go(self.inner.add(key, raw, ttl)).await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.write.go(self.inner.delete(key)).await
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        self.write.go(self.inner.delete_many(keys)).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        self.write.go(self.inner.increment(key, delta, ttl)).await
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        self.write.go(self.inner.expire(key, ttl)).await
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        self.read.go(self.inner.ttl(key)).await
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        self.write.go(self.inner.clear(prefix)).await
    }

    async fn clear_all(&self) -> Result<()> {
        self.write.go(self.inner.clear_all()).await
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: Self::Raw,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        self.write
            .go(self.inner.compare_and_set(key, raw, ttl, version))
            .await
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        self.write.go(self.inner.compare_and_delete(key, version)).await
    }

    async fn ping(&self) -> Result<()> {
        self.read.go(self.inner.ping()).await
    }
}
