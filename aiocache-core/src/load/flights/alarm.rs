//! One timer for all who wait for a flight: most loads end long before anybody's patience does.

use std::sync::{Arc, PoisonError, Weak};
use std::task::{Context, Wake, Waker};

use tokio::runtime::Id;
use tokio::time::Instant;

use super::flight::Flight;
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::timer::Timer;

/// The end of the first one's patience. It rings once, for all; who waits longer then takes a timer of its own.
pub(super) struct Alarm {
    /// Whose timer it is: another runtime may stand still, or end.
    runtime: Id,
    end: Instant,
    rung: AtomicBool,
    timer: Mutex<Option<Timer>>,
}

impl Alarm {
    fn new(runtime: Id, end: Instant) -> Self {
        Self {
            runtime,
            end,
            rung: AtomicBool::new(false),
            timer: Mutex::new(None),
        }
    }

    pub(super) fn has_rung(&self) -> bool {
        self.rung.load(Ordering::SeqCst)
    }

    /// Nobody waits any more.
    pub(super) fn stop(&self) {
        let timer = self.timer.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Not under the lock: this takes the lock of the runtime's timers.
        drop(timer);
    }

    fn keep(&self, timer: Timer) {
        *self.timer.lock().unwrap_or_else(PoisonError::into_inner) = Some(timer);
    }
}

/// Rings for a flight, whichever task made the timer: that one may be gone, or its future not be polled any more.
struct Bell<R>(Weak<Flight<R>>);

impl<R: Send + Sync + 'static> Wake for Bell<R> {
    fn wake(self: Arc<Self>) {
        if let Some(flight) = self.0.upgrade() {
            flight.ring();
        }
    }
}

impl<R: Send + Sync + 'static> Flight<R> {
    /// Whether the alarm rings for somebody in this runtime whose patience ends then. The first to ask sets it.
    pub(super) fn has_alarm(self: &Arc<Self>, runtime: Id, end: Instant) -> bool {
        let mut is_first = false;
        let alarm = self.alarm.get_or_init(|| {
            is_first = true;
            Alarm::new(runtime, end)
        });
        if is_first {
            self.set_alarm(alarm);
        }
        alarm.runtime == runtime && alarm.end <= end
    }

    fn set_alarm(self: &Arc<Self>, alarm: &Alarm) {
        let mut timer = Timer::new(alarm.end);
        let bell = Waker::from(Arc::new(Bell(Arc::downgrade(self))));
        if timer.poll(&mut Context::from_waker(&bell)).is_ready() {
            self.ring();
        } else {
            alarm.keep(timer);
        }
    }

    /// Whether who waits has to look after its own time.
    pub(super) fn alarm_has_rung(&self) -> bool {
        self.alarm.get().is_none_or(Alarm::has_rung)
    }

    fn ring(&self) {
        if let Some(alarm) = self.alarm.get() {
            // First: who takes a place after the call sees it.
            alarm.rung.store(true, Ordering::SeqCst);
            let called = self.state().queue.call_all();
            called.wake();
        }
    }
}
