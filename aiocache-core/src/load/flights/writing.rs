//! A write or a delete beats the loads under way.

use std::sync::Arc;

use super::Writers;
use super::flight::{Flight, supersede};
use crate::load::Flights;
use crate::sync::atomic::Ordering;

/// A write under way. While it lives no load of its keys stores, and when it goes, those that began meanwhile may
/// not store either.
pub(crate) struct Writing<'a, R> {
    flights: &'a Flights<R>,
    keys: Keys<'a>,
}

enum Keys<'a> {
    One(&'a str),
    Many(&'a [&'a str]),
}

impl Keys<'_> {
    fn for_each(&self, mut visit: impl FnMut(&str)) {
        match self {
            Self::One(key) => visit(key),
            Self::Many(keys) => keys.iter().for_each(|key| visit(key)),
        }
    }
}

/// A clear under way. When it goes, also by a panic where a value is dropped, those that began meanwhile may not store.
pub(crate) struct Clearing<'a, R> {
    flights: &'a Flights<R>,
    prefix: &'a str,
}

impl<R> Flights<R> {
    /// Begins a write of one key: takes the right to store from its loads, and waits for a store that has begun.
    pub(crate) async fn writing<'a>(&'a self, key: &'a str) -> Writing<'a, R> {
        self.begin(Keys::One(key)).await
    }

    /// The same for several keys.
    pub(crate) async fn writing_many<'a>(&'a self, keys: &'a [&'a str]) -> Writing<'a, R> {
        self.begin(Keys::Many(keys)).await
    }

    async fn begin<'a>(&'a self, keys: Keys<'a>) -> Writing<'a, R> {
        let writing = Writing { flights: self, keys };
        writing.keys.for_each(|key| self.writers_of(key).begin());
        // After the count: a load that is about to store sees the count, or is seen here.
        if self.len() > 0 {
            let mut flights = Vec::new();
            writing.keys.for_each(|key| flights.extend(self.of_key(key)));
            supersede(&flights, self.store_wait()).await;
        }
        writing
    }

    /// Begins to clear what begins with `prefix`: takes the right to store from its loads, and waits for stores that have
    /// begun.
    pub(crate) async fn clearing<'a>(&'a self, prefix: &'a str) -> Clearing<'a, R> {
        let clearing = Clearing {
            flights: self,
            prefix,
        };
        supersede(&clearing.loads_to_stop(), self.store_wait()).await;
        clearing
    }
}

impl<R> Clearing<'_, R> {
    /// Ends it, and waits for stores that have begun meanwhile.
    pub(crate) async fn ended(self) {
        let (loads, store_wait) = (self.loads_to_stop(), self.flights.store_wait());
        // Its end stops them, and not those that begin during the wait.
        drop(self);
        supersede(&loads, store_wait).await;
    }

    /// Counts a write of every key, and gives the loads of those that it clears.
    fn loads_to_stop(&self) -> Vec<Arc<Flight<R>>> {
        self.flights.count_all();
        self.flights.failures().forget_all(self.prefix);
        if self.flights.len() == 0 {
            return Vec::new();
        }
        self.flights.chosen(|key| key.starts_with(self.prefix))
    }
}

impl<R> Drop for Clearing<'_, R> {
    fn drop(&mut self) {
        self.loads_to_stop().iter().for_each(|flight| flight.supersede());
    }
}

impl<R> Drop for Writing<'_, R> {
    fn drop(&mut self) {
        // Before the look at the flights: a load that is not seen there sees this, and looks for what was written.
        self.keys.for_each(|key| self.flights.writers_of(key).count());
        if self.flights.len() > 0 {
            self.keys.for_each(|key| {
                for flight in self.flights.of_key(key) {
                    // None of them stores: the count forbade it.
                    flight.supersede();
                }
            });
        }
        self.keys.for_each(|key| {
            self.flights.failures().forget(key);
            self.flights.writers_of(key).end();
        });
    }
}

impl Writers {
    fn begin(&self) {
        self.now.fetch_add(1, Ordering::SeqCst);
        self.count();
    }

    fn count(&self) {
        self.ever.fetch_add(1, Ordering::SeqCst);
    }

    fn end(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}
