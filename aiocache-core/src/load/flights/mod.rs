//! The flights of a cache, by stored key.

mod alarm;
pub(super) mod failures;
pub(super) mod flight;
pub(super) mod held;
pub(super) mod landing;
pub(super) mod lead;
pub(super) mod patience;
mod queue;
pub(super) mod seat;
mod shard;
pub(super) mod wait;
pub(super) mod watched;
pub(super) mod writing;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use crate::backend::Capabilities;
use crate::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use failures::Failures;
use flight::Flight;
use held::first_id;
use lead::Lead;
use seat::Seat;
use shard::{Berth, Shard, Updated};

/// Few where each access is a point at which schedules part.
const SHARDS: usize = if cfg!(aiocache_shuttle) { 2 } else { 16 };

/// How many counters of writers there are. Two keys that share one can at worst leave a load unstored that lands
/// in the very moment of a write. Few under shuttle, as above.
const WRITERS: usize = if cfg!(aiocache_shuttle) { 2 } else { 256 };

/// Added to the longest that a store takes over a wire, for a busy machine. The task of a store stands still when its
/// runtime does, so a write of another runtime does not wait for ever.
const STORE_MARGIN: Duration = Duration::from_millis(500);

/// The longest that a store is taken to need where the backend does not say.
const STORE_UNKNOWN: Duration = Duration::from_millis(500);

/// The loads under way of one cache. Empty when nothing loads.
pub(crate) struct Flights<R> {
    shards: [Shard<R>; SHARDS],
    writers: [Writers; WRITERS],
    hasher: RandomState,
    /// How many flights there are: writers look here first, and mostly find none.
    active: AtomicUsize,
    next_id: AtomicU64,
    /// How long a write waits for the end of a store.
    store_wait: Option<Duration>,
    failures: Failures,
}

/// What [`Flights::ends`] gave at some moment.
pub(super) struct Ends {
    leads: [u64; SHARDS],
    writes: History,
}

/// What [`Flights::history`] gave at some moment.
pub(super) struct History(Box<[u64]>);

/// The writers of some keys.
#[derive(Default)]
pub(super) struct Writers {
    /// How many write right now.
    pub(super) now: AtomicU32,
    /// How many have ever written.
    pub(super) ever: AtomicU64,
}

/// What a caller finds who joins.
pub(crate) enum Joined<R> {
    /// A new flight, which it leads.
    Lead(Lead<R>),
    /// A seat on another caller's.
    Seat(Seat<R>),
}

impl<R> Flights<R> {
    /// Those of a cache whose stores run in this process, within one poll, or behind a wire.
    pub(crate) fn new(capabilities: &Capabilities) -> Self {
        let longest = capabilities.deadline.unwrap_or(STORE_UNKNOWN);
        Self {
            store_wait: (!capabilities.local).then(|| longest.saturating_add(STORE_MARGIN)),
            shards: std::array::from_fn(|_| Shard::new()),
            writers: std::array::from_fn(|_| Writers::default()),
            hasher: RandomState::new(),
            active: AtomicUsize::new(0),
            next_id: AtomicU64::new(first_id()),
            failures: Failures::default(),
        }
    }

    pub(crate) fn store_wait(&self) -> Option<Duration> {
        self.store_wait
    }

    /// The keys whose source is to be left alone.
    pub(super) fn failures(&self) -> &Failures {
        &self.failures
    }

    /// How many loads are under way.
    pub(crate) fn len(&self) -> usize {
        self.active.load(Ordering::SeqCst)
    }

    /// How many leads and writes near this key have ended. If that changed between a miss and the lead, the value
    /// may be there.
    pub(crate) fn ended(&self, key: &str) -> u64 {
        let hash = self.hash(key);
        let leads = self.shard(hash).ended.load(Ordering::SeqCst);
        // Both only grow, so their sum stays as it is only if both do.
        leads.wrapping_add(self.writers_at(hash).ever.load(Ordering::SeqCst))
    }

    /// The same for every key at once.
    pub(super) fn ends(&self) -> Ends {
        let leads = std::array::from_fn(|place| self.shards[place].ended.load(Ordering::SeqCst));
        Ends {
            leads,
            writes: self.history(),
        }
    }

    /// Whether a lead or a write near this key has ended since.
    pub(super) fn ended_since(&self, key: &str, ends: &Ends) -> bool {
        let place = Self::shard_place(self.hash(key));
        self.shards[place].ended.load(Ordering::SeqCst) != ends.leads[place]
            || self.written_since(key, &ends.writes)
    }

    /// A seat on the flight of this key and type, or the lead of a new one if there is none.
    pub(crate) fn join(self: &Arc<Self>, key: &str, of: &'static str) -> Joined<R> {
        let (seat, is_new) = self.seat(key, of, true);
        if is_new {
            Joined::Lead(Lead::first(seat))
        } else {
            Joined::Seat(seat)
        }
    }

    /// The lead of a flight that nobody else can join.
    pub(crate) fn solo(self: &Arc<Self>, key: &str, of: &'static str) -> Lead<R> {
        Lead::first(self.seat(key, of, false).0)
    }

    fn seat(self: &Arc<Self>, key: &str, of: &'static str, open: bool) -> (Seat<R>, bool) {
        let hash = self.hash(key);
        let begin = || {
            self.active.fetch_add(1, Ordering::SeqCst);
            let id = self.next_id.fetch_add(1, Ordering::Relaxed);
            Flight::new(Arc::clone(self), (key, hash), id, of)
        };
        let (flight, is_new) = self.shard(hash).board((key, hash), of, open, begin);
        (Seat::new(flight), is_new)
    }

    /// Changes a flight's berth, which is taken away unless `change` says that it stays. Says whether it is there.
    fn update(&self, flight: &Arc<Flight<R>>, change: impl FnOnce(&mut Berth<R>) -> bool) -> bool {
        let changed = self.shard(flight.hash).update(flight, change);
        if changed == Updated::Removed {
            self.active.fetch_sub(1, Ordering::SeqCst);
        }
        changed == Updated::Stays
    }

    /// Every flight of the keys that `chosen` picks. Newcomers begin flights of their own.
    pub(super) fn chosen(&self, chosen: impl Fn(&str) -> bool) -> Vec<Arc<Flight<R>>> {
        let of_shard = |shard: &Shard<R>| shard.close_any(|flight| chosen(&flight.key));
        self.shards.iter().flat_map(of_shard).collect()
    }

    /// Every flight of one key. Newcomers begin flights of their own.
    pub(super) fn of_key(&self, key: &str) -> Vec<Arc<Flight<R>>> {
        let hash = self.hash(key);
        self.shard(hash).close(hash, |flight| *flight.key == *key)
    }

    /// How many writes there have ever been, by groups of keys.
    pub(super) fn history(&self) -> History {
        History(
            self.writers
                .iter()
                .map(|writers| writers.ever.load(Ordering::SeqCst))
                .collect(),
        )
    }

    /// Whether a key may have been written since.
    pub(super) fn written_since(&self, key: &str, history: &History) -> bool {
        let place = Self::writers_place(self.hash(key));
        self.writers[place].ever.load(Ordering::SeqCst) != history.0[place]
    }

    /// Counts a write of every key.
    pub(super) fn count_all(&self) {
        for writers in &self.writers {
            writers.ever.fetch_add(1, Ordering::SeqCst);
        }
    }

    pub(super) fn writers_of(&self, key: &str) -> &Writers {
        self.writers_at(self.hash(key))
    }

    fn writers_at(&self, hash: u64) -> &Writers {
        &self.writers[Self::writers_place(hash)]
    }

    fn writers_place(hash: u64) -> usize {
        (hash >> 16) as usize % WRITERS
    }

    fn shard_place(hash: u64) -> usize {
        // Not the bits that place a flight in its shard.
        (hash >> 48) as usize % SHARDS
    }

    fn shard(&self, hash: u64) -> &Shard<R> {
        &self.shards[Self::shard_place(hash)]
    }

    fn hash(&self, key: &str) -> u64 {
        self.hasher.hash_one(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_waits_longer_than_the_store_of_a_load_can_take() {
        let mut remote = Capabilities::remote();
        for deadline in [None, Some(1), Some(500), Some(60_000)] {
            remote.deadline = deadline.map(Duration::from_millis);
            let wait = Flights::<()>::new(&remote).store_wait().expect("a wire");
            let store = remote.deadline.unwrap_or(STORE_UNKNOWN);
            assert!(
                wait > store && wait <= store + Duration::from_secs(1),
                "{wait:?} for {store:?}"
            );
        }
        assert_eq!(Flights::<()>::new(&Capabilities::local()).store_wait(), None);
    }
}
