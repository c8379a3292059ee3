//! One connection of one runtime: made by a task for all who wait, and replaced when it fails.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::config::Limits;
use crate::connect::{Connect, Link};
use crate::error;

/// Timeouts in a row, with no answer between them, after which a connection is given up.
const MAX_TIMEOUTS: u32 = 3;
/// The pause after the first failure to connect; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause: with the time to connect, a server that is back is used within 300 ms.
const LAST_PAUSE: Duration = Duration::from_millis(250);
/// Commands that wait for a connection are not let wait for another attempt when no more than twice this is left.
const LAST_MOMENT: Duration = Duration::from_millis(5);

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
    since: Instant,
}

impl Live {
    fn is_open(&self) -> bool {
        !self.health.ended.load(Relaxed)
    }

    /// Whether it answered a command; or nobody missed an answer, and new ones at this distance need no pause more.
    fn has_worked(&self) -> bool {
        let missed = self.health.timeouts.load(Relaxed) > 0;
        self.health.proven.load(Relaxed) || !missed && self.since.elapsed() > LAST_PAUSE
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
    /// The connection before was lost before it had worked.
    flapping: bool,
    /// No attempt before this time.
    not_before: Option<Instant>,
    /// When a connection was lost, or the first of several that were lost before they had worked. For one deadline
    /// from then, commands wait for the next connection: a server that restarts costs them nothing.
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

    /// The connection, made if there is none. In a pause between attempts, an error without waiting unless a
    /// connection was lost within the last deadline.
    ///
    /// Cancel safe: the attempt is a task's, who waits for it may go.
    pub(crate) async fn live(self: &Arc<Self>, connect: &Arc<Connect>, limits: Limits) -> Result<Live> {
        let mut attempt = match self.next_step(limits.deadline)? {
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

    fn next_step(&self, patience: Duration) -> Result<Step> {
        let mut state = self.lock();
        if let Some(live) = state.current() {
            return Ok(Step::Use(live));
        }
        match &state.attempt {
            // A closed channel is an attempt whose task went with a runtime.
            Some(attempt) if attempt.has_changed().is_ok() => return Ok(Step::Wait(attempt.clone())),
            _ => {}
        }
        if state.pause_end().is_some() && !state.is_patient(patience) {
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
        let pause_end = self.lock().pause_end();
        if let Some(time) = pause_end {
            sleep_until(time).await;
        }
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
            since: Instant::now(),
        };
        state.live = Some(live.clone());
        state.attempt = None;
        state.not_before = None;
        state.last_error = None;
        live
    }

    /// Counts a failure to connect; gives the pause before the next try if commands shall still wait for it.
    fn failed(&self, error: &Error, patience: Duration) -> Option<Duration> {
        let mut state = self.lock();
        state.last_error = Some(error.clone());
        let pause = state.back_off();
        // Commands wait to the end of their patience, and not to a pause that would end after it.
        let pause = pause.min(state.patience_left(patience) / 2);
        if pause >= LAST_MOMENT {
            state.not_before = Some(Instant::now() + pause);
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
        let works = live.has_worked();
        if works || !self.flapping {
            self.lost_at = Some(Instant::now());
        }
        self.flapping = !works;
        if works {
            self.failures = 0;
        } else {
            // Accepted and then dropped, perhaps again and again: that is a failure to connect.
            self.back_off();
            self.last_error = None;
        }
    }

    /// When the pause is over, if there is one.
    fn pause_end(&self) -> Option<Instant> {
        self.not_before.filter(|&time| time > Instant::now())
    }

    /// Whether commands are to wait until the pause is over.
    fn is_patient(&self, patience: Duration) -> bool {
        let pause = self
            .not_before
            .map(|time| time.saturating_duration_since(Instant::now()));
        self.patience_left(patience) > pause.unwrap_or_default()
    }

    /// How long commands wait yet: the loss is recent, and the last failure may pass.
    fn patience_left(&self, patience: Duration) -> Duration {
        let may_pass = |error: &Error| error.kind() == ErrorKind::Unavailable;
        let lost_at = self
            .lost_at
            .filter(|_| self.last_error.as_ref().is_none_or(may_pass));
        lost_at.map_or(Duration::ZERO, |lost| patience.saturating_sub(lost.elapsed()))
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
mod tests;
