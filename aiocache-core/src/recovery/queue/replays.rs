//! Replays: who may run one, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use super::{Claimed, Look, Queue, Queued, Replayed, Slot, Tried, Wanted};
use crate::backend::Raw;
use crate::clock;
use crate::error::{Error, ErrorKind};

/// After so many tries that took too long, a value is taken for one that the store cannot take in time.
const TIMEOUTS: u32 = 3;

/// After so long without an answer, while the store answers other commands, a value is taken for one that breaks its
/// connection.
const BROKEN: Duration = Duration::from_secs(60);

impl<R: Raw> Queue<R> {
    /// How long commands of these keys are to wait for replays of them; `None` if there are none.
    pub(in crate::recovery) fn replays_left(&self, keys: &[Arc<str>], most: Duration) -> Option<Duration> {
        let slots = keys.iter().filter_map(|key| self.slots.get(key));
        let replaying = slots.filter_map(|slot| slot.replaying.as_ref());
        replaying.map(|replaying| replaying.left(most)).max()
    }

    /// Takes the claim of a replay away, so that nobody waits for it any more.
    pub(in crate::recovery) fn let_go(&mut self, key: &str) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.replaying = None;
        }
        self.tidy(key);
    }

    /// What there is to do before a key is read. A replay that takes longer than `most` is none any more.
    pub(in crate::recovery) fn look(&mut self, key: &str, most: Duration) -> Look<R> {
        let Some((held, slot)) = self.slots.get_key_value(key) else {
            return Look::Nothing;
        };
        let Some(queued) = &slot.queued else {
            return Look::Nothing;
        };
        let cleared = self.clears.iter().any(|(_, prefix)| key.starts_with(&**prefix));
        let replaying = slot.replaying.as_ref();
        let replays = replaying.is_some_and(|replaying| !replaying.left(most).is_zero());
        if slot.commands > 0 || replays || cleared {
            return Look::Busy(Tried {
                times: slot.tries,
                error: slot.error.clone(),
            });
        }
        let claimed = Claimed {
            key: Arc::clone(held),
            replay: self.last_replay + 1,
            number: queued.number,
            wanted: queued.wanted.share(),
        };
        self.last_replay += 1;
        if let Some(slot) = self.slots.get_mut(key) {
            slot.replaying = Some(Replaying {
                replay: self.last_replay,
                since: clock::now(),
            });
        }
        Look::Claimed(claimed)
    }

    /// Ends a replay. `wrote` tells whether it asked for a write, and `answers` how often the store has answered.
    pub(in crate::recovery) fn replayed(
        &mut self,
        claimed: &Claimed<R>,
        wrote: bool,
        done: Result<(), Error>,
        answers: u64,
    ) -> Replayed {
        let key = &*claimed.key;
        let Some(slot) = self.claimed(claimed) else {
            return self.overtaken(claimed, wrote);
        };
        slot.replaying = None;
        let queued = slot.queued.as_mut();
        let queued = queued.filter(|queued| queued.number == claimed.number);
        let ended = match (done, queued) {
            (Ok(()), Some(_)) => {
                self.replayed += 1;
                self.forget(key);
                Replayed::Done
            }
            (Ok(()), None) => Replayed::Done,
            (Err(error), queued) if error.is_transient() => {
                slot.tries += 1;
                slot.error = Some(error.clone());
                let late = error.kind() == ErrorKind::Timeout;
                let spent = queued.is_some_and(|queued| queued.is_spent(late, answers));
                if spent {
                    self.give_value_up(key);
                }
                Replayed::Failed(error)
            }
            (Err(_), Some(queued)) => {
                // The store is there and does not take it.
                if matches!(queued.wanted, Wanted::Nothing) {
                    self.lost += 1;
                    self.forget(key);
                } else {
                    self.give_value_up(key);
                }
                Replayed::Changed
            }
            (Err(_), None) => Replayed::Changed,
        };
        self.tidy(key);
        ended
    }

    /// Ends a replay that did not come to an end.
    pub(in crate::recovery) fn replay_dropped(&mut self, claimed: &Claimed<R>, wrote: bool) {
        match self.claimed(claimed) {
            Some(slot) => {
                slot.replaying = None;
                self.tidy(&claimed.key);
            }
            None => drop(self.overtaken(claimed, wrote)),
        }
    }

    /// The slot of a replay that still has its claim.
    fn claimed(&mut self, claimed: &Claimed<R>) -> Option<&mut Slot<R>> {
        let slot = self.slots.get_mut(&claimed.key);
        slot.filter(|slot| {
            slot.replaying
                .as_ref()
                .is_some_and(|one| one.replay == claimed.replay)
        })
    }

    /// Ends a replay without its claim.
    fn overtaken(&mut self, claimed: &Claimed<R>, wrote: bool) -> Replayed {
        if !wrote {
            return Replayed::Changed;
        }
        // It may stand over a newer value, or may still come to. Nobody knows which, and a miss is right.
        self.slots
            .entry(Arc::clone(&claimed.key))
            .or_insert_with(Slot::new);
        self.last += 1;
        self.queue(&claimed.key, self.last, Wanted::Nothing);
        Replayed::Changed
    }
}

/// The claim of a replay.
pub(super) struct Replaying {
    /// Its number among all.
    replay: u64,
    since: u64,
}

impl Replaying {
    /// How long it is to be waited for.
    fn left(&self, most: Duration) -> Duration {
        let passed = clock::now().saturating_sub(self.since);
        most.saturating_sub(Duration::from_nanos(passed))
    }
}

impl<R> Queued<R> {
    /// Notes a try without an answer, and says whether there were enough of them.
    fn is_spent(&mut self, late: bool, answers: u64) -> bool {
        self.timeouts += u32::from(late);
        let before = self.answers.replace(answers);
        if before.is_some_and(|before| answers > before) {
            // Others are answered: it may be this one that breaks its connection.
            self.broken_since.get_or_insert_with(clock::now);
        }
        let broken = self.broken_since.map(|since| clock::now().saturating_sub(since));
        self.timeouts >= TIMEOUTS || broken.is_some_and(|broken| Duration::from_nanos(broken) >= BROKEN)
    }
}
