//! Who listens to a cache, and the one place that tells them.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::broadcast;

use super::{Event, EventKind, EventStream, EvictionReason};
#[cfg(feature = "metrics")]
use crate::metrics::Meters;
use crate::plugin::ErasedPlugin;
use crate::trouble::Trouble;

/// How many events a stream keeps for a listener that is slower than they come.
const ROOM: usize = 1024;

/// A store on a wire is never asked past the command.
const REMOTE: u32 = 1;
/// Every command is measured.
#[cfg(feature = "metrics")]
const METERED: u32 = 2;
/// Each stream adds this much.
const STREAM: u32 = 4;

/// Who listens to a cache beside the plugins of the handle that does something.
pub(crate) struct Watchers {
    /// What stands between a command and the store's bare work: the sum of the constants above. One number, so that
    /// a hit in process looks at one.
    state: AtomicU32,
    cache: Box<str>,
    /// Those given to the builder: they hear what the store tells, which no handle does.
    plugins: Vec<Arc<dyn ErasedPlugin>>,
    stream: OnceLock<broadcast::Sender<Arc<Event<'static>>>>,
    trouble: Arc<Trouble>,
    reconnects: AtomicU64,
    #[cfg(feature = "metrics")]
    meters: Option<Meters>,
}

impl Watchers {
    pub(crate) fn new(
        cache: &str,
        local: bool,
        plugins: Vec<Arc<dyn ErasedPlugin>>,
        trouble: Arc<Trouble>,
    ) -> Self {
        Self {
            state: AtomicU32::new(if local { 0 } else { REMOTE }),
            cache: cache.into(),
            plugins,
            stream: OnceLock::new(),
            trouble,
            reconnects: AtomicU64::new(0),
            #[cfg(feature = "metrics")]
            meters: None,
        }
    }

    /// Measures every command and counts every event from now on.
    #[cfg(feature = "metrics")]
    pub(crate) fn measure(&mut self) {
        self.meters = Some(Meters::new(&self.cache));
        *self.state.get_mut() |= METERED;
    }

    /// What commands are measured with, if they are.
    #[cfg(feature = "metrics")]
    pub(crate) fn meters(&self) -> Option<&Meters> {
        self.meters.as_ref()
    }

    /// How many lost connections were there again.
    pub(crate) fn reconnects(&self) -> u64 {
        self.reconnects.load(Ordering::Relaxed)
    }

    /// Whether a command without plugins is nothing but the store's own work, in process.
    #[inline]
    pub(crate) fn leave_it_bare(&self) -> bool {
        self.state.load(Ordering::Relaxed) == 0
    }

    /// Whether there is a stream, or events are counted for metrics.
    pub(crate) fn listens(&self) -> bool {
        self.state.load(Ordering::Relaxed) > REMOTE
    }

    /// Begins a stream.
    pub(crate) fn subscribe(self: &Arc<Self>) -> EventStream {
        let sender = self.stream.get_or_init(|| broadcast::Sender::new(ROOM));
        let receiver = sender.subscribe();
        self.state.fetch_add(STREAM, Ordering::Relaxed);
        EventStream::new(receiver, Arc::downgrade(self))
    }

    /// Notes that a stream ended.
    pub(super) fn unsubscribe(&self) {
        self.state.fetch_sub(STREAM, Ordering::Relaxed);
    }

    /// Tells `plugins`, the metrics and every stream. Never under a lock: this runs a user's code.
    pub(crate) fn tell(&self, plugins: &[Arc<dyn ErasedPlugin>], event: &Event<'_>) {
        for plugin in plugins {
            if catch_unwind(AssertUnwindSafe(|| plugin.told(event))).is_err() {
                self.trouble.plugin_panicked(&self.cache);
            }
        }
        #[cfg(feature = "metrics")]
        if let Some(meters) = &self.meters {
            self.guarded(|| meters.event(event.kind, event.items));
        }
        if self.state.load(Ordering::Relaxed) >= STREAM
            && let Some(sender) = self.stream.get()
        {
            self.guarded(|| {
                // Nobody left to hear it is no failure.
                let _heard = sender.send(Arc::new(event.clone().into_owned()));
            });
        }
    }

    /// Runs the code of a metrics recorder, or of the tasks that wait for events. Who tells may be a task that others
    /// depend on.
    fn guarded(&self, tell: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(tell)).is_err() {
            self.trouble.listener_panicked(&self.cache);
        }
    }

    /// Tells what the store does by itself.
    pub(crate) fn tell_of_store(&self, kind: EventKind, key: Option<&str>) {
        if self.hears_the_store() {
            let event = Event::new(kind, &self.cache, "", key, usize::from(key.is_some()));
            self.tell(&self.plugins, &event);
        }
    }

    fn hears_the_store(&self) -> bool {
        !self.plugins.is_empty() || self.listens()
    }
}

/// How a backend tells its cache what it does by itself; see [`Backend::watch`](crate::Backend::watch).
///
/// Telling runs plugins, so it must not be done under a lock that a plugin might need.
#[derive(Clone)]
pub struct StoreWatch(Arc<Watchers>);

impl StoreWatch {
    pub(crate) const fn new(watchers: Arc<Watchers>) -> Self {
        Self(watchers)
    }

    /// Whether anybody listens, for a backend that has to keep what it would tell. Cheap, and may change any time.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.0.hears_the_store()
    }

    /// An entry was given up.
    pub fn evicted(&self, key: &str, reason: EvictionReason) {
        self.0.tell_of_store(EventKind::Evicted { reason }, Some(key));
    }

    /// A connection that was lost is there again.
    pub fn reconnected(&self) {
        self.0.reconnects.fetch_add(1, Ordering::Relaxed);
        self.0.tell_of_store(EventKind::Reconnected, None);
    }
}

impl fmt::Debug for StoreWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreWatch")
            .field("cache", &self.0.cache)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, feature = "metrics"))]
mod tests {
    use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

    use super::*;

    /// Panics at whatever is measured.
    struct Panics;

    impl Recorder for Panics {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
            panic!("on purpose");
        }

        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
            panic!("on purpose");
        }

        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {
            panic!("on purpose");
        }

        fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
            panic!("on purpose");
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            panic!("on purpose");
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            panic!("on purpose");
        }
    }

    #[test]
    fn a_recorder_that_panics_ends_no_task_of_a_store_and_hides_nothing_from_streams() {
        let trouble = Arc::<Trouble>::default();
        let mut watchers = Watchers::new("users", false, Vec::new(), Arc::clone(&trouble));
        watchers.measure();
        let watchers = Arc::new(watchers);
        let mut events = watchers.subscribe();
        metrics::with_local_recorder(&Panics, || StoreWatch::new(Arc::clone(&watchers)).reconnected());
        let told = events.next_now().map(|event| event.kind);
        assert_eq!(told, Some(EventKind::Reconnected));
        assert_eq!((watchers.reconnects(), trouble.plugin_panics()), (1, 1));
    }
}
