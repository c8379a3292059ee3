//! A store in this process whose clock is memcached's: it tells whole seconds, and looks at the time once a second, a
//! little late.

use std::time::Duration;

use aiocache_core::{Backend, Capabilities, Entry, MemoryBackend, Remaining, Result, Version, Want};
use tokio::time::Instant;

/// A second, and what each tick is late by, as measured at memcached 1.6.18.
pub(crate) const TICK: Duration = Duration::from_millis(1001);

/// After so many ticks there is one that two seconds have passed at.
pub(crate) const TICKS_TO_THE_STEP: u32 = 1000;

/// A store over a clock that ticks.
#[derive(Debug)]
pub(crate) struct Ticking {
    inner: MemoryBackend,
    started: Instant,
}

impl Ticking {
    pub(crate) fn new() -> Self {
        Self {
            inner: MemoryBackend::new(),
            started: Instant::now(),
        }
    }

    /// How long a value with this ttl really lives if it is written now.
    fn lives(&self, ttl: Option<Duration>) -> Option<Duration> {
        let now = self.started.elapsed();
        let ticks = now.as_millis() / TICK.as_millis();
        let shown = ticks * TICK.as_millis() / 1000;
        let ends = shown + u128::from(ttl?.as_secs());
        // The first tick that shows this second or a later one.
        let last = (ends * 1000).div_ceil(TICK.as_millis());
        let end = TICK * u32::try_from(last).expect("a test is short");
        Some(end - now)
    }
}

impl Backend for Ticking {
    type Raw = <MemoryBackend as Backend>::Raw;
    type Serializer = <MemoryBackend as Backend>::Serializer;

    fn name(&self) -> &'static str {
        "ticking"
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::remote();
        capabilities.ttl_resolution = Duration::from_secs(1);
        capabilities
    }

    async fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, Self::Raw>) -> R + Send,
    ) -> Result<Option<R>> {
        self.inner.read(key, want, f).await
    }

    async fn write(&self, key: &str, raw: Self::Raw, ttl: Option<Duration>) -> Result<()> {
        self.inner.write(key, raw, self.lives(ttl)).await
    }

    async fn add(&self, key: &str, raw: Self::Raw, ttl: Option<Duration>) -> Result<bool> {
        self.inner.add(key, raw, self.lives(ttl)).await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        self.inner.delete(key).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        self.inner.increment(key, delta, self.lives(ttl)).await
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        self.inner.expire(key, self.lives(ttl)).await
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        self.inner.ttl(key).await
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        self.inner.clear(prefix).await
    }

    async fn clear_all(&self) -> Result<()> {
        self.inner.clear_all().await
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: Self::Raw,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        let ttl = self.lives(ttl);
        self.inner.compare_and_set(key, raw, ttl, version).await
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        self.inner.compare_and_delete(key, version).await
    }

    async fn ping(&self) -> Result<()> {
        self.inner.ping().await
    }
}
