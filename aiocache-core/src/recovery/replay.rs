//! Replays: what they ask of the store, and for whom.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Recovery;
use super::queue::{Claimed, Look, Queue, Replayed};
use crate::backend::Backend;
use crate::background::Working;
use crate::cache::Core;
use crate::error::{Error, ErrorKind, Result};
use crate::load::Patience;

/// How many keys are replayed at a time.
const AT_ONCE: usize = 16;

/// How much longer than a replay may take it is waited for.
const MARGIN: Duration = Duration::from_millis(500);

/// What came of a round of replays.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Whether anything was done.
    pub(super) any: bool,
    /// The number of the command that the next round begins with.
    pub(super) next: u64,
}

/// A replay that is due. Dropped before its end, as by a runtime that shuts down, it leaves the key queued.
struct Replay<B: Backend> {
    core: Arc<Core<B>>,
    claimed: Claimed<B::Raw>,
    /// Whether it has asked for a write.
    wrote: bool,
    open: bool,
    _working: Working,
}

impl<B: Backend> Core<B> {
    /// Brings the store up to what is queued for these keys, before they are read.
    ///
    /// # Errors
    /// Those of a failing store, if it could not be brought up.
    pub(crate) async fn catch_up(self: &Arc<Self>, keys: &[&str]) -> Result<()> {
        let Some(recovery) = &self.recovery else {
            return Ok(());
        };
        let keys = recovery.lock().waiting(keys);
        if keys.is_empty() {
            return Ok(());
        }
        for some in keys.chunks(AT_ONCE) {
            let (_, failure) = self.replay_these(recovery, some).await;
            failure.map_or(Ok(()), Err)?;
        }
        let patience = Patience::new(self.most_wait());
        for key in keys {
            self.catch_up_one(recovery, key, patience).await?;
        }
        Ok(())
    }

    async fn catch_up_one(
        self: &Arc<Self>,
        recovery: &Recovery<B::Raw>,
        key: &str,
        patience: Patience,
    ) -> Result<()> {
        let (mut tries, mut waits) = (None, true);
        loop {
            let changed = recovery.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that an end in between is not missed.
            changed.as_mut().enable();
            let look = recovery.change(|queue| queue.look(key, self.most_wait())).came;
            match look {
                Look::Nothing => return Ok(()),
                Look::Claimed(claimed) => {
                    if let Replayed::Failed(error) = self.start(claimed).await {
                        return Err(error);
                    }
                }
                Look::Busy(tried) => {
                    // Another caller's try says as much as one's own.
                    if tries.is_some_and(|before| tried.times > before)
                        && let Some(error) = tried.error
                    {
                        return Err(error);
                    }
                    tries.get_or_insert(tried.times);
                    if waits {
                        // A last look at the end of the wait: the replay may be overdue by then.
                        waits = patience.wait(changed).await.is_some();
                    } else {
                        return Err(Error::new(
                            ErrorKind::Unavailable,
                            "a write of this key is still to be repeated",
                        ));
                    }
                }
            }
        }
    }

    /// Replays those of these keys that are free, at the same time. Gives how many were done, and a failure if there was
    /// any.
    async fn replay_these(
        self: &Arc<Self>,
        recovery: &Recovery<B::Raw>,
        keys: &[&str],
    ) -> (usize, Option<Error>) {
        let most = self.most_wait();
        let looks = recovery.change(|queue| {
            let looks = keys.iter().map(|key| queue.look(key, most));
            looks.collect::<Vec<_>>()
        });
        let claimed = looks.came.into_iter().filter_map(|look| match look {
            Look::Claimed(claimed) => Some(claimed),
            Look::Nothing | Look::Busy(_) => None,
        });
        let started: Vec<_> = claimed.map(|claimed| self.start(claimed)).collect();
        let (mut done, mut failure) = (0, None);
        for replay in started {
            match replay.await {
                Replayed::Done => done += 1,
                Replayed::Changed => {}
                Replayed::Failed(error) => failure = Some(error),
            }
        }
        (done, failure)
    }

    /// Replays what is queued, oldest first, until nothing of it is done any more. A task in the background says which
    /// one it is, and ends before its time if it was replaced.
    pub(crate) async fn replay_all(self: &Arc<Self>, from: u64, driver: Option<u64>) -> Round {
        let Some(recovery) = &self.recovery else {
            return Round::default();
        };
        let keys = recovery.lock().keys_from(from);
        let mut round = Round::default();
        for some in keys.chunks(AT_ONCE) {
            let most = self.most_wait();
            let goes_on = |driver| recovery.change(|queue| queue.drives_on(driver, most)).came;
            if !driver.is_none_or(goes_on) {
                break;
            }
            let some_keys: Vec<&str> = some.iter().map(|(_, key)| &**key).collect();
            let (done, failure) = self.replay_these(recovery, &some_keys).await;
            round.any |= done > 0;
            if done == 0 && failure.is_some() {
                // The next round begins behind these: other keys may be of a node that answers.
                round.next = some.last().map_or(0, |(number, _)| number + 1);
                break;
            }
        }
        round
    }

    /// Starts a replay in a task of its own, so that a caller who goes away does not cut it in half; outside a runtime it
    /// runs where it is awaited.
    fn start(self: &Arc<Self>, claimed: Claimed<B::Raw>) -> impl Future<Output = Replayed> + use<B> {
        let replay = Replay {
            core: Arc::clone(self),
            claimed,
            wrote: false,
            open: true,
            _working: self.background.begin(),
        };
        let started = match Handle::try_current() {
            Ok(runtime) => Ok(runtime.spawn(replay.run())),
            Err(_) => Err(replay),
        };
        async move {
            match started {
                Ok(task) => task.await.unwrap_or_else(|_| {
                    let error = Error::new(ErrorKind::Unavailable, "the runtime of a replay shut down");
                    Replayed::Failed(error)
                }),
                Err(replay) => replay.run().await,
            }
        }
    }

    /// How long a command waits for a replay.
    pub(crate) fn most_wait(&self) -> Duration {
        let store_wait = self.flights.store_wait().unwrap_or_default();
        store_wait.max(self.longest_try().saturating_add(MARGIN))
    }

    pub(super) fn note_lost(&self, lost: u64) {
        for _ in 0..lost {
            self.trouble.write_lost(&self.name);
        }
    }
}

impl<B: Backend> Replay<B> {
    async fn run(mut self) -> Replayed {
        let core = Arc::clone(&self.core);
        let left = self.claimed.wanted.left();
        self.wrote = left.is_some();
        let key = &*self.claimed.key;
        let work = || async {
            match left {
                Some((raw, ttl)) => core.backend.write(key, raw, ttl).await,
                None => core.backend.delete(key).await.map(drop),
            }
        };
        let done = core.ask_unbidden(work).await;
        let wrote = self.wrote;
        let ended = self.end(|queue, claimed, answers| queue.replayed(claimed, wrote, done, answers));
        ended.unwrap_or(Replayed::Done)
    }

    fn end<T>(&mut self, end: impl FnOnce(&mut Queue<B::Raw>, &Claimed<B::Raw>, u64) -> T) -> Option<T> {
        let recovery = self.core.recovery.as_ref().filter(|_| self.open)?;
        self.open = false;
        let answers = recovery.answers.load(Ordering::Relaxed);
        let changed = recovery.change(|queue| end(queue, &self.claimed, answers));
        recovery.changed.notify_waiters();
        self.core.note_lost(changed.lost);
        // It may be the last one of a task that was replaced, and have queued something.
        self.core.drive_if_left_alone();
        Some(changed.came)
    }
}

impl<B: Backend> Drop for Replay<B> {
    fn drop(&mut self) {
        let wrote = self.wrote;
        self.end(|queue, claimed, _| queue.replay_dropped(claimed, wrote));
    }
}
