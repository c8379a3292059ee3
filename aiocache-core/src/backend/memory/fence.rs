//! Fencing tokens of the locks in this process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// The last number given, by any store: locks of one name in two stores guard the same resource.
static LAST: AtomicU64 = AtomicU64::new(0);

/// The next number: the time in microseconds, or one more than the last where the clock is not past that. So it
/// rises within the process whatever the clock does, and from one process to the next while the clock does.
pub(super) fn next() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // 584,000 years fit.
    let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
    let after = |last: u64| now.max(last.saturating_add(1));
    let update = LAST.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(after(last)));
    update.map_or(now, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_is_larger_than_the_last() {
        let numbers: Vec<u64> = (0..1000).map(|_| next()).collect();
        assert!(numbers.is_sorted_by(|earlier, later| earlier < later));
    }
}
