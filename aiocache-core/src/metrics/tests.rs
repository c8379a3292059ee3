use std::collections::BTreeSet;
use std::sync::Mutex;

use metrics::{Key, KeyName, Metadata, Recorder};

use super::*;
use crate::error::{Error, ErrorKind};
use crate::events::EvictionReason;

/// Keeps what is registered and described, and the last value of the breaker's gauge.
#[derive(Default)]
struct Kept {
    registered: Mutex<BTreeSet<String>>,
    described: Mutex<BTreeSet<String>>,
    open: std::sync::Arc<AtomicU64>,
}

impl Kept {
    fn register(&self, key: &Key) {
        let mut registered = self.registered.lock().expect("nothing panics with it");
        registered.insert(key.name().to_owned());
    }

    fn describe(&self, name: &KeyName) {
        let mut described = self.described.lock().expect("nothing panics with it");
        described.insert(name.as_str().to_owned());
    }

    fn is_open(&self) -> bool {
        f64::from_bits(self.open.load(Ordering::Relaxed)) > 0.5
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, name: KeyName, _: Option<metrics::Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<metrics::Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<metrics::Unit>, _: SharedString) {
        self.describe(&name);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.register(key);
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.register(key);
        if key.name() == names::BREAKER_OPEN {
            return Gauge::from_arc(std::sync::Arc::clone(&self.open));
        }
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.register(key);
        Histogram::noop()
    }
}

/// The kind of event after this one: a match, so that none can be forgotten.
fn next(kind: EventKind) -> Option<EventKind> {
    let took = Duration::ZERO;
    Some(match kind {
        EventKind::Hit => EventKind::Stale,
        EventKind::Stale => EventKind::Miss,
        EventKind::Miss => EventKind::LoadStarted,
        EventKind::LoadStarted => EventKind::LoadFinished { took },
        EventKind::LoadFinished { .. } => EventKind::LoadFailed { took },
        EventKind::LoadFailed { .. } => EventKind::LoadDropped { took },
        EventKind::LoadDropped { .. } => EventKind::LoadShared,
        EventKind::LoadShared => EventKind::Refreshed,
        EventKind::Refreshed => EventKind::Evicted {
            reason: EvictionReason::Capacity,
        },
        EventKind::Evicted { .. } => EventKind::BreakerOpened,
        EventKind::BreakerOpened => EventKind::BreakerClosed,
        EventKind::BreakerClosed => EventKind::Reconnected,
        EventKind::Reconnected => return None,
    })
}

fn command() -> Command<'static> {
    Command {
        name: CommandName::Get,
        cache: "users",
        namespace: "",
        key: None,
        items: 1,
        ttl: None,
    }
}

#[test]
fn what_is_measured_is_what_is_described() {
    let kept = Kept::default();
    metrics::with_local_recorder(&kept, || {
        let meters = Meters::new("users");
        for kind in std::iter::successors(Some(EventKind::Hit), |kind| next(*kind)) {
            meters.event(kind, 1);
        }
        let error = Error::new(ErrorKind::Timeout, "");
        meters.command(&command(), &Outcome::Failed(&error), Duration::ZERO);
        meters.gauges(
            1,
            || Some(false),
            || StoreStats {
                entries: Some(1),
                weight: Some(1),
                connections: Some(1),
                ..StoreStats::default()
            },
        );
    });
    let registered = kept.registered.into_inner().expect("nothing panics with it");
    let described = kept.described.into_inner().expect("nothing panics with it");
    assert_eq!(described, registered);
}

#[test]
fn the_breaker_is_what_it_is_also_when_told_in_the_wrong_order() {
    let kept = Kept::default();
    metrics::with_local_recorder(&kept, || {
        let meters = Meters::new("users");
        meters.gauges(1, || Some(true), StoreStats::default);
        assert!(kept.is_open(), "set before anything is told");
        meters.event(EventKind::BreakerClosed, 0);
        meters.event(EventKind::BreakerOpened, 0);
        assert!(kept.is_open());
        meters.gauges(2, || Some(false), StoreStats::default);
        assert!(!kept.is_open(), "the next command looks again, within the second");
    });
}

#[test]
fn an_opening_that_is_told_while_the_gauges_are_set_does_not_get_lost() {
    let kept = Kept::default();
    metrics::with_local_recorder(&kept, || {
        let meters = Meters::new("users");
        let closed = || {
            meters.event(EventKind::BreakerOpened, 0);
            Some(false)
        };
        meters.gauges(1, closed, StoreStats::default);
        assert!(!kept.is_open(), "set to what was read before");
        meters.gauges(2, || Some(true), StoreStats::default);
        assert!(kept.is_open(), "the next command looks again, within the second");
        let asked = || panic!("they are not due");
        meters.gauges(3, asked, StoreStats::default);
    });
}

#[test]
fn a_cache_without_a_breaker_has_no_gauge_of_it() {
    let kept = Kept::default();
    metrics::with_local_recorder(&kept, || {
        Meters::new("users").gauges(1, || None, StoreStats::default);
    });
    assert_eq!(
        kept.registered.into_inner().expect("nothing panics with it"),
        BTreeSet::new()
    );
}
