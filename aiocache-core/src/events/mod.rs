//! What happens in a cache beside its commands, told to plugins and to streams.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

mod stream;
mod watch;

pub use stream::EventStream;
pub use watch::StoreWatch;
pub(crate) use watch::Watchers;

/// Something that happened, as [`Plugin::event`](crate::Plugin::event) and [`EventStream`] tell it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Event<'a> {
    /// What happened.
    pub kind: EventKind,
    /// The cache's name, from [`CacheBuilder::name`](crate::CacheBuilder::name).
    pub cache: Cow<'a, str>,
    /// The namespace of the handle or the function, empty if it has none, and where the store itself tells.
    pub namespace: Cow<'a, str>,
    /// How many keys it is about; 0 where it is about the store.
    pub items: usize,
    key: Option<Cow<'a, str>>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// A read found what it looked for.
    Hit,
    /// A value past its ttl was served, within its grace. The read that found it was a [`Miss`](Self::Miss).
    Stale,
    /// A read did not find what it looked for; for a cached function, also one that found nothing that decodes.
    Miss,
    /// A function is about to run.
    LoadStarted,
    /// It returned what it has to return. What became of it in the store is told by the commands.
    LoadFinished {
        /// How long the function ran.
        took: Duration,
    },
    /// It returned an error.
    LoadFailed {
        /// How long the function ran.
        took: Duration,
    },
    /// It did not return: its caller went away, a time limit ended it, or it panicked.
    LoadDropped {
        /// How long the function ran.
        took: Duration,
    },
    /// A caller got what another caller's load brought.
    LoadShared,
    /// A value was loaded anew without a look at what was there, on demand or ahead of its end.
    Refreshed,
    /// The store gave an entry up by itself.
    Evicted {
        /// Why.
        reason: EvictionReason,
    },
    /// The store does not answer and is left alone from now on.
    BreakerOpened,
    /// The store answers again.
    BreakerClosed,
    /// A connection that was lost is there again.
    Reconnected,
}

impl EventKind {
    /// The name of the event, such as `"load_started"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::Stale => "stale",
            Self::Miss => "miss",
            Self::LoadStarted => "load_started",
            Self::LoadFinished { .. } => "load_finished",
            Self::LoadFailed { .. } => "load_failed",
            Self::LoadDropped { .. } => "load_dropped",
            Self::LoadShared => "load_shared",
            Self::Refreshed => "refreshed",
            Self::Evicted { .. } => "evicted",
            Self::BreakerOpened => "breaker_opened",
            Self::BreakerClosed => "breaker_closed",
            Self::Reconnected => "reconnected",
        }
    }
}

/// Why a store gave an entry up by itself.
///
/// An entry that a command deletes or replaces is no eviction: the hooks of that command tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EvictionReason {
    /// Others needed the room.
    Capacity,
    /// It alone is heavier than all the room there is, so it was not kept at all.
    TooHeavy,
    /// Its ttl had passed. Told when its room is taken back, which is later.
    Expired,
}

impl EvictionReason {
    /// The reason in a word, such as `"capacity"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Capacity => "capacity",
            Self::TooHeavy => "too_heavy",
            Self::Expired => "expired",
        }
    }
}

impl<'a> Event<'a> {
    pub(crate) const fn new(
        kind: EventKind,
        cache: &'a str,
        namespace: &'a str,
        key: Option<&'a str>,
        items: usize,
    ) -> Self {
        Self {
            kind,
            cache: Cow::Borrowed(cache),
            namespace: Cow::Borrowed(namespace),
            items,
            key: match key {
                Some(key) => Some(Cow::Borrowed(key)),
                None => None,
            },
        }
    }

    /// The key as it is stored, if the event is about one. It may hold personal data, so `Debug` leaves it out.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// The same, owning its text.
    #[must_use]
    pub fn into_owned(self) -> Event<'static> {
        Event {
            kind: self.kind,
            cache: Cow::Owned(self.cache.into_owned()),
            namespace: Cow::Owned(self.namespace.into_owned()),
            items: self.items,
            key: self.key.map(|key| Cow::Owned(key.into_owned())),
        }
    }
}

impl fmt::Debug for Event<'_> {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("kind", &self.kind)
            .field("cache", &self.cache)
            .field("namespace", &self.namespace)
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}
