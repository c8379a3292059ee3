//! Where a cache tells what happens in it.

use super::Cache;
use crate::backend::Backend;
use crate::events::{Event, EventKind, EventStream};
use crate::load::At;
use crate::plugin::{Command, CommandName, Outcome};

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

    /// Tells what happened to one key.
    pub(crate) fn tell(&self, at: At<'_>, kind: EventKind) {
        self.tell_of(kind, at.namespace, Some(at.key), 1);
    }

    /// Tells what happened to several keys at once.
    pub(crate) fn tell_of_many(&self, namespace: &str, items: usize, kind: EventKind) {
        if items > 0 {
            self.tell_of(kind, namespace, None, items);
        }
    }

    /// Every event of the cache passes here; those of the store alone have a place in [`Watchers`].
    ///
    /// [`Watchers`]: crate::events::Watchers
    fn tell_of(&self, kind: EventKind, namespace: &str, key: Option<&str>, items: usize) {
        if self.extras.plugins.is_empty() && !self.core.watchers.has_streams() {
            return;
        }
        let event = Event::new(kind, &self.core.name, namespace, key, items);
        self.core.watchers.tell(&self.extras.plugins, &event);
    }

    /// Tells what a read found.
    pub(super) fn tell_of_read(&self, command: &Command<'_>, outcome: &Outcome<'_>) {
        let (CommandName::Get | CommandName::MultiGet, Outcome::Read { hits }) = (command.name, outcome)
        else {
            return;
        };
        let found = [(*hits, EventKind::Hit), (command.items - hits, EventKind::Miss)];
        for (items, kind) in found.into_iter().filter(|(items, _)| *items > 0) {
            self.tell_of(kind, command.namespace, command.key, items);
        }
    }
}
