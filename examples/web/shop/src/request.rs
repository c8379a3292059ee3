//! What a request may say about the cache, and what the answer says of it.

use std::future::Future;

use aiocache::{Source, observe, scope};

/// Whether a request's header `Cache-Control` asks for an answer that comes from no cache.
#[must_use]
pub fn asks_for_no_cache(cache_control: Option<&str>) -> bool {
    let mut directives = cache_control.unwrap_or_default().split(',');
    directives.any(|directive| directive.trim().eq_ignore_ascii_case("no-cache"))
}

/// Runs a handler, and gives what it returns with the value for the header `X-Cache`: `hit`, `miss` or `bypass`, or
/// nothing if the handler did not ask the cache.
///
/// With `no_cache` every cached function that the handler calls runs. What it returns is stored for the next request
/// (`aiocache::bypass` would not do that; a write that the cache does not see would then leave an old value there).
pub async fn answer<F: Future>(no_cache: bool, handler: F) -> (F::Output, Option<&'static str>) {
    let (response, source) = observe(scope().read(!no_cache).run(handler)).await;
    let x_cache = match source {
        Source::Hit | Source::Stale => Some("hit"),
        Source::Loaded | Source::Shared if no_cache => Some("bypass"),
        Source::Loaded | Source::Shared => Some("miss"),
        _ => None,
    };
    (response, x_cache)
}
