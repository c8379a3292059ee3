//! A part of the store behind one lock: a table of entries, their bounds and their expiry.

use super::queues::{Index, Queue, Queues};
use super::slot::{Slot, Write};
use super::table::{NONE, Table};
use crate::events::EvictionReason;

/// How many entries each write looks at for expired ones. Two keep ahead of one write's growth.
const SWEEP: usize = 2;

/// A part of the store.
#[derive(Debug)]
pub(super) struct Shard<R> {
    table: Table,
    /// Without gaps: the last entry takes the place of one that goes.
    slots: Vec<Slot<R>>,
    bound: Option<(u64, Queues)>,
    /// How many entries are expected.
    entries: usize,
    weight: u64,
    stamp: u64,
    sweep: usize,
    pub(super) evicted: u64,
    pub(super) expired: u64,
}

/// What a write took out, to be dropped once the lock is free: a value's `Drop` may use the store.
#[derive(Debug)]
pub(super) struct Removed<R> {
    /// The value under the key that was written, and why it went if not for the new one.
    pub(super) replaced: Option<(R, Option<EvictionReason>)>,
    /// Other entries that had to go, and the new one if there is no room for it at all.
    pub(super) evicted: Vec<(Slot<R>, EvictionReason)>,
    /// The written value is not kept.
    pub(super) refused: bool,
}

impl<R> Removed<R> {
    const fn nothing() -> Self {
        Self {
            replaced: None,
            evicted: Vec::new(),
            refused: false,
        }
    }
}

impl<R> Shard<R> {
    /// A shard that holds at most `capacity` of weight; `entries` is a guess at how many that are.
    pub(super) fn new(capacity: Option<u64>, entries: usize) -> Self {
        Self {
            table: Table::new(),
            slots: Vec::new(),
            bound: capacity.map(|capacity| (capacity, Queues::new(capacity, entries))),
            entries,
            weight: 0,
            stamp: 0,
            sweep: 0,
            evicted: 0,
            expired: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn weight(&self) -> u64 {
        self.weight
    }

    /// The entry of a key, if it has not expired.
    #[inline]
    pub(super) fn get(&self, key: &str, hash: u64, now: u64) -> Option<&Slot<R>> {
        let slot = &self.slots[self.find(key, hash)? as usize];
        slot.is_live(now).then_some(slot)
    }

    /// The same, to be changed in place; its stamp is new, for it is about to be written.
    pub(super) fn get_mut(&mut self, key: &str, hash: u64, now: u64) -> Option<&mut Slot<R>> {
        let index = self.find(key, hash)?;
        let slot = &mut self.slots[index as usize];
        if !slot.is_live(now) {
            return None;
        }
        self.stamp += 1;
        slot.stamp = self.stamp;
        Some(slot)
    }

    #[inline]
    fn find(&self, key: &str, hash: u64) -> Option<Index> {
        self.table
            .find(hash, |index| self.slots[index as usize].key.as_str() == key)
    }

    /// Gives an entry that has not expired a new expiry, and says whether there was one.
    pub(super) fn set_expiry(&mut self, key: &str, hash: u64, now: u64, expires: u64) -> bool {
        let Some(index) = self.find(key, hash) else {
            return false;
        };
        let slot = &mut self.slots[index as usize];
        let live = slot.is_live(now);
        if live {
            slot.expires = expires;
        }
        live
    }

    /// Writes an entry, new or over an old one, and gives what had to go for it.
    pub(super) fn put(&mut self, key: &str, hash: u64, write: Write<R>, now: u64) -> Removed<R> {
        let mut removed = Removed::nothing();
        self.sweep(now, &mut removed.evicted);
        if self
            .bound
            .as_ref()
            .is_some_and(|(capacity, _)| u64::from(write.weight) > *capacity)
        {
            // Too heavy to be kept at all, and what it replaces is old.
            removed.replaced = self.remove(key, hash).map(|slot| (slot.raw, None));
            removed.refused = true;
            self.evicted += 1;
            return removed;
        }
        self.stamp += 1;
        let stamp = self.stamp;
        match self.find(key, hash) {
            Some(index) => {
                let expired = !self.slots[index as usize].is_live(now);
                self.expired += u64::from(expired);
                let before = if self.fits_for(index, write.weight) {
                    self.replace(index, write, stamp)
                } else {
                    self.replace_with_room(index, write, stamp, &mut removed.evicted)
                };
                removed.replaced = Some((before, expired.then_some(EvictionReason::Expired)));
            }
            None => {
                // Before the new entry comes in, so that it cannot be the one to go.
                self.make_room(write.weight, &mut removed.evicted);
                self.insert(Slot::new(key, hash, write, stamp), None);
            }
        }
        removed
    }

    /// Puts an entry in `queue`, or where its past says.
    fn insert(&mut self, slot: Slot<R>, queue: Option<Queue>) {
        let index = Index::try_from(self.slots.len())
            .ok()
            .filter(|&index| index != NONE);
        let index = index.expect("a shard of 2^32 entries does not fit in memory");
        let (hash, weight) = (slot.hash, slot.weight);
        self.make_place();
        self.slots.push(slot);
        self.table.insert(hash, index);
        self.weight += u64::from(weight);
        if let Some((_, queues)) = &mut self.bound {
            match queue {
                Some(queue) => queues.push(index, queue, weight),
                None => queues.insert(index, hash, weight),
            }
        }
    }

    /// Makes place for another entry: as many as there are, but none beyond those that are expected.
    fn make_place(&mut self) {
        let len = self.slots.len();
        if len == self.slots.capacity() {
            let expected = self.entries.checked_sub(len).filter(|&more| more > 0);
            self.slots
                .reserve_exact(len.max(4).min(expected.unwrap_or(usize::MAX)));
        }
    }

    /// Whether an entry may weigh so much without another one going for it.
    fn fits_for(&self, index: Index, weight: u32) -> bool {
        let others = self.weight - u64::from(self.slots[index as usize].weight);
        let bound = self.bound.as_ref();
        bound.is_none_or(|(capacity, _)| others + u64::from(weight) <= *capacity)
    }

    fn replace(&mut self, index: Index, write: Write<R>, stamp: u64) -> R {
        let slot = &mut self.slots[index as usize];
        let (old, new) = (slot.weight, write.weight);
        let before = slot.write(write, stamp);
        self.weight = self.weight - u64::from(old) + u64::from(new);
        if let Some((_, queues)) = &mut self.bound {
            queues.reweigh(index, old, new);
        }
        before
    }

    /// The same where others have to go. Out of its queue meanwhile, so that it cannot be one of them.
    fn replace_with_room(
        &mut self,
        index: Index,
        write: Write<R>,
        stamp: u64,
        evicted: &mut Vec<(Slot<R>, EvictionReason)>,
    ) -> R {
        let queue = self.bound.as_ref().map(|(_, queues)| queues.queue_of(index));
        let mut slot = self.take_at(index as usize);
        self.make_room(write.weight, evicted);
        let before = slot.write(write, stamp);
        self.insert(slot, queue);
        before
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, key: &str, hash: u64) -> Option<Slot<R>> {
        let index = self.find(key, hash)?;
        Some(self.take_at(index as usize))
    }

    /// Takes out every entry for which `gone` says so.
    pub(super) fn remove_where(&mut self, gone: impl Fn(&Slot<R>) -> bool) -> Vec<Slot<R>> {
        let mut removed = Vec::new();
        let mut index = self.slots.len();
        // From the end, so that the entry which takes a free place was looked at already.
        while index > 0 {
            index -= 1;
            if gone(&self.slots[index]) {
                removed.push(self.take_at(index));
            }
        }
        removed
    }

    /// Evicts until `more` fits within the bound.
    fn make_room(&mut self, more: u32, evicted: &mut Vec<(Slot<R>, EvictionReason)>) {
        while let Some((capacity, queues)) = &mut self.bound
            && self.weight + u64::from(more) > *capacity
        {
            let Some((index, queue)) = queues.candidate() else {
                return;
            };
            let slot = &mut self.slots[index as usize];
            let stays = match queue {
                Queue::Small => slot.visits() > 0,
                Queue::Main => slot.forget_visit(),
            };
            if stays {
                if queue == Queue::Small {
                    slot.forget_visits();
                }
                queues.remove(index, slot.weight);
                queues.push(index, Queue::Main, slot.weight);
                continue;
            }
            if queue == Queue::Small {
                queues.remember(slot.hash);
            }
            self.evicted += 1;
            evicted.push((self.take_at(index as usize), EvictionReason::Capacity));
        }
    }

    /// Looks at a few entries and takes the expired ones out.
    fn sweep(&mut self, now: u64, evicted: &mut Vec<(Slot<R>, EvictionReason)>) {
        for _ in 0..SWEEP.min(self.slots.len()) {
            if self.sweep >= self.slots.len() {
                self.sweep = 0;
            }
            if self.slots[self.sweep].is_live(now) {
                self.sweep += 1;
            } else {
                self.expired += 1;
                evicted.push((self.take_at(self.sweep), EvictionReason::Expired));
                if self.slots.is_empty() {
                    return;
                }
            }
        }
    }

    fn take_at(&mut self, index: usize) -> Slot<R> {
        let index = Index::try_from(index).expect("an index of an entry");
        let hash = self.slots[index as usize].hash;
        self.table.remove(hash, index);
        self.take(index)
    }

    /// Takes out an entry that the table no longer knows; the last one moves to its place.
    fn take(&mut self, index: Index) -> Slot<R> {
        let last = Index::try_from(self.slots.len() - 1).expect("an index of an entry");
        let weight = self.slots[index as usize].weight;
        self.weight -= u64::from(weight);
        if let Some((_, queues)) = &mut self.bound {
            queues.remove(index, weight);
            if index != last {
                queues.renumber(last, index);
            }
        }
        if index != last {
            let hash = self.slots[last as usize].hash;
            self.table.renumber(hash, last, index);
        }
        self.slots.swap_remove(index as usize)
    }
}
