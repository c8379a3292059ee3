//! A write or a delete beats the loads under way.

use super::Writers;
use super::flight::supersede;
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

    /// Takes the right to store from every load under `prefix`, and waits for stores that have begun.
    pub(crate) async fn clearing(&self, prefix: &str) {
        self.count_all();
        self.failures().forget_all(prefix);
        if self.len() == 0 {
            return;
        }
        supersede(&self.chosen(|key| key.starts_with(prefix)), self.store_wait()).await;
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
