//! The switch that turns every cache of the process off.

use std::sync::atomic::{AtomicU8, Ordering};

const UNREAD: u8 = 0;
const ON: u8 = 1;
const OFF: u8 = 2;

static CACHES: AtomicU8 = AtomicU8::new(UNREAD);

/// Turns every cache of this process off, or on again; for tests.
///
/// A cache that is off answers as if it were empty and every write had succeeded, and a decorated function is a
/// plain call. `AIOCACHE_DISABLE=1` does the same from the start; it is read once.
///
/// # Examples
/// ```standalone_crate
/// use aiocache_core::{Cache, MemoryBackend};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// let cache: Cache<MemoryBackend> = Cache::new();
/// aiocache_core::set_disabled(true);
/// cache.set("a", &1).await?; // is taken, and not kept
/// assert_eq!(cache.get::<i32>("a").await?, None);
/// aiocache_core::set_disabled(false);
/// # Ok(()) }
/// ```
pub fn set_disabled(disabled: bool) {
    CACHES.store(if disabled { OFF } else { ON }, Ordering::Relaxed);
}

/// Whether it is known that caches of this process are on; if not, [`is_disabled`] says more.
#[inline]
pub(crate) fn are_on() -> bool {
    CACHES.load(Ordering::Relaxed) == ON
}

/// Whether every cache of this process is off.
#[must_use]
pub fn is_disabled() -> bool {
    match CACHES.load(Ordering::Relaxed) {
        ON => false,
        OFF => true,
        _ => read_environment(),
    }
}

#[cold]
fn read_environment() -> bool {
    let disabled = std::env::var_os("AIOCACHE_DISABLE").is_some_and(|value| value == "1");
    set_disabled(disabled);
    disabled
}
