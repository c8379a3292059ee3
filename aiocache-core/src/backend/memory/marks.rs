//! Keys that are marked for a while: the memory store's own engine, with nothing in the entries.

use std::time::Duration;

use super::bound::Bound;
use super::store::Store;
use crate::serializer::Typed;

/// More marks than this push out those least asked for; an unmarked key is then treated as one that never was.
const MOST: u64 = 10_000;

/// Keys, each marked until a time of its own.
#[derive(Debug)]
pub(crate) struct Marks(Store<Typed<()>>);

impl Marks {
    pub(crate) fn new() -> Self {
        Self(Store::new(Bound::Entries(MOST)))
    }

    /// Marks a key from now on.
    pub(crate) fn mark(&self, key: &str, time: Duration) {
        // The one error there is comes from inside a value's `Clone`, where a mark is not worth a deadlock.
        let _marked = self.0.write(key, Typed::of(()), Some(time));
    }

    pub(crate) fn is_marked(&self, key: &str) -> bool {
        self.0.exists(key).unwrap_or(false)
    }

    pub(crate) fn unmark(&self, key: &str) {
        let _unmarked = self.0.delete_if(key, |_| true);
    }

    /// Unmarks every key that begins with `prefix`.
    pub(crate) fn unmark_all(&self, prefix: &str) {
        let _unmarked = self.0.clear(prefix);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_mark_goes_with_its_time_or_when_it_is_taken_away() {
        let marks = Marks::new();
        let keys = ["a:1", "a:2", "b:1"];
        keys.iter()
            .for_each(|key| marks.mark(key, Duration::from_secs(10)));
        marks.unmark("a:1");
        marks.unmark_all("b:");
        assert_eq!(keys.map(|key| marks.is_marked(key)), [false, true, false]);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!marks.is_marked("a:2"));
    }
}
