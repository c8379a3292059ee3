//! What is cached, and which keys are asked for: the same for every contender.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hitbox_fn::CacheableResponse;
use serde::{Deserialize, Serialize};

static CAPACITY: OnceLock<usize> = OnceLock::new();

/// The bound of every bounded contender: no set of keys that is to be found comes near it, whatever its shards do.
pub(crate) fn capacity() -> usize {
    *CAPACITY.get_or_init(|| 200_000)
}

/// Sets another bound for this process, before its first contender is called.
pub(crate) fn set_capacity(entries: usize) {
    CAPACITY.set(entries).expect("nobody has asked for it yet");
}

/// Seconds; longer than any run.
pub(crate) const TTL: u64 = 3_600;

static LOADS: AtomicU64 = AtomicU64::new(0);
static SLOW: AtomicBool = AtomicBool::new(false);

/// What a cached function returns.
pub(crate) trait Value: Clone + Send + Sync + 'static {
    const NAME: &'static str;

    fn of(key: u64) -> Self;
}

/// 20 bytes.
impl Value for String {
    const NAME: &'static str = "String of 20 bytes";

    fn of(key: u64) -> Self {
        format!("value of {key:>11}")
    }
}

/// 200 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, CacheableResponse)]
pub(crate) struct Record {
    id: u64,
    scores: [u64; 24],
}

impl Value for Record {
    const NAME: &'static str = "struct of 200 bytes";

    fn of(key: u64) -> Self {
        Self {
            id: key,
            scores: std::array::from_fn(|n| key + n as u64),
        }
    }
}

/// The body of every cached function.
pub(crate) async fn load<V: Value>(key: u64) -> V {
    LOADS.fetch_add(1, Ordering::Relaxed);
    if SLOW.load(Ordering::Relaxed) {
        // Boxed, so that where nothing waits no future has the room for it.
        Box::pin(source()).await;
    }
    V::of(key)
}

/// A source that answers after a millisecond, over as many connections as the runtime has blocking threads.
async fn source() {
    let answer = tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_millis(1)));
    answer.await.expect("sleeping does not panic");
}

/// Whether every load asks a source from now on.
pub(crate) fn set_slow(slow: bool) {
    SLOW.store(slow, Ordering::Relaxed);
}

/// How often [`load`] ran so far.
pub(crate) fn loads() -> u64 {
    LOADS.load(Ordering::Relaxed)
}

/// Keys for each task, in the order it asks for them.
pub(crate) type Streams = Vec<Arc<[u32]>>;

/// One stream of `calls / tasks` keys a task, Zipf-distributed with exponent 0.99 over `keys` keys.
pub(crate) fn zipf(keys: u32, tasks: usize, calls: usize, seed: u64) -> Streams {
    let mut random = Random(seed);
    let mut sum = 0.0;
    let weights = (1..=keys).map(|rank| {
        sum += f64::from(rank).powf(-0.99);
        sum
    });
    let cumulated: Vec<f64> = weights.collect();
    // A popular key has neighbours of any rank.
    let mut by_rank: Vec<u32> = (0..keys).collect();
    for n in (1..by_rank.len()).rev() {
        by_rank.swap(n, random.below(n + 1));
    }
    let mut key = || {
        let at = random.fraction() * sum;
        let rank = cumulated.partition_point(|&weight| weight < at);
        by_rank[rank.min(by_rank.len() - 1)]
    };
    (0..tasks)
        .map(|_| (0..calls / tasks).map(|_| key()).collect())
        .collect()
}

/// One stream a task of keys that follow each other.
pub(crate) fn ascending(from: u32, tasks: usize, calls: usize) -> Streams {
    let each = u32::try_from(calls / tasks).expect("keys are below 2^32");
    let tasks = u32::try_from(tasks).expect("a few tasks");
    (0..tasks)
        .map(|task| Arc::from_iter((from + task * each)..(from + (task + 1) * each)))
        .collect()
}

/// `SplitMix64`: the same numbers in every run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From 0 up to `limit`.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        // Exact to one in 2^40 for the limits used here.
        usize::try_from(self.next() % limit as u64).expect("below a usize")
    }
}
