//! The connections of one runtime to one server: a queue of jobs, and a task for each connection that takes them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};

use crate::command::Command;
use crate::config::Limits;
use crate::connect::Connect;
use crate::connection::Connection;
use crate::error::{Fault, not_sent};
use crate::job::{Job, Ticket, job};
use crate::orphans::Orphans;

/// The pause after the first failure to connect; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause: with the time to connect, a server that is back is used within 300 ms.
const LAST_PAUSE: Duration = Duration::from_millis(200);

/// The connections of one runtime to one server. Dropping it closes them, each after the job that it is at.
pub(crate) struct Lane(Arc<Shared>);

struct Shared {
    connect: Arc<Connect>,
    limits: Limits,
    state: Mutex<State>,
    /// One permit for each job in the queue; closed with the lane.
    ready: Semaphore,
    /// See [`Connection::epoch`].
    epoch: Arc<AtomicU64>,
    orphans: Arc<Orphans>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Box<dyn Job>>,
    /// Connections that live.
    live: usize,
    /// A task is making connections.
    opening: bool,
    /// A command was answered since there was no connection.
    proven: bool,
    failures: u32,
    /// No attempt before this time.
    not_before: Option<Instant>,
    /// When the last working connection was lost. For one deadline from then, commands wait for the next: a server
    /// that restarts costs them nothing.
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
            epoch: Arc::default(),
            orphans: Arc::default(),
        }))
    }

    /// Queues a command for the next free connection; connects if there are too few. Waits only for a write of the
    /// same key that was left alone while it was under way. Without a connection and
    /// before the pause after a failure is over, it fails at once.
    pub(crate) async fn submit<C: Command>(&self, command: C) -> Result<Ticket<C::Answer>> {
        let shared = &self.0;
        let (start, deadline) = (Instant::now(), shared.limits.deadline);
        let touched = command.touched();
        if timeout_at(start + deadline, shared.orphans.wait(&touched))
            .await
            .is_err()
        {
            return Err(not_sent(deadline));
        }
        let (job, ticket) = job(command, touched, &shared.orphans, start, deadline);
        let mut state = shared.lock();
        let may_open = state.may_open(shared.limits.deadline);
        if state.live == 0 && !state.opening && !may_open {
            let error = state.last_error.clone();
            return Err(error.unwrap_or_else(|| Error::new(ErrorKind::Unavailable, "the connection broke")));
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
    }
}

/// Making connections.
impl Shared {
    fn open_missing(self: &Arc<Self>, state: &mut State, may_open: bool) {
        if state.live < self.limits.pool_size && !state.opening && may_open {
            state.opening = true;
            tokio::spawn(Arc::clone(self).open());
        }
    }

    /// Makes all connections that are missing, in one go.
    async fn open(self: Arc<Self>) {
        loop {
            let missing = self.limits.pool_size - self.lock().live;
            let attempts: Vec<_> = (0..missing)
                .map(|_| tokio::spawn(Arc::clone(&self.connect).open(Arc::clone(&self.epoch))))
                .collect();
            let (mut links, mut failure) = (Vec::new(), None);
            for attempt in attempts {
                match attempt.await {
                    Ok(Ok(link)) => links.push(link),
                    Ok(Err(error)) => failure = Some(error),
                    // It panicked, or the runtime is shutting down.
                    Err(_) => failure = Some(Error::new(ErrorKind::Unavailable, "no connection was made")),
                }
            }
            if self.ready.is_closed() {
                return;
            }
            match self.install(links, failure) {
                Some(pause) => sleep(pause).await,
                None => return,
            }
        }
    }

    /// Starts the tasks of new connections. With none at all, gives the pause before the next attempt if commands
    /// shall still wait for it.
    fn install(self: &Arc<Self>, links: Vec<Connection>, failure: Option<Error>) -> Option<Duration> {
        let mut state = self.lock();
        if !links.is_empty() {
            // Before the first command goes over them: see `Connection::epoch`.
            self.epoch.store(next_epoch(), SeqCst);
            state.proven &= state.live > 0;
            state.live += links.len();
            state.not_before = None;
            state.lost_at = None;
        }
        if let Some(error) = failure {
            let pause = state.back_off();
            if state.live == 0 && state.is_patient(pause, self.limits.deadline, &error) {
                return Some(pause);
            }
            state.last_error = Some(error);
            state.lost_at = None;
        }
        state.opening = false;
        let refused = if state.live == 0 {
            std::mem::take(&mut state.jobs)
        } else {
            VecDeque::new()
        };
        let error = state.last_error.clone();
        drop(state);
        for link in links {
            tokio::spawn(Arc::clone(self).work(link));
        }
        if let Some(error) = error {
            refused.into_iter().for_each(|job| job.refuse(&error));
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a connection's task is woken by.
enum Event {
    Job,
    /// The server closed the connection, or spoke out of turn.
    Ended,
    /// The lane is closed.
    Closed,
}

/// The life of a connection.
impl Shared {
    async fn work(self: Arc<Self>, mut link: Connection) {
        let _place = Place(&self);
        loop {
            match self.next(&mut link).await {
                Event::Job => {}
                Event::Ended => return self.lost(None),
                Event::Closed => return,
            }
            // A job may have been refused after its permit was given out.
            let Some(mut job) = self.lock().jobs.pop_front() else {
                continue;
            };
            if job.until() <= Instant::now() {
                job.refuse(&not_sent(self.limits.deadline));
                continue;
            }
            if !job.start() {
                continue;
            }
            match timeout_at(job.until(), job.run(&mut link)).await {
                Ok(Ok(())) => self.answered(&mut link),
                Ok(Err(Fault::Broken(_))) if job.may_repeat() => return self.lost(Some(job)),
                Ok(Err(fault)) => {
                    job.fail(fault);
                    return self.lost(None);
                }
                Err(_) => {
                    job.fail_late();
                    return self.lost(None);
                }
            }
        }
    }

    async fn next(&self, link: &mut Connection) -> Event {
        let mut ready = pin!(self.ready.acquire());
        let mut ended = pin!(link.ended());
        poll_fn(|context| {
            // First, so that no job goes to a connection that is known to be over.
            if ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Ended);
            }
            ready.as_mut().poll(context).map(|permit| match permit {
                Ok(permit) => {
                    permit.forget();
                    Event::Job
                }
                Err(_) => Event::Closed,
            })
        })
        .await
    }

    fn answered(&self, link: &mut Connection) {
        if !std::mem::replace(&mut link.proven, true) {
            let mut state = self.lock();
            state.proven = true;
            state.failures = 0;
        }
    }

    /// Takes note that a connection is over; `again` is sent by the next one.
    fn lost(self: &Arc<Self>, again: Option<Box<dyn Job>>) {
        let mut state = self.lock();
        state.live -= 1;
        if state.proven {
            if state.live == 0 {
                state.lost_at = Some(Instant::now());
            }
        } else {
            // Accepted and then dropped, perhaps again and again: that is a failure to connect.
            state.back_off();
        }
        let repeats = again.is_some();
        state.jobs.extend(again);
        if repeats {
            state.jobs.rotate_right(1);
        }
        if self.ready.is_closed() {
            return;
        }
        let may_open = state.may_open(self.limits.deadline);
        self.open_missing(&mut state, may_open);
        let stranded = if state.live == 0 && !state.opening {
            std::mem::take(&mut state.jobs)
        } else {
            VecDeque::new()
        };
        drop(state);
        self.ready.add_permits(usize::from(repeats));
        let error = Error::new(ErrorKind::Unavailable, "the connection broke");
        stranded.into_iter().for_each(|job| job.refuse(&error));
    }
}

/// The place of a connection; a panic of its task, which nothing is known to cause, must not take it for good.
struct Place<'a>(&'a Shared);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().live -= 1;
        }
    }
}

impl State {
    fn may_open(&self, patience: Duration) -> bool {
        let recent = |lost: Instant| lost.elapsed() < patience;
        self.not_before.is_none_or(|time| time <= Instant::now()) || self.lost_at.is_some_and(recent)
    }

    fn back_off(&mut self) -> Duration {
        let pause = pause_after(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + pause);
        pause
    }

    fn is_patient(&self, pause: Duration, patience: Duration, error: &Error) -> bool {
        let recent = |lost: Instant| lost.elapsed() + pause < patience;
        error.kind() == ErrorKind::Unavailable && self.lost_at.is_some_and(recent)
    }
}

/// Another number each time, in the whole process: an id read by one runtime is not taken for one of another's.
fn next_epoch() -> u64 {
    static EPOCH: AtomicU64 = AtomicU64::new(1);
    EPOCH.fetch_add(1, SeqCst)
}

/// Doubles up to the ceiling, and is spread over its upper half so that processes do not come back as one.
fn pause_after(failures: u32) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << failures.min(8)).min(LAST_PAUSE);
    let random = RandomState::new().hash_one(failures) % 512;
    whole / 2 + whole.mul_f64(random as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_ceiling_and_are_spread() {
        for (failures, whole) in [(0, 50), (1, 100), (2, 200), (3, 200), (40, 200)] {
            let pauses: Vec<_> = (0..64).map(|_| pause_after(failures)).collect();
            let whole = Duration::from_millis(whole);
            assert!(pauses.iter().all(|&pause| pause >= whole / 2 && pause <= whole));
            assert!(pauses.iter().any(|&pause| pause != pauses[0]));
        }
    }
}
