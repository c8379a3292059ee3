//! Whether the runtimes run what is spawned to try a store.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::clock;

/// The longest that a task waits for its first turn where tasks are run.
const PROMPT: Duration = Duration::from_millis(100);

/// A task went before its end: its runtime was shut down.
const LOST: u64 = 1;

/// What is known of the tasks that try one store. A runtime that is driven by one `block_on` after another may run none
/// of them, and one that ends takes them with it.
#[derive(Debug)]
pub(crate) struct Tasks {
    /// When the one was spawned that has not begun, in nanoseconds of [`clock::now`], more than [`LOST`]; or that, or 0.
    waiting: AtomicU64,
}

/// Who tries the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    /// A task, to be spawned now.
    ByTask,
    /// Nobody yet: a task was spawned a moment ago.
    Soon,
    /// The caller, for the last task was not run, or not to its end.
    ByCaller,
}

impl Tasks {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: AtomicU64::new(0),
        }
    }

    /// Says who is to try the store now. At most one task has not begun.
    pub(crate) fn next(&self) -> Tried {
        let now = clock::now().max(LOST + 1);
        let change = |from, to| {
            let changed = self
                .waiting
                .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire);
            changed.is_ok()
        };
        match self.waiting.load(Ordering::Acquire) {
            0 if change(0, now) => Tried::ByTask,
            0 => Tried::Soon,
            LOST if change(LOST, 0) => Tried::ByCaller,
            LOST => Tried::Soon,
            since if Duration::from_nanos(now.saturating_sub(since)) < PROMPT => Tried::Soon,
            _ => Tried::ByCaller,
        }
    }

    /// A task that [`next`](Self::next) asked for has its first turn.
    pub(crate) fn begun(&self) {
        self.waiting.store(0, Ordering::Release);
    }

    /// A task was dropped before its end.
    pub(crate) fn lost(&self, had_begun: bool) {
        if had_begun {
            // Where a later one waits to begin, that one tells more.
            let _waiting = self
                .waiting
                .compare_exchange(0, LOST, Ordering::AcqRel, Ordering::Relaxed);
        } else {
            self.waiting.store(LOST, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_callers_try_while_a_task_does_not_begin() {
        let tasks = Tasks::new();
        assert_eq!(tasks.next(), Tried::ByTask);
        assert_eq!(tasks.next(), Tried::Soon);
        tokio::time::advance(PROMPT).await;
        assert_eq!([tasks.next(), tasks.next()], [Tried::ByCaller; 2]);
        tasks.begun();
        assert_eq!(tasks.next(), Tried::ByTask);
    }

    #[tokio::test(start_paused = true)]
    async fn one_caller_tries_after_a_task_that_was_lost() {
        for had_begun in [false, true] {
            let tasks = Tasks::new();
            assert_eq!(tasks.next(), Tried::ByTask);
            if had_begun {
                tasks.begun();
            }
            tasks.lost(had_begun);
            assert_eq!([tasks.next(), tasks.next()], [Tried::ByCaller, Tried::ByTask]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_is_lost_leaves_the_one_alone_that_is_to_begin() {
        let tasks = Tasks::new();
        assert_eq!(tasks.next(), Tried::ByTask);
        tasks.begun();
        assert_eq!(tasks.next(), Tried::ByTask);
        tasks.lost(true);
        assert_eq!(tasks.next(), Tried::Soon);
    }
}
