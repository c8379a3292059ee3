//! How much the stress tests do.

/// `rounds`, as many times as `AIOCACHE_STRESS` says; once without it.
pub(crate) fn times(rounds: u32) -> u32 {
    let factor = std::env::var("AIOCACHE_STRESS").map_or(1, |factor| factor.parse().expect("a whole number"));
    rounds * factor
}
