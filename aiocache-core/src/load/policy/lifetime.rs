//! How long a value is stored, and how old one is that was read.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use crate::ttl::{Remaining, Ttl};

/// How long something is stored.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lifetime {
    /// As the user gave it.
    pub(crate) ttl: Ttl,
    /// Millionths of the ttl.
    pub(in crate::load) jitter: u32,
    pub(in crate::load) grace: Duration,
}

impl Lifetime {
    /// What a store is told in place of this ttl: shorter by a random part, and longer by the grace where it tells how
    /// old a value is.
    pub(crate) fn stretch(self, ttl: Option<Duration>, tells_age: bool) -> Option<Duration> {
        let grace = if tells_age { self.grace } else { Duration::ZERO };
        ttl.map(|ttl| shortened(ttl, self.jitter).saturating_add(grace))
    }
}

/// The ttl without a random part of it, at most this share.
fn shortened(ttl: Duration, millionths: u32) -> Duration {
    if millionths == 0 {
        return ttl;
    }
    // Hashers differ from each other by their keys; no more chance than that is needed.
    let random = RandomState::new().hash_one(()) >> 40;
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    let part = random as f64 / f64::from(1_u32 << 24);
    // A product out of range is a ttl that no store tells from for ever.
    Duration::try_from_secs_f64(ttl.as_secs_f64() * share(millionths) * part)
        .map_or(ttl, |cut| ttl.saturating_sub(cut))
}

fn share(millionths: u32) -> f64 {
    f64::from(millionths) / 1e6
}

/// What makes a value old.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Ageing {
    pub(in crate::load) grace: Duration,
    /// Millionths of the ttl; 0 is never.
    pub(in crate::load) refresh_ahead: u32,
}

/// How old a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::load) enum Age {
    /// Within its ttl.
    Fresh,
    /// Within its ttl, and to be refreshed.
    Due,
    /// Beyond its ttl.
    Stale,
}

impl Ageing {
    /// Nothing does.
    pub(in crate::load) const NONE: Self = Self {
        grace: Duration::ZERO,
        refresh_ahead: 0,
    };

    /// The age of something with this ttl, by what is left of it.
    pub(in crate::load) fn age(self, left: Option<Remaining>, ttl: Option<Duration>) -> Age {
        let left = match left {
            Some(Remaining::For(left)) => left,
            Some(Remaining::Never | Remaining::Missing) => return Age::Fresh,
            // It may be beyond its ttl, and must not be served as if it were not.
            None if !self.grace.is_zero() => return Age::Stale,
            None => return Age::Fresh,
        };
        if left <= self.grace {
            return if self.grace.is_zero() {
                Age::Fresh
            } else {
                Age::Stale
            };
        }
        match ttl {
            Some(ttl) if self.refresh_ahead > 0 => {
                let due = ttl.mul_f64(1.0 - share(self.refresh_ahead));
                if left - self.grace <= due {
                    Age::Due
                } else {
                    Age::Fresh
                }
            }
            _ => Age::Fresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn ages(grace: u32, refresh_ahead: u32, left: &[u32]) -> Vec<Age> {
        let ageing = Ageing {
            grace: SECOND * grace,
            refresh_ahead,
        };
        let age = |&left: &u32| ageing.age(Some(Remaining::For(SECOND * left)), Some(SECOND * 10));
        left.iter().map(age).collect()
    }

    #[test]
    fn a_value_is_stale_from_the_moment_its_ttl_is_over() {
        use Age::{Due, Fresh, Stale};
        assert_eq!(ages(5, 0, &[15, 6, 5, 0]), [Fresh, Fresh, Stale, Stale]);
        assert_eq!(ages(0, 0, &[10, 0]), [Fresh, Fresh]);
        assert_eq!(
            ages(5, 800_000, &[15, 8, 7, 6, 5]),
            [Fresh, Fresh, Due, Due, Stale]
        );
        assert_eq!(ages(0, 800_000, &[10, 3, 2, 0]), [Fresh, Fresh, Due, Fresh]);
    }

    #[test]
    fn what_never_expires_is_fresh_and_what_tells_no_age_is_stale() {
        let ageing = Ageing {
            grace: SECOND,
            refresh_ahead: 500_000,
        };
        assert_eq!(ageing.age(Some(Remaining::Never), None), Age::Fresh);
        assert_eq!(ageing.age(None, Some(SECOND)), Age::Stale);
        let ageing = Ageing {
            grace: Duration::ZERO,
            ..ageing
        };
        assert_eq!(ageing.age(None, Some(SECOND)), Age::Fresh);
    }

    #[test]
    fn jitter_shortens_by_up_to_its_share_and_differs() {
        let lifetime = Lifetime {
            ttl: Ttl::Default,
            jitter: 250_000,
            grace: SECOND * 7,
        };
        let all: Vec<Duration> = (0..1_000)
            .filter_map(|_| lifetime.stretch(Some(SECOND * 100), true))
            .collect();
        assert!(
            all.iter().all(|one| (SECOND * 82..=SECOND * 107).contains(one)),
            "{all:?}"
        );
        let spread = *all.iter().max().expect("a thousand") - *all.iter().min().expect("a thousand");
        assert!(spread > SECOND * 20, "{spread:?}");
        assert_eq!(lifetime.stretch(None, true), None);
        assert!(lifetime.stretch(Some(Duration::MAX), true) > Some(SECOND));
    }
}
