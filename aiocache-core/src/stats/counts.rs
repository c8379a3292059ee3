//! The counters behind a cache's numbers.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::events::EventKind;

/// How many threads have a stripe of their own.
const OWNED: usize = 15;
const UNKNOWN: usize = usize::MAX;

thread_local! {
    /// Which stripe this thread counts in.
    static STRIPE: Cell<usize> = const { Cell::new(UNKNOWN) };
}

/// What a cache counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Hits and misses are counted on the way of every read, so threads do not share their counters: the first ones
    /// have one each, which they alone write, and all others share the last.
    reads: [Stripe; OWNED + 1],
    pub(crate) stale: AtomicU64,
    pub(crate) loads: AtomicU64,
    pub(crate) loads_failed: AtomicU64,
    pub(crate) loads_dropped: AtomicU64,
    pub(crate) loads_shared: AtomicU64,
    pub(crate) refreshed: AtomicU64,
}

/// Counters on a cache line of their own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Stripe {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Counts {
    /// Counts one hit.
    #[inline]
    pub(crate) fn hit(&self) {
        self.add(|stripe| &stripe.hits, 1);
    }

    /// Counts what was told.
    pub(crate) fn note(&self, kind: EventKind, items: usize) {
        let items = items as u64;
        let (counter, count) = match kind {
            EventKind::Hit => return self.add(|stripe| &stripe.hits, items),
            EventKind::Miss => return self.add(|stripe| &stripe.misses, items),
            EventKind::Stale => (&self.stale, items),
            EventKind::LoadFinished { .. } => (&self.loads, 1),
            EventKind::LoadFailed { .. } => {
                self.loads.fetch_add(1, Ordering::Relaxed);
                (&self.loads_failed, 1)
            }
            EventKind::LoadDropped { .. } => (&self.loads_dropped, 1),
            EventKind::LoadShared => (&self.loads_shared, items),
            EventKind::Refreshed => (&self.refreshed, items),
            EventKind::LoadStarted
            | EventKind::Evicted { .. }
            | EventKind::BreakerOpened
            | EventKind::BreakerClosed
            | EventKind::Reconnected => return,
        };
        counter.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn hits(&self) -> u64 {
        self.sum(|stripe| &stripe.hits)
    }

    pub(crate) fn misses(&self) -> u64 {
        self.sum(|stripe| &stripe.misses)
    }

    #[inline]
    fn add(&self, counter: impl Fn(&Stripe) -> &AtomicU64, count: u64) {
        let mine = stripe();
        let counter = counter(&self.reads[mine]);
        if mine < OWNED {
            // No other thread writes it, so this needs no locked instruction, which a hit would feel.
            counter.store(counter.load(Ordering::Relaxed) + count, Ordering::Relaxed);
        } else {
            counter.fetch_add(count, Ordering::Relaxed);
        }
    }

    fn sum(&self, counter: impl Fn(&Stripe) -> &AtomicU64) -> u64 {
        self.reads
            .iter()
            .map(|stripe| counter(stripe).load(Ordering::Relaxed))
            .sum()
    }
}

#[inline]
fn stripe() -> usize {
    let mine = STRIPE.get();
    // Also keeps the compiler from checking the index once more.
    if mine <= OWNED { mine } else { choose_stripe() }
}

/// A stripe that was never any other thread's, while there are such.
#[cold]
fn choose_stripe() -> usize {
    static CHOSEN: AtomicUsize = AtomicUsize::new(0);
    let mine = CHOSEN.fetch_add(1, Ordering::Relaxed).min(OWNED);
    STRIPE.set(mine);
    mine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_count_is_lost_among_more_threads_than_stripes() {
        let counts = Counts::default();
        std::thread::scope(|scope| {
            for _ in 0..40 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        counts.note(EventKind::Hit, 1);
                        counts.note(EventKind::Miss, 2);
                    }
                });
            }
        });
        assert_eq!((counts.hits(), counts.misses()), (40_000, 80_000));
    }
}
