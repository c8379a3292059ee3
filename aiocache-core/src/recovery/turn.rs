//! A command in its turn among the others of its keys.

use std::sync::Arc;
use std::time::Duration;

use super::queue::Ended;
use super::{Recovery, Wanted};
use crate::backend::{Backend, Raw};
use crate::cache::Core;
use crate::error::Result;
use crate::load::Patience;

/// A write or a delete under way, for as long as its keys must not be replayed. Dropped before it has ended, by a timeout
/// or by its caller, it is as unclear as one that failed.
pub(crate) struct Turn<'a, B: Backend> {
    core: &'a Arc<Core<B>>,
    recovery: &'a Recovery<B::Raw>,
    keys: Vec<Arc<str>>,
    /// The number of the command for its first key.
    first: u64,
    /// What each key is to hold; none for a command that must not be repeated.
    wanted: Option<Vec<Wanted<B::Raw>>>,
    open: bool,
}

/// A clear under way.
pub(crate) struct Clearing<'a, B: Backend> {
    core: &'a Arc<Core<B>>,
    recovery: &'a Recovery<B::Raw>,
    number: u64,
    open: bool,
}

impl<'a, B: Backend> Turn<'a, B> {
    /// Begins a command of these keys, and waits for replays of them that are on their way.
    pub(crate) async fn begin(
        core: &'a Arc<Core<B>>,
        recovery: &'a Recovery<B::Raw>,
        keys: &[&str],
        wanted: Option<Vec<Wanted<B::Raw>>>,
    ) -> Self {
        let ((first, keys), _) = recovery.change(|queue| queue.begin(keys));
        let turn = Self {
            core,
            recovery,
            keys,
            first,
            wanted,
            open: true,
        };
        recovery.replays_ended(core.most_wait(), &turn.keys).await;
        turn
    }

    /// Ends it by what the store said; `applied` tells whether an answer means that it was done.
    pub(crate) fn ended<T>(mut self, done: &Result<T>, applied: impl FnOnce(&T) -> bool) {
        match done {
            Ok(done) => self.end(Some(applied(done))),
            Err(error) if error.is_transient() => self.end(None),
            Err(_) => self.end(Some(false)),
        }
    }

    /// Ends one that was not asked of the store.
    pub(crate) fn not_asked(mut self) {
        self.end(Some(false));
    }

    /// Ends it as done or not, or as unclear. Once it has ended this does nothing.
    fn end(&mut self, applied: Option<bool>) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let mut wanted = self.wanted.take().into_iter().flatten();
        let (queues, lost) = self.recovery.change(|queue| {
            let mut queues = false;
            for (key, number) in self.keys.iter().zip(self.first..) {
                let ended = match applied {
                    Some(true) => Ended::Applied,
                    Some(false) => Ended::Refused,
                    None => wanted.next().map_or(Ended::Refused, Ended::Unclear),
                };
                queues |= queue.end(key, number, ended);
            }
            queues
        });
        self.recovery.changed.notify_waiters();
        self.core.note_lost(lost);
        if queues {
            self.core.drive();
        }
    }
}

impl<B: Backend> Drop for Turn<'_, B> {
    fn drop(&mut self) {
        self.end(None);
    }
}

impl<'a, B: Backend> Clearing<'a, B> {
    /// Begins to clear what begins with `prefix`, and waits for replays there that are on their way.
    pub(crate) async fn begin(core: &'a Arc<Core<B>>, recovery: &'a Recovery<B::Raw>, prefix: &str) -> Self {
        let ((number, replaying), _) =
            recovery.change(|queue| (queue.begin_clear(prefix), queue.replaying(prefix)));
        let clearing = Self {
            core,
            recovery,
            number,
            open: true,
        };
        recovery.replays_ended(core.most_wait(), &replaying).await;
        clearing
    }

    /// Ends it by what the store said. One that may not be done turns what is queued into deletes.
    pub(crate) fn ended(mut self, done: &Result<()>) {
        match done {
            Ok(()) => self.end(&Ended::Applied),
            Err(error) if error.is_transient() => {}
            Err(_) => self.end(&Ended::Refused),
        }
    }

    fn end(&mut self, ended: &Ended<B::Raw>) {
        if std::mem::take(&mut self.open) {
            let ((), lost) = self.recovery.change(|queue| queue.end_clear(self.number, ended));
            self.recovery.changed.notify_waiters();
            self.core.note_lost(lost);
        }
    }
}

impl<B: Backend> Drop for Clearing<'_, B> {
    fn drop(&mut self) {
        self.end(&Ended::Unclear(Wanted::Nothing));
    }
}

impl<R: Raw> Recovery<R> {
    fn is_replaying(&self, keys: &[Arc<str>]) -> bool {
        let queue = self.lock();
        keys.iter().any(|key| queue.is_replaying(key))
    }

    /// Waits until no replay of these keys is on its way. One that takes too long is overtaken.
    async fn replays_ended(&self, most: Duration, keys: &[Arc<str>]) {
        let mut patience = None;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that an end in between is not missed.
            changed.as_mut().enable();
            if !self.is_replaying(keys) {
                return;
            }
            // No timer is read where there is nothing to wait for.
            let patience = *patience.get_or_insert_with(|| Patience::new(most));
            if patience.wait(changed).await.is_none() {
                self.change(|queue| keys.iter().for_each(|key| queue.overtake(key)));
                return;
            }
        }
    }
}
