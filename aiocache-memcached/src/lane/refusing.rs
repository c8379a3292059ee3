//! Jobs that wait for a connection, where one was lost: their callers may count on a connection to keep their deadline.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::{Shared, State};
use crate::error::not_sent;

impl Shared {
    /// Sees to it that those in the queue end with their deadlines. One task does for all of them; it has to look again
    /// where there `is_earlier` one than it knows of.
    pub(super) fn refuse_in_time(self: &Arc<Self>, state: &mut State, is_earlier: bool) {
        if state.jobs.is_empty() {
            return;
        }
        if !std::mem::replace(&mut state.refusing, true) {
            tokio::spawn(Arc::clone(self).refuse_late());
        } else if is_earlier {
            self.look.notify_one();
        }
    }

    /// Refuses the jobs that no connection takes in time, until there are none.
    async fn refuse_late(self: Arc<Self>) {
        while let Some(until) = self.refuse_those_late() {
            let _woken = timeout_at(until, self.look.notified()).await;
        }
    }

    /// When to look again, if there are jobs left.
    fn refuse_those_late(&self) -> Option<Instant> {
        let mut state = self.lock();
        let now = Instant::now();
        let (late, left): (VecDeque<_>, _) = std::mem::take(&mut state.jobs)
            .into_iter()
            .partition(|job| job.until() <= now);
        state.jobs = left;
        let until = state.jobs.iter().map(|job| job.until()).min();
        state.refusing = until.is_some();
        drop(state);
        for job in late {
            job.refuse(&not_sent(self.limits.deadline));
        }
        until
    }
}
