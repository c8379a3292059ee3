//! What few policies say, in little room: a call's future holds it.

use std::time::Duration;

/// Long enough to spare a source that is down, short enough to notice soon that it is back.
const DEFAULT_BACK_OFF: u64 = 10_000_000_000;

/// What a policy says of slow and failing loads. Times are in nanoseconds, shares in millionths.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Loads {
    /// 0 is none.
    pub(in crate::load) grace: u64,
    pub(in crate::load) back_off: u64,
    /// [`NO_TIME`](Self::NO_TIME) is none, as in the next two.
    pub(in crate::load) soft_timeout: u64,
    pub(in crate::load) hard_timeout: u64,
    pub(in crate::load) lease: u64,
    /// 0 is none.
    pub(in crate::load) refresh_ahead: u32,
    pub(in crate::load) jitter: u32,
}

impl Loads {
    pub(in crate::load) const NO_TIME: u64 = u64::MAX;

    pub(in crate::load) const NONE: Self = Self {
        grace: 0,
        back_off: DEFAULT_BACK_OFF,
        soft_timeout: Self::NO_TIME,
        hard_timeout: Self::NO_TIME,
        lease: Self::NO_TIME,
        refresh_ahead: 0,
        jitter: 0,
    };
}

#[expect(clippy::cast_possible_truncation, reason = "compared before")]
pub(in crate::load) const fn nanos(time: Duration) -> u64 {
    let nanos = time.as_nanos();
    if nanos >= Loads::NO_TIME as u128 {
        Loads::NO_TIME - 1
    } else {
        nanos as u64
    }
}

pub(in crate::load) const fn time(nanos: u64) -> Option<Duration> {
    match nanos {
        Loads::NO_TIME => None,
        nanos => Some(Duration::from_nanos(nanos)),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of one"
)]
pub(in crate::load) const fn millionths(share: f64) -> u32 {
    (share * 1e6 + 0.5) as u32
}
