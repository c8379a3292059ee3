//! How late a machine wakes threads that sleep.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long each thread sleeps at a time.
const NAP: Duration = Duration::from_millis(2);
/// A machine that has nothing else to do is late by less than this.
const USUAL: Duration = Duration::from_millis(1);

/// Threads that sleep and look at the clock, one for each processor: one of these can stand still by itself.
pub(super) struct Watch {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Vec<Stall>>>,
}

/// A time at which a thread should have run and did not.
#[derive(Debug, Clone, Copy)]
struct Stall {
    due: Instant,
    woke: Instant,
}

/// What a [`Watch`] saw, in the order of time for each of its threads.
#[derive(Debug)]
pub(super) struct Stalls(Vec<Vec<Stall>>);

impl Watch {
    pub(super) fn begin() -> Self {
        let stop = Arc::<AtomicBool>::default();
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let all_look = Arc::new(Barrier::new(processors + 1));
        let watch = |_| {
            let (stop, all_look) = (Arc::clone(&stop), Arc::clone(&all_look));
            thread::spawn(move || watch(&stop, &all_look))
        };
        let threads = (0..processors).map(watch).collect();
        all_look.wait();
        Self { stop, threads }
    }

    pub(super) fn end(mut self) -> Stalls {
        self.stop.store(true, Relaxed);
        let seen = self.threads.drain(..).map(|thread| thread.join());
        Stalls(
            seen.map(|seen| seen.expect("looking at a clock does not panic"))
                .collect(),
        )
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Relaxed);
    }
}

fn watch(stop: &AtomicBool, all_look: &Barrier) -> Vec<Stall> {
    let mut stalls = Vec::new();
    let mut due = Instant::now() + NAP;
    // Nothing that is watched begins before every thread has looked at the clock.
    all_look.wait();
    while !stop.load(Relaxed) {
        thread::sleep(NAP);
        let woke = Instant::now();
        if woke.saturating_duration_since(due) > USUAL {
            stalls.push(Stall { due, woke });
        }
        due = Instant::now() + NAP;
    }
    stalls
}

impl Stalls {
    /// The longest that a thread was kept waiting at once.
    pub(super) fn longest(&self) -> Duration {
        let all = self.0.iter().flatten().map(|stall| stall.woke - stall.due);
        all.max().unwrap_or_default()
    }

    /// The longest that a thread was kept waiting in all in any stretch of this length.
    pub(super) fn most_in(&self, stretch: Duration) -> Duration {
        let each = self.0.iter().map(|stalls| most_in(stalls, stretch));
        each.max().unwrap_or_default()
    }
}

fn most_in(stalls: &[Stall], stretch: Duration) -> Duration {
    let from = |(at, first): (usize, &Stall)| {
        let end = first.due + stretch;
        let inside = stalls[at..].iter().take_while(|stall| stall.due < end);
        inside.map(|stall| stall.woke.min(end) - stall.due).sum()
    };
    stalls.iter().enumerate().map(from).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(10);

    /// Stalls from this moment to that.
    fn stalls(times: &[(u32, u32)]) -> Stalls {
        let start = Instant::now();
        let stall = |(due, woke): &(u32, u32)| Stall {
            due: start + MOMENT * *due,
            woke: start + MOMENT * *woke,
        };
        Stalls(vec![Vec::new(), times.iter().map(stall).collect()])
    }

    #[test]
    fn a_stretch_counts_what_is_in_it_and_no_more() {
        let seen = stalls(&[(0, 1), (2, 5), (6, 7), (100, 102)]);
        assert_eq!(seen.longest(), MOMENT * 3);
        for (stretch, most) in [(1, 1), (2, 2), (5, 4), (7, 5), (8, 5), (102, 7), (1000, 7)] {
            assert_eq!(seen.most_in(MOMENT * stretch), MOMENT * most, "{stretch}");
        }
    }

    #[test]
    fn nothing_is_late_where_nothing_was() {
        let seen = stalls(&[]);
        assert_eq!(
            (seen.longest(), seen.most_in(MOMENT)),
            (Duration::ZERO, Duration::ZERO)
        );
    }
}
