//! Times to live as memcached reads them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Up to 30 days memcached counts from now; a larger number is a date in Unix time (`protocol.txt`).
const LONGEST_RELATIVE: u64 = 60 * 60 * 24 * 30;
/// Dates are signed numbers of 32 bits.
const LAST_DATE: u64 = i32::MAX as u64;

/// An expiry as it is written on the wire: 0 is for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Expiry(u32);

impl Expiry {
    pub(crate) const NEVER: Self = Self(0);
    /// Up to this many seconds memcached counts from now.
    pub(crate) const LONGEST_RELATIVE: i64 = LONGEST_RELATIVE as i64;
    /// A date of 1970: what is stored with it is gone at once.
    pub(crate) const PAST: Self = Self(2_592_001);

    /// Whole seconds, rounded up, so that a fraction never becomes 0. A time beyond the last date that memcached
    /// knows (January 2038) becomes that date.
    pub(crate) fn after(ttl: Option<Duration>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        ttl.map_or(Self::NEVER, |ttl| Self::from_seconds(seconds(ttl), now.as_secs()))
    }

    fn from_seconds(seconds: u64, now: u64) -> Self {
        let seconds = seconds.max(1);
        let number = if seconds <= LONGEST_RELATIVE {
            seconds
        } else {
            let date = now.saturating_add(seconds).min(LAST_DATE);
            // Near the last date, 30 days from now are later than it.
            if date.saturating_sub(now) > LONGEST_RELATIVE {
                date
            } else {
                LONGEST_RELATIVE
            }
        };
        Self(u32::try_from(number).unwrap_or(i32::MAX as u32))
    }

    /// The number for the wire.
    pub(crate) fn number(self) -> u32 {
        self.0
    }
}

fn seconds(ttl: Duration) -> u64 {
    ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const DAY: u64 = 86_400;

    #[test]
    fn every_ttl_has_its_number() {
        for (ttl, number) in [
            (Duration::ZERO, 1),
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(900), 1),
            (Duration::from_secs(1), 1),
            (Duration::from_millis(1001), 2),
            (Duration::from_secs(30 * DAY), 30 * DAY),
            (Duration::from_secs(30 * DAY + 1), NOW + 30 * DAY + 1),
            (Duration::from_secs(3650 * DAY), NOW + 3650 * DAY),
            (Duration::from_secs(36_500 * DAY), LAST_DATE),
            (Duration::MAX, LAST_DATE),
        ] {
            assert_eq!(
                u64::from(Expiry::from_seconds(seconds(ttl), NOW).number()),
                number,
                "{ttl:?}"
            );
        }
        assert_eq!(Expiry::after(None).number(), 0);
    }

    #[test]
    fn near_the_last_date_a_long_ttl_is_thirty_days() {
        for now in [LAST_DATE - DAY, LAST_DATE, LAST_DATE + DAY] {
            let number = Expiry::from_seconds(365 * DAY, now).number();
            assert_eq!(u64::from(number), LONGEST_RELATIVE);
        }
    }
}
