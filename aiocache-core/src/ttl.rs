//! Time to live: what a caller may ask for, and what a store says is left.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// How long a value lives.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use aiocache_core::{Cache, MemoryBackend, Ttl};
///
/// let cache: Cache<MemoryBackend> = Cache::builder(MemoryBackend::new()).ttl(Ttl::seconds(60)).build();
/// let brief = cache.with_ttl(Duration::from_millis(500)); // whatever converts into a `Ttl`
/// let kept = cache.with_ttl(Ttl::Never);
/// assert_eq!((brief.ttl_default(), kept.ttl_default()), (Some(Duration::from_millis(500)), None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ttl {
    /// As long as the cache's own default says.
    #[default]
    Default,
    /// Until it is deleted or evicted.
    Never,
    /// For this long; zero is refused.
    After(Duration),
}

impl Ttl {
    /// Lives for `seconds`.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self::After(Duration::from_secs(seconds))
    }

    /// Lives for `millis` milliseconds.
    #[must_use]
    pub const fn millis(millis: u64) -> Self {
        Self::After(Duration::from_millis(millis))
    }

    /// What a store is told: `None` is for ever.
    pub(crate) fn resolve(self, default: Option<Duration>) -> Option<Duration> {
        match self {
            Self::Default => default,
            Self::Never => None,
            Self::After(duration) => Some(duration),
        }
    }
}

impl From<Duration> for Ttl {
    fn from(duration: Duration) -> Self {
        Self::After(duration)
    }
}

impl From<Option<Duration>> for Ttl {
    /// `None` is [`Ttl::Never`].
    fn from(duration: Option<Duration>) -> Self {
        duration.map_or(Self::Never, Self::After)
    }
}

/// How long a key still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remaining {
    /// There is no such key.
    Missing,
    /// It does not expire.
    Never,
    /// It expires after this long.
    For(Duration),
}

/// Refuses what a user wrote but the store cannot keep: zero, and fractions where only whole seconds count.
pub(crate) fn check(ttl: Option<Duration>, resolution: Duration) -> Result<()> {
    let Some(ttl) = ttl else { return Ok(()) };
    if ttl.is_zero() {
        return Err(Error::new(
            ErrorKind::InvalidTtl,
            "0 is not a time to live; delete the key, or use Ttl::Never for one that stays",
        ));
    }
    let whole_seconds = resolution >= Duration::from_secs(1);
    if whole_seconds && ttl.subsec_nanos() != 0 {
        return Err(Error::new(
            ErrorKind::InvalidTtl,
            format!("{ttl:?} is not a whole number of seconds, in which this store counts; round it up"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_refused_and_fractions_only_where_seconds_count() {
        let fine = Duration::from_millis(1);
        let coarse = Duration::from_secs(1);
        assert!(check(None, coarse).is_ok());
        assert!(check(Some(Duration::from_millis(1500)), fine).is_ok());
        for (ttl, resolution) in [(Duration::ZERO, fine), (Duration::from_millis(1500), coarse)] {
            assert_eq!(
                check(Some(ttl), resolution).expect_err("refused").kind(),
                ErrorKind::InvalidTtl
            );
        }
    }
}
