//! Whatever fails, is dropped or is repeated at random: no key ends with, and no read gives, what an ended command of the
//! key was to replace.
//!
//! `AIOCACHE_STRESS=10` runs ten times as many rounds.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiocache_core::testing::{Call, Intercept, Intercepted, Verdict};
use aiocache_core::{
    Bytes, Cache, Error, ErrorKind, JsonSerializer, MemoryBackend, RecoverySettings, Result,
};
use tokio::time::{sleep, timeout};

#[path = "support/stress.rs"]
mod stress;

const KEYS: usize = 3;
const TASKS: u64 = 8;
const COMMANDS: u64 = 40;
const ROUNDS: u32 = 60;

/// Numbers that look random and are the same each time.
#[derive(Clone)]
struct Dice(Arc<AtomicU64>);

impl Dice {
    fn seeded(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    fn below(&self, bound: u64) -> u64 {
        let mut mixed = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, SeqCst);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A store that takes up to 100 ms for everything, and fails in turns of half a second.
#[derive(Clone)]
struct Shaky {
    dice: Dice,
    since: tokio::time::Instant,
    /// When it begins to stay well.
    until: Duration,
}

impl Intercept for Shaky {
    async fn before(&self, _call: &Call<'_>) -> Verdict {
        sleep(Duration::from_millis(self.dice.below(100))).await;
        let passed = self.since.elapsed();
        let down = passed < self.until && passed.as_millis() / 500 % 2 == 1;
        let error = |kind| Error::new(kind, "the test says so");
        match self.dice.below(4) {
            _ if !down => Verdict::Run,
            0 => Verdict::LoseAnswer(error(ErrorKind::Timeout)),
            1 => Verdict::Run,
            _ => Verdict::Fail(error(ErrorKind::Unavailable)),
        }
    }
}

/// A command of a key: what it was to leave there, and when it began and ended.
#[derive(Debug, Clone, Copy)]
struct Done {
    left: Option<u64>,
    began: u64,
    ended: u64,
}

#[derive(Default)]
struct History {
    clock: AtomicU64,
    keys: Mutex<[Vec<Done>; KEYS]>,
}

impl History {
    fn now(&self) -> u64 {
        self.clock.fetch_add(1, SeqCst)
    }

    /// Notes that a command begins, and gives its place.
    fn begin(&self, key: usize, left: Option<u64>) -> usize {
        let mut keys = self.keys.lock().expect("no panic");
        keys[key].push(Done {
            left,
            began: self.now(),
            ended: u64::MAX,
        });
        keys[key].len() - 1
    }

    fn end(&self, key: usize, place: usize) {
        self.keys.lock().expect("no panic")[key][place].ended = self.now();
    }

    /// Whether a read that began at this moment may see this: a command left it, and none that began after that one's
    /// end had ended before the read.
    fn may_be(&self, key: usize, seen: Option<u64>, read: u64) -> bool {
        let all = &self.keys.lock().expect("no panic")[key];
        let replaced = |ended: u64| all.iter().any(|one| one.began > ended && one.ended < read);
        (seen.is_none() && !all.iter().any(|one| one.ended < read))
            || all.iter().any(|one| one.left == seen && !replaced(one.ended))
    }
}

type Shaken = Cache<Intercepted<MemoryBackend<Bytes>, Shaky>, JsonSerializer>;

async fn work(cache: Shaken, history: Arc<History>, dice: Dice, task: u64) {
    for number in 0..COMMANDS {
        let place = usize::try_from(dice.below(KEYS as u64)).expect("small");
        let key = place.to_string();
        let left = match dice.below(4) {
            0 => {
                let began = history.now();
                if let Ok(seen) = cache.get::<u64>(&*key).await {
                    assert!(history.may_be(place, seen, began), "{key} is {seen:?} at {began}");
                }
                continue;
            }
            1 => None,
            _ => Some(1 + task * COMMANDS + number),
        };
        let noted = history.begin(place, left);
        let command = async {
            match left {
                Some(value) => cache.set(&*key, &value).await,
                None => cache.delete(&*key).await.map(drop),
            }
        };
        // Dropped, failed or done: what is asked is the same.
        let patience = Duration::from_millis(20 + dice.below(400));
        let _done: Option<Result<()>> = timeout(patience, command).await.ok();
        history.end(place, noted);
        sleep(Duration::from_millis(dice.below(60))).await;
    }
}

async fn round(seed: u64) {
    let dice = Dice::seeded(seed);
    let shaky = Shaky {
        dice: dice.clone(),
        since: tokio::time::Instant::now(),
        until: Duration::from_secs(4),
    };
    let backend = Intercepted::new(MemoryBackend::new(), shaky).remote();
    let builder = Cache::builder(backend).serializer(JsonSerializer);
    let cache: Shaken = builder.recover(RecoverySettings::new()).build();
    let history = Arc::<History>::default();
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| tokio::spawn(work(cache.clone(), Arc::clone(&history), dice.clone(), task)))
        .collect();
    for task in tasks {
        task.await.expect("no stale read");
    }
    sleep(Duration::from_secs(20)).await;
    assert_eq!(cache.stats().writes_queued, 0);
    let at = history.now();
    for key in 0..KEYS {
        let seen = cache
            .get::<u64>(key.to_string())
            .await
            .expect("the store is well");
        assert!(
            history.may_be(key, seen, at),
            "seed {seed}: {key} ended as {seen:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_command_of_each_key_wins_whatever_fails() {
    for seed in 0..stress::times(ROUNDS) {
        round(u64::from(seed)).await;
    }
}
