//! What is queued, and which commands of its keys are under way. Nothing here waits.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{RecoverySettings, Wanted};
use crate::backend::Raw;
use crate::error::Error;

mod clear;
mod drivers;
mod replays;
mod said;

use self::drivers::Drivers;
use self::replays::Replaying;
pub(super) use said::{Claimed, Ended, Look, Replayed, Tried};

struct Queued<R> {
    wanted: Wanted<R>,
    number: u64,
    timeouts: u32,
    /// How often the store had answered at the last try.
    answers: Option<u64>,
    /// The first try that failed although the store answers other commands.
    broken_since: Option<u64>,
}

struct Slot<R> {
    queued: Option<Queued<R>>,
    /// The number of the newest command that the store is known to have done.
    applied: u64,
    /// The number of the newest one that it is known to have done to a part of what was there.
    adjusted: u64,
    /// Commands under way.
    commands: usize,
    /// The replay that nothing else is to run beside.
    replaying: Option<Replaying>,
    tries: u64,
    error: Option<Error>,
}

/// The slots of all keys that have something queued or a command under way.
pub(in crate::recovery) struct Queue<R> {
    settings: RecoverySettings,
    slots: HashMap<Arc<str>, Slot<R>>,
    /// The queued keys, oldest command first.
    order: BTreeMap<u64, Arc<str>>,
    /// Of all queued values.
    bytes: usize,
    /// The number of the last command.
    last: u64,
    /// Prefixes that are being cleared, by the number of the clear.
    clears: Vec<(u64, Box<str>)>,
    /// What is not needed any more.
    spent: Vec<Wanted<R>>,
    pub(in crate::recovery) replayed: u64,
    pub(in crate::recovery) lost: u64,
    /// The number of the last replay.
    last_replay: u64,
    drivers: Drivers,
}

impl<R: Raw> Queue<R> {
    pub(in crate::recovery) fn new(settings: RecoverySettings) -> Self {
        Self {
            settings,
            slots: HashMap::new(),
            order: BTreeMap::new(),
            bytes: 0,
            last: 0,
            clears: Vec::new(),
            spent: Vec::new(),
            replayed: 0,
            lost: 0,
            last_replay: 0,
            drivers: Drivers::default(),
        }
    }

    /// How many keys have something queued.
    pub(in crate::recovery) fn len(&self) -> usize {
        self.order.len()
    }

    /// Those keys with the numbers of their commands, from this number on and then the ones before, oldest first.
    pub(in crate::recovery) fn keys_from(&self, number: u64) -> Vec<(u64, Arc<str>)> {
        let (later, earlier) = (self.order.range(number..), self.order.range(..number));
        let keys = later.chain(earlier);
        keys.map(|(&number, key)| (number, Arc::clone(key))).collect()
    }

    /// Those of these keys that have something queued.
    pub(in crate::recovery) fn waiting<'k>(&self, keys: &[&'k str]) -> Vec<&'k str> {
        keys.iter().copied().filter(|key| self.has(key)).collect()
    }

    /// Whether this key has something queued.
    pub(in crate::recovery) fn has(&self, key: &str) -> bool {
        self.slots.get(key).is_some_and(|slot| slot.queued.is_some())
    }

    /// What is not needed any more, to be dropped where no lock is held.
    pub(in crate::recovery) fn take_spent(&mut self) -> Vec<Wanted<R>> {
        std::mem::take(&mut self.spent)
    }

    /// Begins a command of these keys and gives its number for the first one; the next ones follow. From here on none of
    /// them is replayed before the command has ended.
    pub(in crate::recovery) fn begin(&mut self, keys: &[&str]) -> (u64, Vec<Arc<str>>) {
        let first = self.last + 1;
        self.last += keys.len() as u64;
        let begun = keys.iter().map(|&key| {
            if let Some((held, _)) = self.slots.get_key_value(key) {
                let held = Arc::clone(held);
                if let Some(slot) = self.slots.get_mut(key) {
                    slot.commands += 1;
                }
                return held;
            }
            let held: Arc<str> = key.into();
            let slot = Slot {
                commands: 1,
                ..Slot::new()
            };
            self.slots.insert(Arc::clone(&held), slot);
            held
        });
        (first, begun.collect())
    }

    /// Ends the command of this number. Gives true if that queued something.
    pub(in crate::recovery) fn end(&mut self, key: &str, number: u64, ended: Ended<R>) -> bool {
        let Some(slot) = self.slots.get_mut(key) else {
            return false;
        };
        slot.commands -= 1;
        let older = slot.queued.as_ref().is_none_or(|queued| queued.number < number);
        let queues = match ended {
            Ended::Applied => {
                slot.applied = slot.applied.max(number);
                if older {
                    self.forget(key);
                }
                false
            }
            Ended::Adjusted => {
                slot.adjusted = slot.adjusted.max(number);
                // What waits belongs before it, and is not what was adjusted.
                let behind = older && slot.queued.is_some();
                if behind {
                    self.queue(key, number, Wanted::Nothing);
                }
                behind
            }
            Ended::Unclear(wanted) if older && slot.applied < number => {
                if slot.adjusted > number {
                    let adjusted = slot.adjusted;
                    self.spent.push(wanted);
                    self.queue(key, adjusted, Wanted::Nothing);
                } else {
                    self.queue(key, number, wanted);
                }
                true
            }
            Ended::Unclear(wanted) => {
                self.spent.push(wanted);
                false
            }
            Ended::Refused => false,
        };
        self.tidy(key);
        queues
    }

    fn queue(&mut self, key: &str, number: u64, wanted: Wanted<R>) {
        self.forget(key);
        let bytes = wanted.bytes();
        let fits = self.bytes.saturating_add(bytes) <= self.settings.max_bytes;
        let (wanted, bytes) = if fits {
            (wanted, bytes)
        } else {
            self.spent.push(wanted);
            (Wanted::Nothing, 0)
        };
        let Some((held, _)) = self.slots.get_key_value(key) else {
            return;
        };
        self.order.insert(number, Arc::clone(held));
        self.bytes += bytes;
        if let Some(slot) = self.slots.get_mut(key) {
            slot.queued = Some(Queued {
                wanted,
                number,
                timeouts: 0,
                answers: None,
                broken_since: None,
            });
        }
        while self.order.len() > self.settings.capacity {
            let Some((_, oldest)) = self.order.first_key_value() else {
                return;
            };
            let oldest = Arc::clone(oldest);
            self.forget(&oldest);
            self.tidy(&oldest);
            self.lost += 1;
        }
    }

    /// Takes out what is queued for a key.
    fn forget(&mut self, key: &str) {
        if let Some(slot) = self.slots.get_mut(key)
            && let Some(queued) = slot.queued.take()
        {
            self.order.remove(&queued.number);
            self.bytes -= queued.wanted.bytes();
            self.spent.push(queued.wanted);
            slot.error = None;
        }
    }

    /// Queues a delete in place of a value.
    fn give_value_up(&mut self, key: &str) {
        if let Some(queued) = self.slots.get_mut(key).and_then(|slot| slot.queued.as_mut()) {
            self.bytes -= queued.wanted.bytes();
            let value = std::mem::replace(&mut queued.wanted, Wanted::Nothing);
            self.spent.push(value);
        }
    }

    /// Lets go of a slot that holds nothing.
    fn tidy(&mut self, key: &str) {
        let idle = self
            .slots
            .get(key)
            .is_some_and(|slot| slot.queued.is_none() && slot.commands == 0 && slot.replaying.is_none());
        if idle {
            self.slots.remove(key);
        }
    }
}

impl<R> Slot<R> {
    const fn new() -> Self {
        Self {
            queued: None,
            applied: 0,
            adjusted: 0,
            commands: 0,
            replaying: None,
            tries: 0,
            error: None,
        }
    }
}
