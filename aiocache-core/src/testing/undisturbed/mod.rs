//! Tests by the clock of the wall, on machines that stand still at times.

use std::fmt;
use std::thread;
use std::time::Duration;

use self::watch::{Stalls, Watch};

mod watch;

/// How often a scenario runs before its machine is given up.
const MOST_RUNS: u32 = 3;
/// The part of a bound that the machine has to take for itself, to be what the bound was missed by.
const SHARE: u32 = 4;
/// What a machine is given to come round, before a scenario runs again.
const PAUSE: Duration = Duration::from_millis(500);

/// What a scenario found amiss that a machine which stands still can be the cause of.
///
/// Made by [`in_time`], [`in_time_beyond`] and [`while_awake`]. What no stall explains is an ordinary panic.
#[derive(Debug, Clone)]
pub struct Missed {
    told: String,
    cause: Cause,
}

#[derive(Debug, Clone, Copy)]
enum Cause {
    /// Stalls of so much in all, in a stretch of this length.
    InAll { least: Duration, stretch: Duration },
    /// One stall of so much.
    AtOnce(Duration),
}

/// Checks that something took no longer than its bound, for [`undisturbed`].
///
/// # Errors
/// [`Missed`], if it took longer. It is repeated if within some stretch as long as it took, threads that only sleep were
/// woken late by a quarter of the bound in all, and by no less than what the bound was missed by.
pub fn in_time(what: &str, took: Duration, bound: Duration) -> Result<(), Missed> {
    missed(what, took, bound, bound / SHARE)
}

/// [`in_time`] for what has to wait for `waits` on any machine, a deadline say, so that a stall of all that is left until
/// the bound makes it miss that.
///
/// # Errors
/// As [`in_time`], but stalls that come to what is between `waits` and the bound are enough, if that is less than a quarter
/// of the bound.
pub fn in_time_beyond(what: &str, took: Duration, waits: Duration, bound: Duration) -> Result<(), Missed> {
    missed(
        what,
        took,
        bound,
        (bound / SHARE).min(bound.saturating_sub(waits)),
    )
}

/// Stalls of `least`, and of what the bound was missed by, explain it.
fn missed(what: &str, took: Duration, bound: Duration, least: Duration) -> Result<(), Missed> {
    if took <= bound {
        return Ok(());
    }
    Err(Missed {
        told: format!("{what} took {took:?}, more than {bound:?}"),
        cause: Cause::InAll {
            least: least.max(took - bound),
            stretch: took,
        },
    })
}

/// Checks what holds as long as no thread is kept waiting for `longest`, for [`undisturbed`]: that a lock which is renewed
/// is still had, say, or that an entry is there in the middle of its ttl.
///
/// # Errors
/// [`Missed`], if it does not hold. It is repeated if a thread that only sleeps was woken late by at least `longest` at
/// once.
pub fn while_awake(what: &str, holds: bool, longest: Duration) -> Result<(), Missed> {
    if holds {
        return Ok(());
    }
    Err(Missed {
        told: format!("{what}, which holds while no thread waits for {longest:?}"),
        cause: Cause::AtOnce(longest),
    })
}

/// Runs a scenario that is measured by the clock of the wall, against servers say. If it misses a bound while the machine is
/// measured to stand still, it runs again, three times at most.
///
/// Threads that only sleep measure the machine, one for each processor. What a scenario's own tasks wait for each other is
/// not looked at, so code that blocks its runtime finds no excuse here.
///
/// # Panics
/// If a bound was missed and no stall explains it, or one does in each of three runs; and if the scenario does.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// use aiocache_core::SimpleMemoryCache;
/// use aiocache_core::testing::{in_time, undisturbed};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// undisturbed(async || {
///     let cache = SimpleMemoryCache::new();
///     let start = Instant::now();
///     cache.set("city", "Wien").await.expect("memory takes it");
///     in_time("a set", start.elapsed(), Duration::from_millis(20))
/// })
/// .await;
/// # }
/// ```
pub async fn undisturbed(mut scenario: impl AsyncFnMut() -> Result<(), Missed>) {
    for run in 1..=MOST_RUNS {
        let watch = Watch::begin();
        let found = scenario().await;
        if is_over(run, found, &watch.end()) {
            return;
        }
    }
}

/// [`undisturbed`] for scenarios that make runtimes of their own.
///
/// # Panics
/// As [`undisturbed`] does.
pub fn undisturbed_blocking(mut scenario: impl FnMut() -> Result<(), Missed>) {
    for run in 1..=MOST_RUNS {
        let watch = Watch::begin();
        let found = scenario();
        if is_over(run, found, &watch.end()) {
            return;
        }
    }
}

/// Whether what a run found is the last word.
fn is_over(run: u32, found: Result<(), Missed>, stalls: &Stalls) -> bool {
    let Err(missed) = found else { return true };
    let longest = stalls.longest();
    assert!(
        missed.is_explained_by(stalls),
        "{missed}; the machine did not stand still for long enough to explain it, {longest:?} at once at most"
    );
    assert!(
        run < MOST_RUNS,
        "{missed}; the machine stood still in each of {MOST_RUNS} runs, {longest:?} at once in the last one, so they say \
         nothing of the code: try a machine with less to do"
    );
    println!("run {run}: {missed}; the machine stood still, {longest:?} at once, so this is done again");
    thread::sleep(PAUSE);
    false
}

impl Missed {
    fn is_explained_by(&self, stalls: &Stalls) -> bool {
        match self.cause {
            Cause::InAll { least, stretch } => stalls.most_in(stretch) >= least,
            Cause::AtOnce(least) => stalls.longest() >= least,
        }
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told)
    }
}

impl std::error::Error for Missed {}
