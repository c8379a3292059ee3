//! Giving other tasks their turn: what is in process is always ready, so who only asks for that would never let go of
//! its thread, and no timeout around it would end.

use std::cell::Cell;

use tokio::task::coop::consume_budget;

/// How many quick reads go between two that can wait. Of those, tokio lets a task have 128 at a time.
const QUICK: u8 = 64;

thread_local! {
    /// The quick reads of this thread. A counter of the thread is enough: a task that never waits stays on it.
    static READS: Cell<u8> = const { Cell::new(0) };
}

/// Whether the next read is to go the way that can wait.
#[inline]
pub(crate) fn is_due() -> bool {
    let reads = READS.get().wrapping_add(1);
    READS.set(reads);
    reads.is_multiple_of(QUICK)
}

/// Waits if this task has had its turn.
#[inline]
pub(crate) async fn take() {
    consume_budget().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_read_in_64_can_wait() {
        let due = (0..6_400).filter(|_| is_due()).count();
        assert_eq!(due, 100);
    }
}
