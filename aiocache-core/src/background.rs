//! Work that goes on without its caller, so that a closing cache can wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// What of a cache runs in the background.
#[derive(Debug, Default)]
pub(crate) struct Background {
    running: AtomicUsize,
    ended: Notify,
}

/// One piece of work, for as long as it lives.
#[derive(Debug)]
pub(crate) struct Working(Arc<Background>);

impl Background {
    /// Counts a piece of work from now on; move what this gives into its task.
    pub(crate) fn begin(self: &Arc<Self>) -> Working {
        self.running.fetch_add(1, Ordering::SeqCst);
        Working(Arc::clone(self))
    }

    /// Waits until nothing runs.
    pub(crate) async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Listens before it looks, so that an end in between is not missed.
            ended.as_mut().enable();
            if self.running.load(Ordering::SeqCst) == 0 {
                return;
            }
            ended.await;
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.ended.notify_waiters();
        }
    }
}
