//! The flights of a cache, by stored key.

pub(super) mod failures;
pub(super) mod flight;
pub(super) mod held;
pub(super) mod landing;
pub(super) mod patience;
pub(super) mod watched;
pub(super) mod writing;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::backend::Capabilities;
use crate::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, MutexGuard};
use failures::Failures;
use flight::Flight;
use held::first_id;

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

struct Shard<R> {
    berths: Mutex<HashMap<Box<str>, Vec<Berth<R>>>>,
    /// How many leads of this shard have ended.
    ended: AtomicU64,
}

/// A flight in the map.
struct Berth<R> {
    flight: Arc<Flight<R>>,
    seats: usize,
    /// Newcomers begin another flight.
    closed: bool,
}

impl<R> Flights<R> {
    /// Those of a cache whose stores run in this process, within one poll, or behind a wire.
    pub(crate) fn new(capabilities: &Capabilities) -> Self {
        let longest = capabilities.deadline.unwrap_or(STORE_UNKNOWN);
        Self {
            store_wait: (!capabilities.local).then(|| longest.saturating_add(STORE_MARGIN)),
            shards: std::array::from_fn(|_| Shard {
                berths: Mutex::default(),
                ended: AtomicU64::new(0),
            }),
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

    /// A seat on the flight of this key and type, which begins if there is none.
    pub(crate) fn join(self: &Arc<Self>, key: &str, of: &'static str) -> Seat<R> {
        self.seat(key, of, true)
    }

    /// The only seat of a flight that nobody else can join.
    pub(crate) fn solo(self: &Arc<Self>, key: &str, of: &'static str) -> Seat<R> {
        self.seat(key, of, false)
    }

    fn seat(self: &Arc<Self>, key: &str, of: &'static str, shared: bool) -> Seat<R> {
        let hash = self.hash(key);
        let mut map = self.shard(hash).lock();
        let open = |berth: &&mut Berth<R>| shared && !berth.closed && berth.flight.of == of;
        let berths = map.get_mut(key);
        let flight = match berths.and_then(|berths| berths.iter_mut().find(open)) {
            Some(berth) => {
                berth.seats += 1;
                Arc::clone(&berth.flight)
            }
            None => {
                let id = self.next_id.fetch_add(1, Ordering::Relaxed);
                let flight = Arc::new(Flight::new(id, of));
                let berth = Berth {
                    flight: Arc::clone(&flight),
                    seats: 1,
                    closed: !shared,
                };
                self.active.fetch_add(1, Ordering::SeqCst);
                map.entry(key.into()).or_default().push(berth);
                flight
            }
        };
        drop(map);
        Seat {
            flights: Arc::clone(self),
            key: key.into(),
            hash,
            flight,
        }
    }

    /// Every flight of the keys that `chosen` picks.
    pub(super) fn chosen(&self, chosen: impl Fn(&str) -> bool) -> Vec<Arc<Flight<R>>> {
        let mut found = Vec::new();
        for shard in &self.shards {
            for (_, berths) in shard.lock().iter_mut().filter(|(key, _)| chosen(key)) {
                found.extend(close_all(berths));
            }
        }
        found
    }

    /// Every flight of one key.
    pub(super) fn of_key(&self, key: &str) -> Vec<Arc<Flight<R>>> {
        self.shard(self.hash(key))
            .lock()
            .get_mut(key)
            .map(|berths| close_all(berths))
            .unwrap_or_default()
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

    #[expect(clippy::cast_possible_truncation, reason = "any bits of the hash will do")]
    fn shard_place(hash: u64) -> usize {
        hash as usize % SHARDS
    }

    fn shard(&self, hash: u64) -> &Shard<R> {
        &self.shards[Self::shard_place(hash)]
    }

    fn hash(&self, key: &str) -> u64 {
        self.hasher.hash_one(key)
    }
}

/// Lets newcomers begin flights of their own, and gives those that are there.
fn close_all<'b, R: 'b>(berths: impl IntoIterator<Item = &'b mut Berth<R>>) -> Vec<Arc<Flight<R>>> {
    let close = |berth: &mut Berth<R>| {
        berth.closed = true;
        Arc::clone(&berth.flight)
    };
    berths.into_iter().map(close).collect()
}

impl<R> Shard<R> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Vec<Berth<R>>>> {
        // Nothing under this lock runs a user's code.
        self.berths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A caller's place on a flight. The last one to leave takes the flight out of the map.
pub(crate) struct Seat<R> {
    flights: Arc<Flights<R>>,
    key: Box<str>,
    hash: u64,
    flight: Arc<Flight<R>>,
}

impl<R> Seat<R> {
    pub(crate) fn flight(&self) -> &Arc<Flight<R>> {
        &self.flight
    }

    /// Notes the end of the lead, lets newcomers begin a flight of their own, and gives the number of seats taken.
    pub(super) fn close(&self) -> usize {
        // First: who finds the flight closed must also see that there may be a value.
        self.note_end();
        let mut map = self.shard().lock();
        let Some(berth) = self.berth(&mut map) else {
            return 0;
        };
        berth.closed = true;
        berth.seats
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The flights of the same key that began before this one. Newcomers begin flights of their own.
    pub(super) fn older(&self) -> Vec<Arc<Flight<R>>> {
        let mut map = self.shard().lock();
        let berths = map
            .get_mut(&*self.key)
            .map_or(&mut [][..], |berths| &mut berths[..]);
        // Numbers of one key rise, for they are given under the lock.
        close_all(berths.iter_mut().filter(|berth| berth.flight.id < self.flight.id))
    }

    /// Notes that the lead has ended, whether or not others keep the flight.
    pub(super) fn note_end(&self) {
        self.shard().ended.fetch_add(1, Ordering::SeqCst);
    }

    pub(super) fn store_wait(&self) -> Option<Duration> {
        self.flights.store_wait()
    }

    /// Whether somebody writes this key right now.
    pub(super) fn is_being_written(&self) -> bool {
        self.flights.writers_at(self.hash).now.load(Ordering::SeqCst) > 0
    }

    fn shard(&self) -> &Shard<R> {
        self.flights.shard(self.hash)
    }

    fn berth<'m>(&self, map: &'m mut HashMap<Box<str>, Vec<Berth<R>>>) -> Option<&'m mut Berth<R>> {
        let berths = map.get_mut(&*self.key)?;
        berths
            .iter_mut()
            .find(|berth| Arc::ptr_eq(&berth.flight, &self.flight))
    }
}

impl<R> Drop for Seat<R> {
    fn drop(&mut self) {
        let mut map = self.shard().lock();
        let Some(berth) = self.berth(&mut map) else { return };
        berth.seats -= 1;
        if berth.seats > 0 {
            return;
        }
        if let Some(berths) = map.get_mut(&*self.key) {
            berths.retain(|berth| !Arc::ptr_eq(&berth.flight, &self.flight));
            if berths.is_empty() {
                map.remove(&*self.key);
            }
        }
        self.flights.active.fetch_sub(1, Ordering::SeqCst);
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
