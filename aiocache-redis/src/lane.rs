//! One connection of one runtime: made by a task for all who wait, and replaced when it fails.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::config::Limits;
use crate::connect::{Connect, Link};
use crate::error;

/// Timeouts in a row, with no answer between them, after which a connection is given up.
const MAX_TIMEOUTS: u32 = 3;
/// The pause after the first failure to connect; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause: with the time to connect, a server that is back is used within 300 ms.
const LAST_PAUSE: Duration = Duration::from_millis(250);

/// The place of one connection.
#[derive(Default)]
pub(crate) struct Lane(Mutex<State>);

/// A connection in use.
#[derive(Clone)]
pub(crate) struct Live {
    pub(crate) link: Link,
    pub(crate) health: Arc<Health>,
    /// Counts the connections of the lane.
    pub(crate) generation: u64,
}

impl Live {
    fn is_open(&self) -> bool {
        !self.health.ended.load(Relaxed)
    }
}

/// What is seen of one connection by those who use it.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// The connection is closed, or its runtime is gone.
    ended: AtomicBool,
    /// A command was answered.
    proven: AtomicBool,
    /// Timeouts since the last answer.
    timeouts: AtomicU32,
}

impl Health {
    pub(crate) fn end(&self) {
        self.ended.store(true, Relaxed);
    }

    #[cfg(feature = "sentinel")]
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Relaxed)
    }

    pub(crate) fn answered(&self) {
        // Looks before it writes: every command of every thread comes by here.
        if self.timeouts.load(Relaxed) != 0 {
            self.timeouts.store(0, Relaxed);
        }
        if !self.proven.load(Relaxed) {
            self.proven.store(true, Relaxed);
        }
    }

    /// Counts a timeout and says whether it was one too many.
    pub(crate) fn timed_out(&self) -> bool {
        self.timeouts.fetch_add(1, Relaxed) + 1 >= MAX_TIMEOUTS
    }
}

type Outcome = Option<Result<Live>>;

/// What a command without a connection at hand has to do.
enum Step {
    Use(Live),
    Wait(watch::Receiver<Outcome>),
    Run(watch::Receiver<Outcome>, watch::Sender<Outcome>),
}

#[derive(Default)]
struct State {
    live: Option<Live>,
    /// Under way; its task is on the lane's own runtime and ends with it.
    attempt: Option<watch::Receiver<Outcome>>,
    generation: u64,
    failures: u32,
    /// No attempt before this time.
    not_before: Option<Instant>,
    /// When a working connection was lost. For one deadline from then, commands wait for the next connection:
    /// a server that restarts costs them nothing.
    lost_at: Option<Instant>,
    last_error: Option<Error>,
}

impl Lane {
    /// The connection, if there is one.
    pub(crate) fn current(&self) -> Option<Live> {
        self.lock().current()
    }

    /// Whether there is a connection, as far as is known; changes nothing.
    pub(crate) fn is_live(&self) -> bool {
        self.lock().live.as_ref().is_some_and(Live::is_open)
    }

    /// The connection, made if there is none; without waiting an error while pausing between attempts.
    ///
    /// Cancel safe: the attempt is a task's, who waits for it may go.
    pub(crate) async fn live(self: &Arc<Self>, connect: &Arc<Connect>, limits: Limits) -> Result<Live> {
        let mut attempt = match self.next_step()? {
            Step::Use(live) => return Ok(live),
            Step::Wait(attempt) => attempt,
            Step::Run(attempt, tell) => {
                tokio::spawn(Arc::clone(self).run_attempt(Arc::clone(connect), limits, tell));
                attempt
            }
        };
        match attempt.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().expect("just waited for"),
            Err(_) => Err(error::shutting_down()),
        }
    }

    /// Gives up `live`, unless another connection is in its place already.
    pub(crate) fn lost(&self, live: &Live) {
        live.health.end();
        let mut state = self.lock();
        if state.generation == live.generation {
            state.lose();
        }
    }

    fn next_step(&self) -> Result<Step> {
        let mut state = self.lock();
        if let Some(live) = state.current() {
            return Ok(Step::Use(live));
        }
        match &state.attempt {
            // A closed channel is an attempt whose task went with a runtime.
            Some(attempt) if attempt.has_changed().is_ok() => return Ok(Step::Wait(attempt.clone())),
            _ => {}
        }
        if state.not_before.is_some_and(|time| time > Instant::now()) {
            let error = state.last_error.clone();
            return Err(error.unwrap_or_else(|| Error::new(ErrorKind::Unavailable, "the connection broke")));
        }
        let (tell, attempt) = watch::channel(None);
        state.attempt = Some(attempt.clone());
        Ok(Step::Run(attempt, tell))
    }

    async fn run_attempt(
        self: Arc<Self>,
        connect: Arc<Connect>,
        limits: Limits,
        tell: watch::Sender<Outcome>,
    ) {
        let outcome = loop {
            match connect.open(limits.connect_timeout).await {
                Ok((link, health)) => {
                    let live = self.install(link, health);
                    if live.generation > 1 {
                        connect.reconnected();
                    }
                    break Ok(live);
                }
                Err(error) => match self.failed(&error, limits.deadline) {
                    Some(pause) => sleep(pause).await,
                    None => break Err(error),
                },
            }
        };
        tell.send_replace(Some(outcome));
    }

    fn install(&self, link: Link, health: Arc<Health>) -> Live {
        let mut state = self.lock();
        state.generation += 1;
        let live = Live {
            link,
            health,
            generation: state.generation,
        };
        state.live = Some(live.clone());
        state.attempt = None;
        state.not_before = None;
        state.lost_at = None;
        live
    }

    /// Counts a failure to connect; gives the pause before the next try if commands shall still wait for it.
    fn failed(&self, error: &Error, patience: Duration) -> Option<Duration> {
        let mut state = self.lock();
        let pause = state.back_off();
        state.last_error = Some(error.clone());
        let patient = state
            .lost_at
            .is_some_and(|lost| lost.elapsed() + pause < patience);
        if patient && error.kind() == ErrorKind::Unavailable {
            return Some(pause);
        }
        state.attempt = None;
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn current(&mut self) -> Option<Live> {
        match &self.live {
            Some(live) if live.is_open() => Some(live.clone()),
            Some(_) => {
                self.lose();
                None
            }
            None => None,
        }
    }

    fn lose(&mut self) {
        let Some(live) = self.live.take() else { return };
        if live.health.proven.load(Relaxed) {
            self.failures = 0;
            self.lost_at = Some(Instant::now());
        } else {
            // Accepted and then dropped, perhaps again and again: that is a failure to connect.
            self.back_off();
            self.last_error = None;
        }
    }

    fn back_off(&mut self) -> Duration {
        let pause = pause_after(self.failures);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(Instant::now() + pause);
        pause
    }
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
        for (failures, whole) in [(0, 50), (1, 100), (2, 200), (3, 250), (40, 250)] {
            let pauses: Vec<_> = (0..64).map(|_| pause_after(failures)).collect();
            let whole = Duration::from_millis(whole);
            assert!(pauses.iter().all(|&pause| pause >= whole / 2 && pause <= whole));
            assert!(pauses.iter().any(|&pause| pause != pauses[0]));
        }
    }
}
