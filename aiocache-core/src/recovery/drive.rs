//! Tries in the background, for as long as there is something to try.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;
use tokio::time::sleep;

use super::Recovery;
use super::queue::Queue;
use crate::backend::{Backend, Raw};
use crate::cache::Core;
use crate::timer;

impl<B: Backend> Core<B> {
    /// Sees to it that what is queued is tried: at once in the next step of the task that does it, which begins if there
    /// is none.
    pub(crate) fn drive(self: &Arc<Self>) {
        let (Some(recovery), Ok(runtime)) = (&self.recovery, Handle::try_current()) else {
            return;
        };
        if timer::are_there() && recovery.change(Queue::begin_to_drive).came {
            let driver = Driver {
                recovery: Arc::clone(recovery),
                running: true,
            };
            runtime.spawn(driver.run(Arc::downgrade(self)));
        }
    }

    /// Brings the next try forward: the store has answered something.
    pub(crate) fn answered(self: &Arc<Self>) {
        if let Some(recovery) = &self.recovery
            && !recovery.is_empty()
        {
            recovery.wake();
            self.drive();
        }
    }
}

/// The task that tries in the background. It lives while something is queued, and does not keep the cache alive.
struct Driver<R: Raw> {
    recovery: Arc<Recovery<R>>,
    running: bool,
}

impl<R: Raw> Driver<R> {
    async fn run<B: Backend<Raw = R>>(mut self, core: Weak<Core<B>>) {
        let recovery = Arc::clone(&self.recovery);
        let first = recovery.settings.pause;
        let mut pause = first;
        loop {
            // An answer to something brings the next try forward, but not to this very moment: other keys of the same
            // store may be elsewhere, and still away.
            sleep(first).await;
            let _woken = timer::within(pause.saturating_sub(first), recovery.wake.notified()).await;
            let Some(core) = core.upgrade() else { return };
            let any = core.replay_all().await;
            self.running = recovery.change(Queue::is_still_driven).came;
            if !self.running {
                return;
            }
            pause = if any {
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
            self.recovery.change(Queue::stop_to_drive);
        }
    }
}
