//! Which entry to give up next: S3-FIFO, which resists scans.
//!
//! New entries wait in a small queue; only those read again there move to the main queue, so a scan passes
//! through the small one. A filter of recently evicted hashes lets an entry that comes back enter the main queue
//! at once. The rules are those of Yang et al., "FIFO queues are all you need for cache eviction" (SOSP 2023), but for
//! three that serve loops over more keys than there is room for, where nothing is read twice before it is given up: the
//! main queue is filled with what comes first and then stays, the small queue is half as long, and one reading is
//! enough to leave it.

/// The index of an entry in its shard.
pub(super) type Index = u32;

const NONE: Index = Index::MAX;

/// Which queue an entry stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Queue {
    Small,
    Main,
}

/// The neighbours of an entry in its queue.
#[derive(Debug, Clone, Copy)]
struct Link {
    newer: Index,
    older: Index,
    queue: Queue,
}

/// A queue as a list through the links.
#[derive(Debug, Clone, Copy)]
struct Ends {
    newest: Index,
    oldest: Index,
    weight: u64,
}

const EMPTY: Ends = Ends {
    newest: NONE,
    oldest: NONE,
    weight: 0,
};

/// The two queues and the filter of a shard.
#[derive(Debug)]
pub(super) struct Queues {
    links: Vec<Link>,
    small: Ends,
    main: Ends,
    ghosts: Ghosts,
    /// What the entries may weigh.
    capacity: u64,
    /// There was room for every entry since the shard was empty.
    filling: bool,
}

impl Queues {
    /// For a shard of so much weight and about `entries` entries.
    pub(super) fn new(capacity: u64, entries: usize) -> Self {
        Self {
            links: Vec::new(),
            small: EMPTY,
            main: EMPTY,
            ghosts: Ghosts::new(entries),
            capacity,
            filling: true,
        }
    }

    /// Puts a new entry where its past says.
    pub(super) fn insert(&mut self, index: Index, hash: u64, weight: u32) {
        self.filling |= self.small.oldest == NONE && self.main.oldest == NONE;
        let returns = self.ghosts.take(hash);
        let queue = if returns || self.filling && self.small_is_due() {
            Queue::Main
        } else {
            Queue::Small
        };
        self.push(index, queue, weight);
    }

    /// Puts an entry at the newest end of `queue`.
    pub(super) fn push(&mut self, index: Index, queue: Queue, weight: u32) {
        let older = self.ends(queue).newest;
        let link = Link {
            newer: NONE,
            older,
            queue,
        };
        match self.links.get_mut(index as usize) {
            Some(place) => *place = link,
            None => {
                debug_assert_eq!(
                    self.links.len(),
                    index as usize,
                    "entries are numbered without gaps"
                );
                self.links.push(link);
            }
        }
        if older != NONE {
            self.links[older as usize].newer = index;
        }
        let ends = self.ends_mut(queue);
        ends.newest = index;
        if ends.oldest == NONE {
            ends.oldest = index;
        }
        ends.weight += u64::from(weight);
    }

    /// Where an entry stands.
    pub(super) fn queue_of(&self, index: Index) -> Queue {
        self.links[index as usize].queue
    }

    /// Takes an entry out of its queue.
    pub(super) fn remove(&mut self, index: Index, weight: u32) {
        let Link { newer, older, queue } = self.links[index as usize];
        if newer != NONE {
            self.links[newer as usize].older = older;
        }
        if older != NONE {
            self.links[older as usize].newer = newer;
        }
        let ends = self.ends_mut(queue);
        if ends.newest == index {
            ends.newest = older;
        }
        if ends.oldest == index {
            ends.oldest = newer;
        }
        ends.weight -= u64::from(weight);
    }

    /// Gives the last entry the number `to`, which is free.
    pub(super) fn renumber(&mut self, last: Index, to: Index) {
        let link = self.links[last as usize];
        self.links[to as usize] = link;
        if link.newer != NONE {
            self.links[link.newer as usize].older = to;
        }
        if link.older != NONE {
            self.links[link.older as usize].newer = to;
        }
        let ends = self.ends_mut(link.queue);
        if ends.newest == last {
            ends.newest = to;
        }
        if ends.oldest == last {
            ends.oldest = to;
        }
    }

    /// Notes that an entry in place changed its weight.
    pub(super) fn reweigh(&mut self, index: Index, old: u32, new: u32) {
        let queue = self.links[index as usize].queue;
        let ends = self.ends_mut(queue);
        ends.weight = ends.weight - u64::from(old) + u64::from(new);
    }

    /// The entry to look at next when room is needed for a new one, with its queue.
    pub(super) fn candidate(&mut self) -> Option<(Index, Queue)> {
        self.filling = false;
        match (self.small.oldest, self.main.oldest) {
            (NONE, NONE) => None,
            (NONE, oldest) => Some((oldest, Queue::Main)),
            (oldest, main) if main == NONE || self.small_is_due() => Some((oldest, Queue::Small)),
            (_, oldest) => Some((oldest, Queue::Main)),
        }
    }

    /// Whether the small queue has its part, a twentieth.
    fn small_is_due(&self) -> bool {
        self.small.weight >= (self.capacity / 20).max(1)
    }

    /// Remembers an entry that leaves the small queue unread.
    pub(super) fn remember(&mut self, hash: u64) {
        self.ghosts.put(hash);
    }

    fn ends(&self, queue: Queue) -> &Ends {
        match queue {
            Queue::Small => &self.small,
            Queue::Main => &self.main,
        }
    }

    fn ends_mut(&mut self, queue: Queue) -> &mut Ends {
        match queue {
            Queue::Small => &mut self.small,
            Queue::Main => &mut self.main,
        }
    }
}

/// Hashes of entries evicted not long ago. Each has one place, which the next one takes over, so the oldest go by
/// themselves.
#[derive(Debug)]
struct Ghosts {
    places: Box<[u32]>,
}

impl Ghosts {
    fn new(entries: usize) -> Self {
        // More would remember what a loop asked for the last time, and so break up the main queue, and fewer forget what
        // a scan has pushed out. Enough for any bound: 4 MiB in a shard of a million entries and more.
        let places = (entries.saturating_add(entries / 5)).clamp(1, 1 << 20);
        Self {
            places: vec![0; places].into_boxed_slice(),
        }
    }

    fn put(&mut self, hash: u64) {
        let (place, mark) = self.locate(hash);
        self.places[place] = mark;
    }

    fn take(&mut self, hash: u64) -> bool {
        let (place, mark) = self.locate(hash);
        let found = self.places[place] == mark;
        if found {
            self.places[place] = 0;
        }
        found
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the two halves of the hash are wanted"
    )]
    fn locate(&self, hash: u64) -> (usize, u32) {
        // Of the lower half, for all hashes of a shard have some bits of the upper one in common.
        let place = (u64::from(hash as u32) * self.places.len() as u64) >> 32;
        // 0 is an empty place.
        (place as usize, (hash >> 32) as u32 | 1)
    }
}
