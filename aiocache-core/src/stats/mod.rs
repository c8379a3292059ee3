//! How a cache does, in numbers.

use std::fmt;

mod counts;

pub(crate) use counts::Counts;

/// How a cache did since it was built, all its handles together; see [`Cache::stats`](crate::Cache::stats).
///
/// It prints as a table. The numbers are read one after the other, so while the cache is used they may be of slightly
/// different moments.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The cache's name.
    pub cache: Box<str>,
    /// The backend's name.
    pub backend: &'static str,
    /// Keys that reads found: of `get`, `multi_get` and cached functions.
    pub hits: u64,
    /// Keys that reads did not find. A cached function's read counts once, also where the store was asked twice.
    pub misses: u64,
    /// Values past their ttl that were served, within their grace.
    pub stale: u64,
    /// Functions that ran to their end, failed ones included. A call of several keys is one.
    pub loads: u64,
    /// Functions that returned an error.
    pub loads_failed: u64,
    /// Functions that did not return: their caller went away, a time limit ended them, or they panicked.
    pub loads_dropped: u64,
    /// Keys for which a caller got what another caller's load brought.
    pub loads_shared: u64,
    /// Keys loaded anew without a look at what was there.
    pub refreshed: u64,
    /// Keys that are being loaded now.
    pub loads_under_way: usize,
    /// Lost connections that were there again.
    pub reconnects: u64,
    /// Keys whose last write or delete failed and waits to be repeated; see
    /// [`CacheBuilder::recover`](crate::CacheBuilder::recover).
    pub writes_queued: usize,
    /// Failed writes and deletes that were repeated.
    pub writes_replayed: u64,
    /// Failed writes and deletes that are not repeated: there was no room for them, or the store refused them.
    pub writes_lost: u64,
    /// Hooks of plugins, rules of [`log_keys`](crate::CacheBuilder::log_keys), and metrics recorders and wakers told of an
    /// event, that panicked. Each was caught, and its command went on.
    pub plugin_panics: u64,
    /// What the store tells of itself.
    pub store: StoreStats,
}

/// What a store tells of itself; `None` where it cannot. A backend starts with the default and sets what it knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreStats {
    /// How many entries it holds, expired ones that were not yet reclaimed included.
    pub entries: Option<u64>,
    /// Their weight.
    pub weight: Option<u64>,
    /// How many entries had to go for others.
    pub evictions: Option<u64>,
    /// How many entries were found expired when their room was taken back.
    pub expirations: Option<u64>,
    /// How many connections are open to the servers of the backend, of all runtimes together; 0 before the first
    /// command and after a close. One that broke is counted until the backend has noticed.
    pub connections: Option<u64>,
}

impl Stats {
    /// Hits among the keys that reads asked for, from 0 to 1; 0 before the first read.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more than 52 bits")]
    pub fn hit_ratio(&self) -> f64 {
        let total = self.hits + self.misses;
        if total == 0 {
            0.0
        } else {
            self.hits as f64 / total as f64
        }
    }
}

impl fmt::Display for Stats {
    /// A table of a line for each number that is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StoreStats {
            entries,
            weight,
            evictions,
            expirations,
            connections,
        } = self.store;
        let under_way = u64::try_from(self.loads_under_way).unwrap_or(u64::MAX);
        let queued = u64::try_from(self.writes_queued).unwrap_or(u64::MAX);
        let failed = |number| (queued + self.writes_replayed + self.writes_lost > 0).then_some(number);
        let remote = (connections.is_some() || self.reconnects > 0).then_some(self.reconnects);
        let lines = [
            ("hits", Some(self.hits)),
            ("misses", Some(self.misses)),
            ("stale", Some(self.stale)),
            ("loads", Some(self.loads)),
            ("  failed", Some(self.loads_failed)),
            ("  dropped", Some(self.loads_dropped)),
            ("  shared", Some(self.loads_shared)),
            ("  under way", Some(under_way)),
            ("refreshed", Some(self.refreshed)),
            ("entries", entries),
            ("weight", weight),
            ("evictions", evictions),
            ("expirations", expirations),
            ("connections", connections),
            ("reconnects", remote),
            (
                "plugin panics",
                (self.plugin_panics > 0).then_some(self.plugin_panics),
            ),
            ("writes queued", failed(queued)),
            ("  replayed", failed(self.writes_replayed)),
            ("  lost", failed(self.writes_lost)),
        ];
        writeln!(f, "{} ({})", self.cache, self.backend)?;
        for (label, number) in lines {
            if let Some(number) = number {
                writeln!(f, "  {label:<14}{number:>14}")?;
            }
        }
        write!(f, "  {:<14}{:>12.1} %", "hit ratio", 100.0 * self.hit_ratio())
    }
}
