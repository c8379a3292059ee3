//! The connections of one runtime to one server: a queue of jobs, and a task for each connection that takes them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aiocache_core::{Error, Result};
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::command::Command;
use crate::config::Limits;
use crate::connect::Connect;
use crate::error::{broken, held_back};
use crate::job::{Job, Ticket, job};
use crate::orphans::{Orphans, Touched};

#[cfg(test)]
mod fixture;
mod late;
mod opening;
mod refusing;
mod working;

/// The connections of one runtime to one server. Dropping it closes them, each after the job that it is at unless that
/// is late.
pub(crate) struct Lane(Arc<Shared>);

struct Shared {
    connect: Arc<Connect>,
    limits: Limits,
    state: Mutex<State>,
    /// One permit for each job in the queue; closed with the lane.
    ready: Semaphore,
    /// Connections that wait for a job.
    idle: AtomicUsize,
    /// See [`Connection::epoch`].
    epoch: Arc<AtomicU64>,
    orphans: Arc<Orphans>,
    /// One permit for each connection more that may wait for the answer to a late write.
    late: Semaphore,
    /// Wakes the task that minds the queue.
    look: Notify,
    /// Has no permit ever; closed with the lane.
    closed: Semaphore,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Box<dyn Job>>,
    /// Connections that live.
    live: usize,
    /// A task is making connections.
    opening: bool,
    /// A task minds the queue; see [`Shared::refuse_in_time`].
    refusing: bool,
    failures: u32,
    /// No attempt before this time.
    not_before: Option<Instant>,
    /// When one was lost that had answered, or was not young any more, until a later one answers. For one deadline from
    /// then, commands wait for the next: a server that restarts costs them nothing, and twice within that time does not
    /// either.
    lost_at: Option<Instant>,
    last_error: Option<Error>,
}

impl Lane {
    pub(crate) fn new(connect: Arc<Connect>, limits: Limits) -> Self {
        Self(Arc::new(Shared {
            connect,
            limits,
            state: Mutex::default(),
            ready: Semaphore::new(0),
            late: Semaphore::new(limits.pool_size),
            look: Notify::new(),
            closed: Semaphore::new(0),
            idle: AtomicUsize::new(0),
            epoch: Arc::default(),
            orphans: Arc::default(),
        }))
    }

    /// How many connections are open, without those on which nothing but a late answer is awaited.
    pub(crate) fn connections(&self) -> u64 {
        self.0.lock().live as u64
    }

    /// Queues a command for the next free connection; connects if there are too few. Waits only for a write of the
    /// same key whose caller has gone, or was told that it is late, while it was under way. Without a connection and
    /// before the pause after a failure is over, it fails at once.
    pub(crate) async fn submit<C: Command>(&self, command: C) -> Result<Ticket<C::Answer>> {
        let shared = &self.0;
        let (start, deadline) = (Instant::now(), shared.limits.deadline);
        if !shared.orphans.is_empty() && command.follows() != Touched::Nothing {
            // Boxed, so that the room for it is not in every command.
            let follows = command.follows();
            let orphans = Box::pin(timeout_at(start + deadline, shared.orphans.wait(&follows)));
            if orphans.await.is_err() {
                return Err(held_back(deadline));
            }
        }
        let touched = command.touched();
        let (job, mut ticket) = job(command, touched, &shared.orphans, start, deadline);
        let mut state = shared.lock();
        // A connection without work takes it at once, and has the deadline; see also `lost`.
        ticket.is_timed = shared.idle.load(SeqCst) <= state.jobs.len();
        let may_open = state.may_open(shared.limits.deadline);
        if state.live == 0 && !state.opening && !may_open {
            let error = state.last_error.clone();
            return Err(error.unwrap_or_else(broken));
        }
        state.jobs.push_back(job);
        shared.open_missing(&mut state, may_open);
        drop(state);
        shared.ready.add_permits(1);
        Ok(ticket)
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.ready.close();
        self.0.closed.close();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
