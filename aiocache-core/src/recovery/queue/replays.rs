//! Replays: who may run one, and what comes of it.

use std::sync::Arc;

use super::{Claimed, Look, Queue, Replayed, Tried, Wanted};
use crate::backend::Raw;
use crate::error::{Error, ErrorKind};

/// After so many tries that took too long, a value is taken for one that the store cannot take in time.
const TIMEOUTS: u32 = 3;

impl<R: Raw> Queue<R> {
    /// Whether a replay of this key is on its way.
    pub(in crate::recovery) fn is_replaying(&self, key: &str) -> bool {
        self.slots.get(key).is_some_and(|slot| slot.replaying)
    }

    /// Notes that a command does not wait any more for the replay of this key.
    pub(in crate::recovery) fn overtake(&mut self, key: &str) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.overtaken |= slot.replaying;
        }
    }

    /// What there is to do before a key is read.
    pub(in crate::recovery) fn look(&mut self, key: &str) -> Look<R> {
        let Some((held, slot)) = self.slots.get_key_value(key) else {
            return Look::Nothing;
        };
        let Some(queued) = &slot.queued else {
            return Look::Nothing;
        };
        let cleared = self.clears.iter().any(|(_, prefix)| key.starts_with(&**prefix));
        if slot.commands > 0 || slot.replaying || cleared {
            return Look::Busy(Tried {
                times: slot.tries,
                error: slot.error.clone(),
            });
        }
        let claimed = Claimed {
            key: Arc::clone(held),
            number: queued.number,
            wanted: queued.wanted.share(),
        };
        if let Some(slot) = self.slots.get_mut(key) {
            slot.replaying = true;
        }
        Look::Claimed(claimed)
    }

    /// Ends a replay of what had this number.
    pub(in crate::recovery) fn replayed(
        &mut self,
        key: &str,
        number: u64,
        wrote: bool,
        done: Result<(), Error>,
    ) -> Replayed {
        let Some(slot) = self.slots.get_mut(key) else {
            return Replayed::Done;
        };
        slot.replaying = false;
        if std::mem::take(&mut slot.overtaken) && wrote {
            // The replay may stand over a newer value, or may still come to. Nobody knows which, and a miss is right.
            self.last += 1;
            self.queue(key, self.last, Wanted::Nothing);
            return Replayed::Changed;
        }
        let queued = slot.queued.as_mut().filter(|queued| queued.number == number);
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
                let spent = queued.is_some_and(|queued| {
                    queued.timeouts += u32::from(late);
                    queued.timeouts >= TIMEOUTS
                });
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
    pub(in crate::recovery) fn replay_dropped(&mut self, key: &str) {
        if let Some(slot) = self.slots.get_mut(key) {
            slot.replaying = false;
            slot.overtaken = false;
        }
        self.tidy(key);
    }

    /// Notes that a task begins to try in the background; false if one does already.
    pub(in crate::recovery) fn begin_to_drive(&mut self) -> bool {
        !std::mem::replace(&mut self.driven, true)
    }

    /// Whether that task still has something to do; if not, it has ended.
    pub(in crate::recovery) fn is_still_driven(&mut self) -> bool {
        self.driven = !self.order.is_empty();
        self.driven
    }

    /// Notes that it has ended.
    pub(in crate::recovery) fn stop_to_drive(&mut self) {
        self.driven = false;
    }
}
