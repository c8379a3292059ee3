//! What one task asks of the cached functions it calls, and where their values came from.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::trace::Span;

/// Whether any scope was ever entered: most programs have none, and then a hit does not look for one.
static USED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The scope of the future that is being polled on this thread.
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

#[derive(Debug, Clone)]
struct Current {
    scope: Scope,
    observer: Option<Arc<AtomicU8>>,
}

/// How the cached functions behave that a future calls and awaits; see [`scope`].
///
/// It holds for `#[cached]` and `#[multi_cached]` functions and for
/// [`get_or_load`](crate::Cache::get_or_load), not for single commands, and not in tasks that the future spawns. No
/// scope leaves an old value behind a function that writes: `#[cache_evict]` takes its entries away in any, and
/// `#[cache_put]` takes its entry away where the scope stores nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a scope does nothing before `run`"]
pub struct Scope {
    read: bool,
    write: bool,
    wait_for_write: bool,
}

impl Scope {
    const DEFAULT: Self = Self {
        read: true,
        write: true,
        wait_for_write: true,
    };

    /// Whether values are read from the cache. If not, functions run, and what they return is stored.
    pub const fn read(mut self, read: bool) -> Self {
        self.read = read;
        self
    }

    /// Whether what functions return is stored. If not, what is there stays, but for the entry of a `#[cache_put]`
    /// function that succeeded and of a `refresh`: it goes, as it is older than what they returned.
    pub const fn write(mut self, write: bool) -> Self {
        self.write = write;
        self
    }

    /// Whether a function's caller waits for a store behind a wire to end. If not, it ends in the background.
    pub const fn wait_for_write(mut self, wait: bool) -> Self {
        self.wait_for_write = wait;
        self
    }

    /// Runs a future in this scope; a scope inside it replaces this one for what runs there.
    ///
    /// Cancel safe: dropping it drops the future.
    pub async fn run<F: Future>(self, future: F) -> F::Output {
        let observer = current(|current| current.observer.clone()).flatten();
        within(
            Current {
                scope: self,
                observer,
            },
            future,
        )
        .await
    }

    pub(crate) const fn reads(self) -> bool {
        self.read
    }

    pub(crate) const fn writes(self) -> bool {
        self.write
    }

    pub(crate) const fn waits_for_write(self) -> bool {
        self.wait_for_write
    }
}

/// Starts a scope in which cached functions behave as usual; say what is to be different, and [`run`](Scope::run).
///
/// # Examples
/// ```
/// # use aiocache_core::{Cache, Policy, SimpleMemoryCache};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let cache: SimpleMemoryCache = Cache::new();
/// # let policy = Policy::new();
/// # let load = || async { Ok::<_, String>(1_u8) };
/// // Loads anew and stores, whatever is cached.
/// let fresh = aiocache_core::scope().read(false).run(cache.get_or_load("k", &policy, load)).await;
/// # assert_eq!(fresh, Ok(1));
/// # }
/// ```
pub const fn scope() -> Scope {
    Scope::DEFAULT
}

/// Runs a future in which cached functions are plain calls: nothing is read and nothing stored. Functions that write
/// still take away what they make old; see [`Scope`].
///
/// Cancel safe: dropping it drops the future.
///
/// # Examples
/// ```
/// # use aiocache_core::{Cache, MemoryBackend, Policy};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let cache: Cache<MemoryBackend> = Cache::new();
/// # let policy = Policy::new();
/// let load = || async { Ok::<_, String>(1_u8) };
/// assert_eq!(aiocache_core::bypass(cache.get_or_load("k", &policy, load)).await, Ok(1));
/// assert_eq!(cache.get::<u8>("k").await.expect("memory answers"), None);
/// # }
/// ```
pub async fn bypass<F: Future>(future: F) -> F::Output {
    scope().read(false).write(false).run(future).await
}

/// Where a cached function's value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Source {
    /// No cache took part: none was called, it is switched off, or it was bypassed.
    Uncached,
    /// It was in the cache.
    Hit,
    /// This call ran the function.
    Loaded,
    /// Another caller's run of the function brought it.
    Shared,
    /// It was in the cache beyond its ttl, and its grace let it be served.
    Stale,
}

impl Source {
    const ALL: [Self; 5] = [Self::Uncached, Self::Hit, Self::Loaded, Self::Shared, Self::Stale];

    const fn number(self) -> u8 {
        self as u8
    }
}

/// Runs a future and says where the value of the cached function in it came from.
///
/// With several cached calls in it, it speaks of the one that ended last, so of the outermost where they nest. A
/// `#[multi_cached]` function counts as stale if any key is past its ttl, else as loaded if any was, else as shared.
///
/// Cancel safe: dropping it drops the future.
///
/// # Examples
/// ```
/// # use aiocache_core::{Cache, MemoryBackend, Policy, Source, observe};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// # let cache: Cache<MemoryBackend> = Cache::new();
/// # let policy = Policy::new();
/// let load = || async { Ok::<_, String>(1_u8) };
/// assert_eq!(observe(cache.get_or_load("k", &policy, load)).await, (Ok(1), Source::Loaded));
/// assert_eq!(observe(cache.get_or_load("k", &policy, load)).await, (Ok(1), Source::Hit));
/// # }
/// ```
pub async fn observe<F: Future>(future: F) -> (F::Output, Source) {
    let observer = Arc::new(AtomicU8::new(Source::Uncached.number()));
    let scope = current(|current| current.scope).unwrap_or(Scope::DEFAULT);
    let output = within(
        Current {
            scope,
            observer: Some(Arc::clone(&observer)),
        },
        future,
    )
    .await;
    (output, Source::ALL[usize::from(observer.load(Ordering::Relaxed))])
}

/// Whether the running future may be in a scope, or be observed.
#[inline]
pub(crate) fn may_matter() -> bool {
    USED.load(Ordering::Relaxed)
}

/// The scope of the running future.
pub(crate) fn here() -> Scope {
    current(|current| current.scope).unwrap_or(Scope::DEFAULT)
}

/// Notes where a value came from, if somebody observes it.
pub(crate) fn came_from(source: Source) {
    current(|current| {
        if let Some(observer) = &current.observer {
            observer.store(source.number(), Ordering::Relaxed);
        }
    });
}

/// A future that keeps the caller's scope, and its span in the log, in another task. Not its observer: the caller may be
/// gone by then, and tells it what there is to tell.
pub(crate) fn carried<F: Future>(future: F) -> impl Future<Output = F::Output> + use<F> {
    let scope = current(|current| current.scope);
    Span::current().around(async move {
        match scope {
            Some(scope) => scope.run(future).await,
            None => future.await,
        }
    })
}

fn current<T>(look: impl FnOnce(&Current) -> T) -> Option<T> {
    if !USED.load(Ordering::Relaxed) {
        return None;
    }
    CURRENT.with_borrow(|current| current.as_ref().map(look))
}

/// Polls a future with `current` in place, and puts back what was there after each poll.
async fn within<F: Future>(current: Current, future: F) -> F::Output {
    struct Back(Option<Current>);

    impl Drop for Back {
        fn drop(&mut self) {
            CURRENT.set(self.0.take());
        }
    }

    USED.store(true, Ordering::Relaxed);
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _back = Back(CURRENT.replace(Some(current.clone())));
        future.as_mut().poll(cx)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_scope_holds_for_what_it_runs_and_only_for_that() {
        let other = tokio::join!(
            scope().read(false).run(async {
                tokio::task::yield_now().await;
                assert!(!here().reads());
                bypass(async { assert!(!here().reads() && !here().writes()) }).await;
                assert!(here().writes());
            }),
            async {
                tokio::task::yield_now().await;
                here()
            }
        );
        assert_eq!(other.1, Scope::DEFAULT);
        let spawned = scope()
            .write(false)
            .run(async { tokio::spawn(async { here() }).await });
        assert_eq!(spawned.await.expect("no panic"), Scope::DEFAULT);
    }

    #[tokio::test]
    async fn an_observer_hears_the_last_call_also_through_a_scope_inside() {
        let nothing = observe(async { 1 }).await;
        assert_eq!(nothing, (1, Source::Uncached));
        let (_, source) = observe(scope().read(false).run(async {
            came_from(Source::Hit);
            came_from(Source::Loaded);
        }))
        .await;
        assert_eq!(source, Source::Loaded);
    }
}
