//! Where a cache tells what happens in it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Cache;
use crate::backend::Backend;
#[cfg(feature = "metrics")]
use crate::breaker::Breaker;
use crate::events::{Event, EventKind, EventStream};
use crate::load::At;
use crate::plugin::{Command, CommandName, Outcome};
use crate::stats::Stats;
use crate::trace::{self, Span};

impl<B: Backend, S> Cache<B, S> {
    /// What happens in this cache from now on, whichever handle does it: hits and misses, loads, evictions, the
    /// breaker. See [`EventKind`] for the list.
    ///
    /// The stream is bounded and loses events rather than hold the cache up. While there is one, a hit in process
    /// costs somewhat more.
    ///
    /// # Examples
    /// ```
    /// # use aiocache_core::{EventKind, SimpleMemoryCache};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
    /// let cache = SimpleMemoryCache::new();
    /// let mut events = cache.events();
    /// cache.get::<String>("city").await?;
    /// let event = events.next().await.expect("the cache is there");
    /// assert_eq!((event.kind, event.key()), (EventKind::Miss, Some("city")));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn events(&self) -> EventStream {
        self.core.watchers.subscribe()
    }

    /// How this cache did so far, all its handles together: hits, misses, loads, and what the store tells of itself.
    /// It prints as a table.
    ///
    /// A store in memory takes its locks one after the other for it, so once a second is fine and once a request is
    /// not.
    ///
    /// # Examples
    /// ```
    /// # use aiocache_core::SimpleMemoryCache;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
    /// let cache = SimpleMemoryCache::new();
    /// cache.set("a", &1).await?;
    /// cache.get::<i32>("a").await?;
    /// cache.get::<i32>("b").await?;
    /// let stats = cache.stats();
    /// assert_eq!((stats.hits, stats.misses, stats.store.entries), (1, 1, Some(1)));
    /// println!("{stats}");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (core, counts) = (&self.core, &self.core.counts);
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let recovered = core.recovery.as_ref().map(|recovery| recovery.recovered());
        let recovered = recovered.unwrap_or_default();
        Stats {
            cache: core.name.clone(),
            backend: core.backend.name(),
            hits: counts.hits(),
            misses: counts.misses(),
            stale: count(&counts.stale),
            loads: count(&counts.loads),
            loads_failed: count(&counts.loads_failed),
            loads_dropped: count(&counts.loads_dropped),
            loads_shared: count(&counts.loads_shared),
            refreshed: count(&counts.refreshed),
            loads_under_way: self.loads_under_way(),
            reconnects: core.watchers.reconnects(),
            plugin_panics: core.trouble.plugin_panics(),
            writes_queued: recovered.queued,
            writes_replayed: recovered.replayed,
            writes_lost: recovered.lost,
            store: core.backend.stats(),
        }
    }

    /// Tells what happened to one key.
    pub(crate) fn tell(&self, at: At<'_>, kind: EventKind) {
        self.tell_of(kind, at.namespace, Some(at.key), 1);
    }

    /// Tells what happened to several keys at once, which may be none: a function that is asked for no keys runs too.
    pub(crate) fn tell_of_many(&self, namespace: &str, items: usize, kind: EventKind) {
        self.tell_of(kind, namespace, None, items);
    }

    /// Every event of the cache passes here; those of the store alone have a place in [`Watchers`].
    ///
    /// [`Watchers`]: crate::events::Watchers
    #[inline]
    fn tell_of(&self, kind: EventKind, namespace: &str, key: Option<&str>, items: usize) {
        self.core.counts.note(kind, items);
        if !self.extras.plugins.is_empty() || self.core.watchers.listens() {
            let event = Event::new(kind, &self.core.name, namespace, key, items);
            self.core.watchers.tell(&self.extras.plugins, &event);
        }
    }

    /// Whether commands are timed for the log or for metrics.
    #[inline]
    pub(super) fn is_measured(&self) -> bool {
        #[cfg(feature = "metrics")]
        if self.core.watchers.meters().is_some() {
            return true;
        }
        trace::is_on()
    }

    /// Says how a command ended: in the log, and in the metrics.
    pub(super) fn measure(&self, command: &Command<'_>, outcome: &Outcome<'_>, took: Duration) {
        if trace::is_on() {
            trace::command(command, outcome, took, self.shown(command.key).as_deref());
        }
        #[cfg(feature = "metrics")]
        if let Some(meters) = self.core.watchers.meters() {
            meters.command(command, outcome, took);
            let is_open = || self.core.breaker.as_ref().map(Breaker::is_open);
            meters.gauges(crate::clock::now(), is_open, || self.core.backend.stats());
        }
    }

    /// What the log may show of a key: nothing, unless the user said what.
    fn shown(&self, key: Option<&str>) -> Option<String> {
        let (show, key) = (self.extras.show_key.as_ref()?, key?);
        let shown = catch_unwind(AssertUnwindSafe(|| show(key)));
        if shown.is_err() {
            self.core.trouble.plugin_panicked(&self.core.name);
        }
        shown.ok()
    }

    /// The span of a run of the function.
    pub(crate) fn load_span(&self, namespace: &str, items: usize, key: Option<&str>) -> Span {
        let shown = if trace::is_on() { self.shown(key) } else { None };
        Span::of_load(&self.core.name, namespace, items, shown.as_deref())
    }

    /// Tells what a read found.
    #[inline]
    pub(super) fn tell_of_read(&self, command: &Command<'_>, outcome: &Outcome<'_>) {
        let (CommandName::Get | CommandName::MultiGet, Outcome::Read { hits }) = (command.name, outcome)
        else {
            return;
        };
        let misses = command.items - hits;
        if *hits > 0 {
            self.tell_of(EventKind::Hit, command.namespace, command.key, *hits);
        }
        if misses > 0 {
            self.tell_of(EventKind::Miss, command.namespace, command.key, misses);
        }
    }
}
