//! What a cache says of itself through the `metrics` facade.
//!
//! Every label has few values: names of caches, commands, outcomes, reasons and kinds of errors. Namespaces and keys
//! are none, for there may be as many as there are users.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, SharedString};

use crate::events::EventKind;
use crate::plugin::{Command, CommandName, Outcome};
use crate::stats::StoreStats;

mod names;
#[cfg(test)]
mod tests;

/// How often the gauges of the store are set, at most.
const GAUGES_EVERY: Duration = Duration::from_secs(1);

/// The handles of one cache, each made when it is first needed.
pub(crate) struct Meters {
    cache: SharedString,
    commands: [CommandMeters; CommandName::ALL.len()],
    keys: [OnceLock<Counter>; 3],
    loads: [OnceLock<Counter>; 3],
    shared: OnceLock<Counter>,
    refreshed: OnceLock<Counter>,
    load_duration: OnceLock<Histogram>,
    breaker: OnceLock<Gauge>,
    reconnects: OnceLock<Counter>,
    store: [OnceLock<Gauge>; 3],
    /// When the gauges of the store are due, in nanoseconds of [`clock::now`](crate::clock::now).
    gauges_due: AtomicU64,
}

#[derive(Default)]
struct CommandMeters {
    outcomes: [OnceLock<Counter>; Outcome::LABELS.len()],
    duration: OnceLock<Histogram>,
}

impl Meters {
    pub(crate) fn new(cache: &str) -> Self {
        names::describe();
        Self {
            cache: SharedString::from_owned(cache.to_owned()),
            commands: std::array::from_fn(|_| CommandMeters::default()),
            keys: Default::default(),
            loads: Default::default(),
            shared: OnceLock::new(),
            refreshed: OnceLock::new(),
            load_duration: OnceLock::new(),
            breaker: OnceLock::new(),
            reconnects: OnceLock::new(),
            store: Default::default(),
            gauges_due: AtomicU64::new(0),
        }
    }

    /// Counts a command.
    pub(crate) fn command(&self, command: &Command<'_>, outcome: &Outcome<'_>, took: Duration) {
        let meters = &self.commands[command.name as usize];
        let (name, label) = (command.name.as_str(), outcome.label(command.items));
        let duration = meters.duration.get_or_init(
            || metrics::histogram!(names::REQUEST_DURATION, "cache" => self.cache(), "command" => name),
        );
        duration.record(took);
        let place = Outcome::LABELS.iter().position(|one| *one == label).unwrap_or(0);
        let requests = meters.outcomes[place].get_or_init(|| {
            metrics::counter!(names::REQUESTS, "cache" => self.cache(), "command" => name, "outcome" => label)
        });
        requests.increment(1);
        if let Outcome::Failed(error) = outcome {
            let kind = format!("{:?}", error.kind());
            metrics::counter!(names::ERRORS, "cache" => self.cache(), "command" => name, "kind" => kind)
                .increment(1);
        }
    }

    /// Counts an event.
    pub(crate) fn event(&self, kind: EventKind, items: usize) {
        let items = items as u64;
        match kind {
            EventKind::Hit => self.keys(0, "hit", items),
            EventKind::Stale => self.keys(1, "stale", items),
            EventKind::Miss => self.keys(2, "miss", items),
            EventKind::LoadStarted => {}
            EventKind::LoadFinished { took } => self.load(0, "finished", took),
            EventKind::LoadFailed { took } => self.load(1, "failed", took),
            EventKind::LoadDropped { took } => self.load(2, "dropped", took),
            EventKind::LoadShared => self.plain(&self.shared, names::LOADS_SHARED, items),
            EventKind::Refreshed => self.plain(&self.refreshed, names::REFRESHES, items),
            EventKind::Evicted { reason } => {
                let reason = reason.as_str();
                metrics::counter!(names::EVICTIONS, "cache" => self.cache(), "reason" => reason).increment(1);
            }
            EventKind::BreakerOpened => self.breaker_is(true),
            EventKind::BreakerClosed => self.breaker_is(false),
            EventKind::Reconnected => self.plain(&self.reconnects, names::RECONNECTS, 1),
        }
    }

    /// Sets the gauges of the store and the breaker, if they are due; a cache without a breaker has no gauge of it.
    ///
    /// The breaker is asked once they are not due any more: what is told of it after that makes them due again.
    pub(crate) fn gauges(
        &self,
        now: u64,
        is_open: impl FnOnce() -> Option<bool>,
        stats: impl FnOnce() -> StoreStats,
    ) {
        let due = self.gauges_due.load(Ordering::Relaxed);
        // 584 years of nanoseconds fit.
        let next = now.saturating_add(u64::try_from(GAUGES_EVERY.as_nanos()).unwrap_or(u64::MAX));
        let mine = now >= due
            && self
                .gauges_due
                .compare_exchange(due, next, Ordering::Acquire, Ordering::Relaxed)
                .is_ok();
        if !mine {
            return;
        }
        if let Some(is_open) = is_open() {
            self.set_breaker(is_open);
        }
        let stats = stats();
        let known = [
            (stats.entries, names::ENTRIES),
            (stats.weight, names::WEIGHT),
            (stats.connections, names::CONNECTIONS),
        ];
        for ((value, name), gauge) in known.into_iter().zip(&self.store) {
            if let Some(value) = value {
                let gauge = gauge.get_or_init(|| metrics::gauge!(name, "cache" => self.cache()));
                gauge.set(as_float(value));
            }
        }
    }

    fn keys(&self, place: usize, outcome: &'static str, items: u64) {
        let counter = self.keys[place]
            .get_or_init(|| metrics::counter!(names::KEYS, "cache" => self.cache(), "outcome" => outcome));
        counter.increment(items);
    }

    fn load(&self, place: usize, outcome: &'static str, took: Duration) {
        let counter = self.loads[place]
            .get_or_init(|| metrics::counter!(names::LOADS, "cache" => self.cache(), "outcome" => outcome));
        counter.increment(1);
        let duration = self
            .load_duration
            .get_or_init(|| metrics::histogram!(names::LOAD_DURATION, "cache" => self.cache()));
        duration.record(took);
    }

    fn plain(&self, counter: &OnceLock<Counter>, name: &'static str, count: u64) {
        let counter = counter.get_or_init(|| metrics::counter!(name, "cache" => self.cache()));
        counter.increment(count);
    }

    /// An opening and a closing may be told in the wrong order, so the next command has another look.
    fn breaker_is(&self, open: bool) {
        self.set_breaker(open);
        self.gauges_due.store(0, Ordering::Release);
    }

    fn set_breaker(&self, open: bool) {
        let gauge = self
            .breaker
            .get_or_init(|| metrics::gauge!(names::BREAKER_OPEN, "cache" => self.cache()));
        gauge.set(f64::from(open));
    }

    fn cache(&self) -> SharedString {
        self.cache.clone()
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge needs no more than 52 bits")]
const fn as_float(value: u64) -> f64 {
    value as f64
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters")
            .field("cache", &self.cache)
            .finish_non_exhaustive()
    }
}
