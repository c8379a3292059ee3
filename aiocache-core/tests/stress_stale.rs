//! P15: what was read from the source before an invalidation is never seen after it.
//!
//! Short by default; `AIOCACHE_STRESS=10` runs ten times as many rounds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use aiocache_core::{Backend, Cache, Dump, KeyBuf, Load, MemoryBackend, Policy};
use tokio::task::{JoinSet, yield_now};

#[path = "support/slow.rs"]
mod slow;
#[path = "support/stress.rs"]
mod stress;

use slow::Slow;
use stress::times;

const KEYS: usize = 4;
const READERS: usize = 3;

/// One entry of the source of truth.
#[derive(Debug, Default)]
struct Entry {
    version: AtomicU64,
    /// The newest version whose invalidation is over: no call that begins now may see an older one.
    floor: AtomicU64,
}

/// How a writer tells the cache of a new version.
#[derive(Debug, Clone, Copy)]
enum How {
    Delete,
    MultiDelete,
    Set,
    MultiSet,
    Clear,
    Refresh,
}

struct Race<B: Backend> {
    cache: Cache<B>,
    source: [Entry; KEYS],
    over: AtomicBool,
    reads: AtomicU64,
    loads: AtomicU64,
}

impl<B: Backend> Race<B>
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    /// Reads the source as a slow query does: the answer is older than its arrival.
    async fn query(&self, key: usize) -> u64 {
        let version = self.source[key].version.load(Ordering::SeqCst);
        for _ in 0..self.loads.fetch_add(1, Ordering::Relaxed) % 5 {
            yield_now().await;
        }
        version
    }

    async fn read_one(&self, key: usize) {
        let floor = self.source[key].floor.load(Ordering::SeqCst);
        let load = || async { Ok::<_, String>(self.query(key).await) };
        let read = self
            .cache
            .get_or_load(key.to_string(), &Policy::new(), load)
            .await;
        self.check(key, floor, read.expect("the source answers"));
    }

    async fn read_all(&self) {
        let floors: Vec<u64> = self
            .source
            .iter()
            .map(|entry| entry.floor.load(Ordering::SeqCst))
            .collect();
        let load = |keys: Vec<String>| async {
            let mut found = BTreeMap::new();
            for key in keys {
                let version = self.query(key.parse().expect("a number")).await;
                found.insert(key, version);
            }
            Ok::<_, String>(found)
        };
        let keys = (0..KEYS).map(|key| key.to_string());
        let read = self.cache.multi_get_or_load(keys, &Policy::new(), load).await;
        for (key, version) in read.expect("the source answers") {
            let key: usize = key.parse().expect("a number");
            self.check(key, floors[key], version);
        }
    }

    fn check(&self, key: usize, floor: u64, version: u64) {
        self.reads.fetch_add(1, Ordering::Relaxed);
        assert!(version >= floor, "stale: key {key} was {version} after {floor}");
    }

    async fn write(&self, key: usize, how: How) {
        let version = self.source[key].version.fetch_add(1, Ordering::SeqCst) + 1;
        let text = key.to_string();
        let cache = &self.cache;
        let done = match how {
            How::Delete => cache.delete(&text).await.map(drop),
            How::MultiDelete => cache.multi_delete([&text]).await.map(drop),
            How::Set => cache.set(&text, &version).await,
            How::MultiSet => cache.multi_set([(&text, &version)]).await,
            How::Clear => cache.clear().await,
            How::Refresh => {
                let call = cache.__call(cache.__kind::<u64, false>().__kind().__share());
                let mut stored: KeyBuf = cache.__key();
                stored.__text(&text);
                call.__refresh(&stored, Policy::new(), || self.query(key)).await;
                Ok(())
            }
        };
        done.expect("the store answers");
        self.source[key].floor.store(version, Ordering::SeqCst);
    }
}

async fn race<B: Backend>(backend: B, hows: &'static [How])
where
    B::Serializer: Load<u64, B::Raw> + Dump<u64, B::Raw>,
{
    let race = Arc::new(Race {
        cache: Cache::builder(backend).namespace("race").build(),
        source: Default::default(),
        over: AtomicBool::new(false),
        reads: AtomicU64::new(0),
        loads: AtomicU64::new(0),
    });
    let mut readers = JoinSet::new();
    for number in 0..KEYS * READERS + 1 {
        let race = Arc::clone(&race);
        readers.spawn(async move {
            while !race.over.load(Ordering::Relaxed) {
                if number < KEYS * READERS {
                    race.read_one(number % KEYS).await;
                } else {
                    race.read_all().await;
                }
                yield_now().await;
            }
        });
    }
    let mut writers = JoinSet::new();
    let rounds = times(10_000) as usize / KEYS;
    for key in 0..KEYS {
        let race = Arc::clone(&race);
        writers.spawn(async move {
            for round in 0..rounds {
                race.write(key, hows[round % hows.len()]).await;
                race.read_one(key).await;
                for _ in 0..round % 3 {
                    yield_now().await;
                }
            }
        });
    }
    writers.join_all().await;
    race.over.store(true, Ordering::Relaxed);
    readers.join_all().await;
    assert_eq!(race.cache.loads_under_way(), 0);
    let (reads, loads) = (
        race.reads.load(Ordering::Relaxed),
        race.loads.load(Ordering::Relaxed),
    );
    assert!(loads < reads, "nothing was ever cached");
}

const INVALIDATIONS: &[How] = &[How::Delete, How::Set, How::Clear, How::MultiDelete, How::MultiSet];
/// Without `clear`, which touches the keys of other writers.
const REFRESHES: &[How] = &[How::Refresh, How::Refresh, How::Delete, How::Set];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_in_memory() {
    race(MemoryBackend::<aiocache_core::Object>::new(), INVALIDATIONS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_behind_a_wire() {
    race(Slow::<MemoryBackend>::default(), INVALIDATIONS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_after_a_refresh_in_memory() {
    race(MemoryBackend::<aiocache_core::Object>::new(), REFRESHES).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_read_is_stale_after_a_refresh_behind_a_wire() {
    race(Slow::<MemoryBackend>::default(), REFRESHES).await;
}
