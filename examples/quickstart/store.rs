//! The cache, chosen at run time: memory, or Redis where `REDIS_URL` is set.

use std::env;
use std::sync::OnceLock;

use aiocache::{AnyCache, HitMissRatioPlugin, Result, TimingPlugin};

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

/// Puts the cache together. A wrong URL is an error here; a Redis that does not answer is none.
pub(crate) fn open(plugins: &Plugins) -> Result<()> {
    let url = env::var("REDIS_URL").unwrap_or_default();
    let url = if url.is_empty() { "memory://" } else { &url };
    let cache = aiocache::connect_builder(url)?
        .namespace("quickstart")
        .plugin(plugins.ratio.clone())
        .plugin(plugins.timing.clone())
        .build();
    CACHE.get_or_init(|| cache);
    Ok(())
}
