//! Jobs that wait for a connection, where one was lost: their callers may count on a connection to keep their deadline.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::{Instant, timeout_at};

use super::{Shared, State};
use crate::error::not_sent;

impl Shared {
    /// Sees to it that those in the queue end with their deadlines. One task does for all of them; it looks again each
    /// time, for any of them may be due before those that it knows of: what is sent again, and what waited for a write of
    /// its key first.
    pub(super) fn refuse_in_time(self: &Arc<Self>, state: &mut State) {
        if state.jobs.is_empty() {
            return;
        }
        if !std::mem::replace(&mut state.refusing, true) {
            tokio::spawn(Arc::clone(self).refuse_late());
        } else {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aiocache_core::ErrorKind;
    use tokio::net::TcpListener;

    use super::super::Lane;
    use super::*;
    use crate::command::Ping;
    use crate::job::{Ticket, job};
    use crate::orphans::Touched;

    const DEADLINE: Duration = Duration::from_secs(10);

    impl Lane {
        /// Queues a command that counts on a connection, and that was asked for at `start`.
        fn count_on_one(&self, start: Instant) -> Ticket<()> {
            let (job, mut ticket) = job(Ping, Touched::Nothing, &self.0.orphans, start, DEADLINE);
            ticket.is_timed = false;
            self.0.lock().jobs.push_back(job);
            ticket
        }
    }

    /// It had waited for a write of its key before it was queued.
    #[tokio::test(start_paused = true)]
    async fn a_command_that_is_due_first_and_loses_its_connection_last_is_told_in_time() {
        // Connections are made to it, and never answered.
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let lane = Lane::to(address, DEADLINE);
        lane.0.lock().live = 2;
        let start = Instant::now();
        tokio::time::advance(DEADLINE / 2).await;
        let other = lane.count_on_one(Instant::now());
        lane.0.lost(start, false, None);
        // By then it is known when to look.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let first = lane.count_on_one(start);
        lane.0.lost(start, false, None);
        for (ticket, due) in [(first, DEADLINE), (other, DEADLINE * 3 / 2)] {
            let error = ticket.answer().await.expect_err("no connection");
            assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
            let late = start.elapsed() - due;
            assert!(late < Duration::from_millis(10), "{late:?}");
        }
    }
}
