//! Replays: what they ask of the store, and for whom.

use std::future::Future;
use std::sync::Arc;
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

/// A replay that is due. Dropped before its end, as by a runtime that shuts down, it leaves the key queued.
struct Replay<B: Backend> {
    core: Arc<Core<B>>,
    claimed: Claimed<B::Raw>,
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
        let mut tries = None;
        loop {
            let changed = recovery.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that an end in between is not missed.
            changed.as_mut().enable();
            let look = recovery.change(|queue| queue.look(key)).came;
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
                    if patience.wait(changed).await.is_none() {
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
    async fn replay_these<K: AsRef<str>>(
        self: &Arc<Self>,
        recovery: &Recovery<B::Raw>,
        keys: &[K],
    ) -> (usize, Option<Error>) {
        let mut started = Vec::new();
        for key in keys {
            let look = recovery.change(|queue| queue.look(key.as_ref())).came;
            if let Look::Claimed(claimed) = look {
                started.push(self.start(claimed));
            }
        }
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

    /// Replays what is queued, oldest first, until nothing of it is done any more. Gives true if anything was done.
    pub(crate) async fn replay_all(self: &Arc<Self>) -> bool {
        let Some(recovery) = &self.recovery else {
            return false;
        };
        let keys = recovery.lock().keys();
        let mut any = false;
        for some in keys.chunks(AT_ONCE) {
            let (done, failure) = self.replay_these(recovery, some).await;
            any |= done > 0;
            if done == 0 && failure.is_some() {
                break;
            }
        }
        any
    }

    /// Starts a replay in a task of its own, so that a caller who goes away does not cut it in half; outside a runtime it
    /// runs where it is awaited.
    fn start(self: &Arc<Self>, claimed: Claimed<B::Raw>) -> impl Future<Output = Replayed> + use<B> {
        let replay = Replay {
            core: Arc::clone(self),
            claimed,
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
        self.flights.store_wait().unwrap_or_default()
    }

    pub(super) fn note_lost(&self, lost: u64) {
        for _ in 0..lost {
            self.trouble.write_lost(&self.name);
        }
    }
}

impl<B: Backend> Replay<B> {
    async fn run(mut self) -> Replayed {
        let (core, key) = (&self.core, &*self.claimed.key);
        let left = self.claimed.wanted.left();
        let wrote = left.is_some();
        let work = || async {
            match left {
                Some((raw, ttl)) => core.backend.write(key, raw, ttl).await,
                None => core.backend.delete(key).await.map(drop),
            }
        };
        let done = core.ask_unbidden(work).await;
        self.end(|queue, claimed| queue.replayed(&claimed.key, claimed.number, wrote, done))
            .unwrap_or(Replayed::Done)
    }

    fn end<T>(&mut self, end: impl FnOnce(&mut Queue<B::Raw>, &Claimed<B::Raw>) -> T) -> Option<T> {
        let recovery = self.core.recovery.as_ref().filter(|_| self.open)?;
        self.open = false;
        let changed = recovery.change(|queue| end(queue, &self.claimed));
        recovery.changed.notify_waiters();
        self.core.note_lost(changed.lost);
        Some(changed.came)
    }
}

impl<B: Backend> Drop for Replay<B> {
    fn drop(&mut self) {
        self.end(|queue, claimed| queue.replay_dropped(&claimed.key));
    }
}
