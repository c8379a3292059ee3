//! Which entry a hash belongs to.
//!
//! A read of a large store waits for memory more than for anything else, once for each address that it learns from the
//! one before. So what tells two hashes apart lies beside the index: one look gives the entry, where a table of tags
//! with the indexes apart takes two. Empty places end the search, and a removal closes the gap it leaves.

use super::queues::Index;

/// Hashes to indexes of entries. Several entries may have the same hash.
#[derive(Debug)]
pub(super) struct Table {
    /// A power of two of them, and always an empty one.
    places: Box<[Place]>,
    len: usize,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    /// The lower half of the hash, which also says where the search for it begins.
    mark: u32,
    index: Index,
}

/// No shard has an entry of this number.
pub(super) const NONE: Index = Index::MAX;

const EMPTY: Place = Place { mark: 0, index: NONE };

impl Table {
    pub(super) fn new() -> Self {
        Self {
            places: Box::new([EMPTY]),
            len: 0,
        }
    }

    /// The first entry of this hash for which `is` says so. Another hash comes before `is` once in some million times.
    #[inline]
    pub(super) fn find(&self, hash: u64, is: impl Fn(Index) -> bool) -> Option<Index> {
        let mark = mark(hash);
        let mut at = self.home(mark);
        loop {
            let place = self.places[at];
            if place.index == NONE {
                return None;
            }
            if place.mark == mark && is(place.index) {
                return Some(place.index);
            }
            at = self.after(at);
        }
    }

    /// Adds an entry that is not there.
    pub(super) fn insert(&mut self, hash: u64, index: Index) {
        // At most five eighths are taken: a hit then sees about two places, most often of one cache line, a miss four.
        if (self.len + 1) * 8 > self.places.len() * 5 {
            self.grow();
        }
        self.len += 1;
        self.put(Place {
            mark: mark(hash),
            index,
        });
    }

    /// Takes an entry out.
    pub(super) fn remove(&mut self, hash: u64, index: Index) {
        let Some(mut gap) = self.position(hash, index) else {
            return;
        };
        self.len -= 1;
        let mut at = gap;
        loop {
            at = self.after(at);
            let place = self.places[at];
            if place.index == NONE {
                break;
            }
            // What stands as far from its beginning as from the gap, or farther, would not be found behind the gap.
            if self.distance(self.home(place.mark), at) >= self.distance(gap, at) {
                self.places[gap] = place;
                gap = at;
            }
        }
        self.places[gap] = EMPTY;
    }

    /// Gives an entry another number.
    pub(super) fn renumber(&mut self, hash: u64, from: Index, to: Index) {
        if let Some(at) = self.position(hash, from) {
            self.places[at].index = to;
        }
    }

    fn position(&self, hash: u64, index: Index) -> Option<usize> {
        let mut at = self.home(mark(hash));
        while self.places[at].index != NONE {
            if self.places[at].index == index {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    fn put(&mut self, place: Place) {
        let mut at = self.home(place.mark);
        while self.places[at].index != NONE {
            at = self.after(at);
        }
        self.places[at] = place;
    }

    #[cold]
    fn grow(&mut self) {
        let more = vec![EMPTY; self.places.len() * 2].into_boxed_slice();
        let before = std::mem::replace(&mut self.places, more);
        for place in before.into_iter().filter(|place| place.index != NONE) {
            self.put(place);
        }
    }

    #[inline]
    fn home(&self, mark: u32) -> usize {
        mark as usize & (self.places.len() - 1)
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.places.len() - 1)
    }

    /// How many places lie between two, going forward.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.places.len() - 1)
    }
}

#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the lower half is wanted")]
fn mark(hash: u64) -> u32 {
    hash as u32
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    /// Few enough that many collide, some in the whole mark.
    fn hashes() -> impl Strategy<Value = u64> {
        prop_oneof![0..8_u64, (0..8_u64).prop_map(|n| n << 29), any::<u64>()]
    }

    proptest! {
        #[test]
        fn it_knows_what_was_put_in_and_not_taken_out(steps in prop::collection::vec((hashes(), 0..4_u8), 0..300)) {
            let mut table = Table::new();
            let mut there: HashMap<Index, u64> = HashMap::new();
            for (number, (hash, step)) in (0..).zip(steps) {
                let of_it = there.iter().find(|(_, other)| **other == hash).map(|(index, _)| *index);
                match (step, of_it) {
                    (0, Some(index)) => {
                        table.remove(hash, index);
                        there.remove(&index);
                    }
                    (1, Some(index)) => {
                        table.renumber(hash, index, number);
                        there.remove(&index);
                        there.insert(number, hash);
                    }
                    _ => {
                        table.insert(hash, number);
                        there.insert(number, hash);
                    }
                }
                prop_assert_eq!(table.len, there.len());
                for (&index, &hash) in &there {
                    prop_assert_eq!(table.find(hash, |other| other == index), Some(index));
                }
                let gone = |index: &Index| !there.contains_key(index);
                for index in (0..=number).filter(gone) {
                    prop_assert_eq!(table.find(hash, |other| other == index), None);
                }
            }
        }
    }
}
