//! Tries in the background, for as long as there is something to try.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::Recovery;
use super::queue::Queue;
use crate::backend::{Backend, Raw};
use crate::cache::Core;
use crate::clock;
use crate::timer;

impl<B: Backend> Core<B> {
    /// Sees to it that what is queued is tried: at once in the next step of the task that does it, which begins if there
    /// is none.
    pub(crate) fn drive(self: &Arc<Self>) {
        let (Some(recovery), Ok(runtime)) = (&self.recovery, Handle::try_current()) else {
            return;
        };
        if !timer::are_there() {
            return;
        }
        let silence = self.most_silence(recovery);
        if let Some(number) = recovery.change(|queue| queue.begin_to_drive(silence)).came {
            let driver = Driver {
                recovery: Arc::clone(recovery),
                number,
                running: true,
            };
            runtime.spawn(driver.run(Arc::downgrade(self)));
        }
    }

    /// The same, if something is queued and nobody tries.
    pub(super) fn drive_if_left_alone(self: &Arc<Self>) {
        if let Some(recovery) = &self.recovery
            && !recovery.is_empty()
            && clock::now() >= recovery.driven_until.load(Ordering::SeqCst)
        {
            self.drive();
        }
    }

    /// Brings the next try forward: the store has answered something.
    pub(crate) fn answered(self: &Arc<Self>) {
        if let Some(recovery) = &self.recovery
            && !recovery.is_empty()
        {
            recovery.answers.fetch_add(1, Ordering::Relaxed);
            recovery.wake();
            self.drive_if_left_alone();
        }
    }

    /// The longest time between two signs of life of the task that tries in the background.
    fn most_silence(&self, recovery: &Recovery<B::Raw>) -> Duration {
        let settings = recovery.settings;
        let pause = settings.longest_pause.max(settings.pause);
        pause.saturating_add(self.most_wait())
    }
}

/// The task that tries in the background. It lives while something is queued, and does not keep the cache alive.
struct Driver<R: Raw> {
    recovery: Arc<Recovery<R>>,
    /// Its number among all.
    number: u64,
    running: bool,
}

impl<R: Raw> Driver<R> {
    async fn run<B: Backend<Raw = R>>(mut self, core: Weak<Core<B>>) {
        let recovery = Arc::clone(&self.recovery);
        let first = recovery.settings.pause;
        let (mut pause, mut next) = (first, 0);
        loop {
            // An answer to something brings the next try forward, but not to this very moment: other keys of the same
            // store may be elsewhere, and still away.
            sleep(first).await;
            let _woken = timer::within(pause.saturating_sub(first), recovery.wake.notified()).await;
            let Some(core) = core.upgrade() else { return };
            let round = core.replay_all(next, Some(self.number)).await;
            let silence = core.most_silence(&recovery);
            let drives = |queue: &mut Queue<_>| queue.is_still_driven(self.number, silence);
            self.running = recovery.change(drives).came;
            if !self.running {
                return;
            }
            next = round.next;
            pause = if round.any {
                first
            } else {
                (pause * 2).min(recovery.settings.longest_pause.max(first))
            };
        }
    }
}

impl<R: Raw> Drop for Driver<R> {
    fn drop(&mut self) {
        // Ended before its time, by a runtime that shuts down or by the end of the cache.
        if self.running {
            self.recovery.change(|queue| queue.stop_to_drive(self.number));
        }
    }
}
