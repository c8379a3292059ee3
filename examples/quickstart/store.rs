//! The cache, chosen at run time: memory, or Redis where `REDIS_URL` is set.

use std::env;
use std::sync::OnceLock;

use aiocache::redis::RedisBackend;
use aiocache::{Cache, DynBackend, HitMissRatioPlugin, JsonSerializer, MemoryBackend, Result, TimingPlugin};

/// A cache over a backend that is known only at run time.
pub(crate) type AnyCache = Cache<DynBackend, JsonSerializer>;

/// What counts and times the commands of the cache.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plugins {
    pub(crate) ratio: HitMissRatioPlugin,
    pub(crate) timing: TimingPlugin,
}

static CACHE: OnceLock<AnyCache> = OnceLock::new();

/// The cache of this program.
pub(crate) fn cache() -> &'static AnyCache {
    CACHE
        .get()
        .expect("main opens the cache before it calls anything cached")
}

/// Puts the cache together and says where it keeps its values. A wrong URL is an error here; a Redis that does not
/// answer is none.
pub(crate) fn open(plugins: &Plugins) -> Result<&'static str> {
    let url = env::var("REDIS_URL").ok().filter(|url| !url.is_empty());
    let (backend, place) = match url {
        Some(url) => (DynBackend::new(RedisBackend::connect(url)?), "Redis"),
        None => (DynBackend::new(MemoryBackend::new()), "memory"),
    };
    let cache = Cache::builder(backend)
        .serializer(JsonSerializer)
        .namespace("quickstart")
        .plugin(plugins.ratio.clone())
        .plugin(plugins.timing.clone())
        .build();
    CACHE.get_or_init(|| cache);
    Ok(place)
}
