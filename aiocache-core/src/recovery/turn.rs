//! A command in its turn among the others of its keys.

use std::sync::Arc;
use std::time::Duration;

use super::queue::{Ended, Queue};
use super::{Change, Effect, Recovery, Wanted};
use crate::backend::{Backend, Raw};
use crate::cache::Core;
use crate::error::{ErrorKind, Result};
use crate::load::Patience;

/// A write or a delete under way, for as long as its keys must not be replayed. Dropped before it has ended, by a timeout
/// or by its caller, it is as unclear as one that failed.
pub(crate) struct Turn<'a, B: Backend> {
    core: &'a Arc<Core<B>>,
    recovery: &'a Recovery<B::Raw>,
    keys: Vec<Arc<str>>,
    /// The number of the command for its first key.
    first: u64,
    /// What it does to each key.
    changes: Vec<Change<B::Raw>>,
    open: bool,
}

/// What is known of a command at its end.
#[derive(Clone, Copy)]
enum Known {
    Done,
    /// It changed nothing.
    Refused,
    /// The store did not answer.
    Unclear,
    /// Of several keys some may have been changed, and nobody says which.
    Partly,
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
        changes: Vec<Change<B::Raw>>,
    ) -> Self {
        let turn = Self::enter(core, recovery, keys, changes);
        recovery.replays_ended(core.most_wait(), &turn.keys).await;
        turn
    }

    /// Begins a command that depends on what is there. `None` if something of the key waits to be repeated, which is to
    /// be done first.
    pub(crate) async fn begin_on_top(
        core: &'a Arc<Core<B>>,
        recovery: &'a Recovery<B::Raw>,
        key: &str,
        effect: Effect,
    ) -> Option<Self> {
        let behind = || !recovery.is_empty() && recovery.lock().has(key);
        let turn = Self::enter(core, recovery, &[key], vec![Change::Once(effect)]);
        if behind() {
            turn.not_asked();
            return None;
        }
        recovery.replays_ended(core.most_wait(), &turn.keys).await;
        // Another command may have failed meanwhile.
        if behind() {
            turn.not_asked();
            return None;
        }
        Some(turn)
    }

    fn enter(
        core: &'a Arc<Core<B>>,
        recovery: &'a Recovery<B::Raw>,
        keys: &[&str],
        changes: Vec<Change<B::Raw>>,
    ) -> Self {
        let (first, keys) = recovery.change(|queue| queue.begin(keys)).came;
        Self {
            core,
            recovery,
            keys,
            first,
            changes,
            open: true,
        }
    }

    /// Says what the store is asked to do to the key in this place, from here on.
    pub(crate) fn asks(&mut self, place: usize, change: Change<B::Raw>) {
        if let Some(unasked) = self.changes.get_mut(place) {
            *unasked = change;
        }
    }

    /// Ends it by what the store said; `applied` tells whether an answer means that it was done.
    pub(crate) fn ended<T>(mut self, done: &Result<T>, applied: impl FnOnce(&T) -> bool) {
        self.end(match done {
            Ok(done) if applied(done) => Known::Done,
            Ok(_) => Known::Refused,
            Err(error) if error.is_transient() => Known::Unclear,
            Err(_) if self.asks_several() => Known::Partly,
            Err(_) => Known::Refused,
        });
    }

    /// Whether the store is asked to change more than one key.
    fn asks_several(&self) -> bool {
        let asked = self
            .changes
            .iter()
            .filter(|change| !matches!(change, Change::Unasked));
        asked.count() > 1
    }

    /// Ends one that was not asked of the store.
    pub(crate) fn not_asked(mut self) {
        self.end(Known::Refused);
    }

    /// Ends it. Once it has ended this does nothing.
    fn end(&mut self, known: Known) {
        if !std::mem::take(&mut self.open) {
            return;
        }
        let changed = self.recovery.change(|queue| {
            let mut queues = false;
            let numbered = self.keys.iter().zip(self.first..);
            for ((key, number), change) in numbered.zip(&mut self.changes) {
                queues |= queue.end(key, number, known.of(change));
            }
            queues
        });
        self.recovery.changed.notify_waiters();
        self.core.note_lost(changed.lost);
        if changed.came {
            self.core.drive();
        }
    }
}

impl Known {
    /// What it means for a key. What is kept of the key is taken where it is to be repeated.
    fn of<R>(self, change: &mut Change<R>) -> Ended<R> {
        match (self, change) {
            (Self::Refused, _) | (_, Change::Unasked) => Ended::Refused,
            (Self::Done, Change::Once(Effect::Adjusts)) => Ended::Adjusted,
            (Self::Done, _) => Ended::Applied,
            (_, Change::Once(_)) => Ended::Refused,
            (Self::Partly, Change::Leaves(_)) => Ended::Unclear(Wanted::Nothing),
            (Self::Unclear, Change::Leaves(wanted)) => {
                Ended::Unclear(std::mem::replace(wanted, Wanted::Nothing))
            }
        }
    }
}

impl<B: Backend> Drop for Turn<'_, B> {
    fn drop(&mut self) {
        self.end(Known::Unclear);
    }
}

impl<'a, B: Backend> Clearing<'a, B> {
    /// Begins to clear what begins with `prefix`, and waits for replays there that are on their way.
    pub(crate) async fn begin(core: &'a Arc<Core<B>>, recovery: &'a Recovery<B::Raw>, prefix: &str) -> Self {
        let begin = |queue: &mut Queue<_>| (queue.begin_clear(prefix), queue.replaying(prefix));
        let (number, replaying) = recovery.change(begin).came;
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
            Err(error) if matches!(error.kind(), ErrorKind::NoNamespace | ErrorKind::Unsupported) => {
                self.end(&Ended::Refused);
            }
            // Some of it may be done. To drop it ends it as unclear.
            Err(_) => {}
        }
    }

    fn end(&mut self, ended: &Ended<B::Raw>) {
        if std::mem::take(&mut self.open) {
            let changed = self.recovery.change(|queue| queue.end_clear(self.number, ended));
            self.recovery.changed.notify_waiters();
            self.core.note_lost(changed.lost);
        }
    }
}

impl<B: Backend> Drop for Clearing<'_, B> {
    fn drop(&mut self) {
        self.end(&Ended::Unclear(Wanted::Nothing));
    }
}

impl<R: Raw> Recovery<R> {
    /// Waits until no replay of these keys is on its way, or none that is in time.
    async fn replays_ended(&self, most: Duration, keys: &[Arc<str>]) {
        let mut patience = None;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // Listens before it looks, so that an end in between is not missed.
            changed.as_mut().enable();
            let Some(left) = self.lock().replays_left(keys, most) else {
                return;
            };
            // No timer is read where there is nothing to wait for.
            let patience = *patience.get_or_insert_with(|| Patience::new(left));
            if left.is_zero() || patience.wait(changed).await.is_none() {
                self.change(|queue| keys.iter().for_each(|key| queue.let_go(key)));
                return;
            }
        }
    }
}
