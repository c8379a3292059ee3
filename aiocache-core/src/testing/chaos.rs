//! A backend that fails, dawdles and forgets: at random, but the same each time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::{Call, Intercept, Verdict};
use crate::error::{Error, ErrorKind};

/// Disturbs the calls of a backend; put it in front of one with [`Intercepted`](super::Intercepted).
///
/// Each share is the part of all calls that it strikes, from 0 to 1, and 0 unless it is set. The same seed strikes the
/// same calls, counted in the order in which they begin. Clones share the dice and the switch: one goes into the
/// cache, with the shares it has then, the other one stays with the test.
///
/// # Examples
/// ```
/// # use aiocache_core::testing::{Chaos, Intercepted};
/// # use aiocache_core::{Cache, MemoryBackend, Object, Policy};
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let chaos = Chaos::seeded(7).failing(0.3).forgetting(0.1);
/// let store = Intercepted::new(MemoryBackend::<Object>::new(), chaos.clone());
/// let cache = Cache::builder(store.remote()).build();
/// for n in 0..100_u32 {
///     // A cached function answers, whatever its store does.
///     let load = || async move { Ok::<_, String>(n) };
///     assert_eq!(cache.get_or_load(n.to_string(), &Policy::new(), load).await, Ok(n));
/// }
/// assert!(chaos.struck() > 20);
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Chaos {
    failing: f64,
    losing_answers: f64,
    forgetting: f64,
    slow: (f64, Duration),
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    random: AtomicU64,
    down: AtomicBool,
    struck: AtomicU64,
}

impl Chaos {
    /// One that strikes nothing yet, with dice of this seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self {
            failing: 0.0,
            losing_answers: 0.0,
            forgetting: 0.0,
            slow: (0.0, Duration::ZERO),
            shared: Arc::new(Shared {
                random: AtomicU64::new(seed),
                down: AtomicBool::new(false),
                struck: AtomicU64::new(0),
            }),
        }
    }

    /// This share of calls is not done, and fails with [`ErrorKind::Unavailable`].
    #[must_use]
    pub const fn failing(mut self, share: f64) -> Self {
        self.failing = share;
        self
    }

    /// This share of calls is done, and fails with [`ErrorKind::Unknown`].
    #[must_use]
    pub const fn losing_answers(mut self, share: f64) -> Self {
        self.losing_answers = share;
        self
    }

    /// This share of calls is not done, and does not say so: a read finds nothing, a write says that it wrote.
    #[must_use]
    pub const fn forgetting(mut self, share: f64) -> Self {
        self.forgetting = share;
        self
    }

    /// This share of calls takes so much longer.
    #[must_use]
    pub const fn slow(mut self, share: f64, by: Duration) -> Self {
        self.slow = (share, by);
        self
    }

    /// Lets every call fail with [`ErrorKind::Unavailable`] from now on, or as the shares say again.
    pub fn set_down(&self, down: bool) {
        self.shared.down.store(down, Ordering::Relaxed);
    }

    /// How many calls failed, lost their answer or were forgotten so far.
    #[must_use]
    pub fn struck(&self) -> u64 {
        self.shared.struck.load(Ordering::Relaxed)
    }

    fn verdict(&self, dice: f64) -> Verdict {
        if self.shared.down.load(Ordering::Relaxed) || dice < self.failing {
            let text = "a test lets this call fail";
            return Verdict::Fail(Error::new(ErrorKind::Unavailable, text));
        }
        let dice = dice - self.failing;
        if dice < self.losing_answers {
            let text = "a test loses the answer of this call";
            return Verdict::LoseAnswer(Error::new(ErrorKind::Unknown, text));
        }
        if dice - self.losing_answers < self.forgetting {
            return Verdict::Forget;
        }
        Verdict::Run
    }
}

impl Shared {
    /// Two numbers for one call. Taken in one step, so that calls at once on several threads do not mix theirs.
    fn roll(&self) -> (f64, f64) {
        let number = self.random.fetch_add(STEP.wrapping_mul(2), Ordering::Relaxed);
        let second = number.wrapping_add(STEP);
        (share(number), share(second))
    }
}

/// From one number to the next (Steele, Lea and Flood, "Fast splittable pseudorandom number generators").
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// From 0 to 1, without 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
const fn share(number: u64) -> f64 {
    let mut number = number.wrapping_add(STEP);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^= number >> 31;
    (number >> 11) as f64 / (1_u64 << 53) as f64
}

impl Intercept for Chaos {
    async fn before(&self, _: &Call<'_>) -> Verdict {
        let (strikes, slows) = self.shared.roll();
        let (verdict, dawdles) = (self.verdict(strikes), slows < self.slow.0);
        if dawdles {
            tokio::time::sleep(self.slow.1).await;
        }
        if !matches!(verdict, Verdict::Run) {
            self.shared.struck.fetch_add(1, Ordering::Relaxed);
        }
        verdict
    }
}
