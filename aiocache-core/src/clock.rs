//! The time that entries of the memory store live by.

use std::sync::LazyLock;

use quanta::Clock;

/// Whether tokio is built with `test-util`, the only way to pause its clock.
///
/// A glob in an inner scope hides the function of the same name outside, if tokio exports one. So this costs
/// nothing where tests are not built, and needs no feature of this crate.
const TEST_UTIL: bool = {
    #[allow(unused_imports, reason = "the glob is used only where tokio exports `pause`")]
    use tokio::time::*;
    is_tokios(pause)
};

struct Absent;

trait Returned {
    const TOKIO: bool;
}

impl Returned for () {
    const TOKIO: bool = true;
}

impl Returned for Absent {
    const TOKIO: bool = false;
}

#[allow(dead_code, reason = "hidden where tokio exports a function of this name")]
fn pause() -> Absent {
    Absent
}

const fn is_tokios<R: Returned>(_: fn() -> R) -> bool {
    R::TOKIO
}

/// Nanoseconds since some moment early in this process. It follows tokio's clock where that can be paused, so
/// `tokio::time::advance` lets entries expire, and costs about 10 ns where it cannot.
#[inline]
pub(crate) fn now() -> u64 {
    if TEST_UTIL { tokio_now() } else { quanta_now() }
}

/// A hundred years. Each runtime has a clock of its own to pause, so one can be behind the moment at which another read
/// its clock first, and must not stand still until it is there.
const BEFORE: u64 = 100 * 365 * 86_400 * 1_000_000_000;

fn tokio_now() -> u64 {
    static ORIGIN: LazyLock<tokio::time::Instant> = LazyLock::new(tokio::time::Instant::now);
    let (origin, now) = (*ORIGIN, tokio::time::Instant::now());
    // 484 years fit.
    let nanos = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    match now.checked_duration_since(origin) {
        Some(after) => BEFORE.saturating_add(nanos(after)),
        None => BEFORE.saturating_sub(nanos(origin - now)),
    }
}

#[inline]
fn quanta_now() -> u64 {
    static ORIGIN: LazyLock<(Clock, u64)> = LazyLock::new(|| {
        let clock = Clock::new();
        let origin = clock.raw();
        (clock, origin)
    });
    let (clock, origin) = &*ORIGIN;
    clock.delta_as_nanos(*origin, clock.raw())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_follows_a_paused_clock() {
        let before = now();
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(now() - before, 60_000_000_000);
    }

    #[test]
    fn a_clock_that_is_behind_anothers_first_moment_runs_all_the_same() {
        let paused = || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            builder
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime")
        };
        let (behind, ahead) = (paused(), paused());
        ahead.block_on(async {
            tokio::time::advance(Duration::from_secs(60)).await;
            now();
        });
        let ran = behind.block_on(async {
            let before = now();
            tokio::time::advance(Duration::from_secs(1)).await;
            now() - before
        });
        assert_eq!(ran, 1_000_000_000);
    }

    #[test]
    fn the_fast_clock_runs_like_the_slow_one() {
        let (before, std_before) = (quanta_now(), std::time::Instant::now());
        std::thread::sleep(Duration::from_millis(20));
        let (took, std_took) = (quanta_now() - before, std_before.elapsed().as_nanos());
        let off = u128::from(took).abs_diff(std_took);
        assert!(off < 5_000_000, "{took} ns against {std_took} ns");
    }
}
