//! The map of flights, in parts with a lock each.

use std::sync::{Arc, PoisonError};

use hashbrown::HashTable;

use super::flight::Flight;
use crate::sync::atomic::AtomicU64;
use crate::sync::{Mutex, MutexGuard};

/// The flights of some keys.
pub(super) struct Shard<R> {
    berths: Mutex<HashTable<Berth<R>>>,
    /// How many leads of this shard have ended.
    pub(super) ended: AtomicU64,
}

/// A flight in the map. A key can have several, of which newcomers join the one that is not closed.
pub(super) struct Berth<R> {
    flight: Arc<Flight<R>>,
    pub(super) seats: usize,
    /// Newcomers begin another flight.
    pub(super) closed: bool,
}

impl<R> Shard<R> {
    pub(super) fn new() -> Self {
        Self {
            berths: Mutex::default(),
            ended: AtomicU64::new(0),
        }
    }

    /// A seat on the open flight of this key and type if there is one, or else on what `begin` gives, which newcomers
    /// can join if it is `open`. Says which of the two.
    pub(super) fn board(
        &self,
        (key, hash): (&str, u64),
        of: &str,
        open: bool,
        begin: impl FnOnce() -> Flight<R>,
    ) -> (Arc<Flight<R>>, bool) {
        let mut berths = self.lock();
        let joins = |berth: &Berth<R>| {
            !berth.closed && berth.flight.hash == hash && *berth.flight.key == *key && berth.flight.of == of
        };
        if open && let Some(berth) = berths.find_mut(hash, joins) {
            berth.seats += 1;
            return (Arc::clone(&berth.flight), false);
        }
        let flight = Arc::new(begin());
        let berth = Berth {
            flight: Arc::clone(&flight),
            seats: 1,
            closed: !open,
        };
        berths.insert_unique(hash, berth, |berth| berth.flight.hash);
        (flight, true)
    }

    /// Changes a flight's berth, which is taken away unless `change` says that it stays. Says whether it is there.
    pub(super) fn update(
        &self,
        flight: &Arc<Flight<R>>,
        change: impl FnOnce(&mut Berth<R>) -> bool,
    ) -> Updated {
        let mut berths = self.lock();
        let mine = |berth: &Berth<R>| Arc::ptr_eq(&berth.flight, flight);
        let Ok(mut berth) = berths.find_entry(flight.hash, mine) else {
            return Updated::Absent;
        };
        if change(berth.get_mut()) {
            return Updated::Stays;
        }
        let removed = berth.remove().0;
        drop(berths);
        drop(removed);
        Updated::Removed
    }

    /// Lets newcomers begin flights of their own in place of those that are chosen, and gives these.
    pub(super) fn close(&self, hash: u64, chosen: impl Fn(&Flight<R>) -> bool) -> Vec<Arc<Flight<R>>> {
        let mut berths = self.lock();
        close_all(berths.iter_hash_mut(hash), chosen)
    }

    /// The same among all of the shard.
    pub(super) fn close_any(&self, chosen: impl Fn(&Flight<R>) -> bool) -> Vec<Arc<Flight<R>>> {
        close_all(self.lock().iter_mut(), chosen)
    }

    fn lock(&self) -> MutexGuard<'_, HashTable<Berth<R>>> {
        // Nothing under this lock runs a user's code.
        self.berths.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn close_all<'b, R: 'b>(
    berths: impl Iterator<Item = &'b mut Berth<R>>,
    chosen: impl Fn(&Flight<R>) -> bool,
) -> Vec<Arc<Flight<R>>> {
    let close = |berth: &mut Berth<R>| {
        berth.closed = true;
        Arc::clone(&berth.flight)
    };
    berths.filter(|berth| chosen(&berth.flight)).map(close).collect()
}

/// What became of a berth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Updated {
    Stays,
    Removed,
    /// It had been taken away before.
    Absent,
}
