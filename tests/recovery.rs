//! Writes that fail are repeated over Redis and memcached: what the store holds in the end is what the last command of
//! each key said. A run with `AIOCACHE_STRESS=1` has longer outages and more of them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aiocache::memcached::MemcachedBackend;
use aiocache::redis::RedisBackend;
use aiocache::testing::{
    Direction, Fault, FaultProxy, MemcachedServer, Missed, RedisServer, undisturbed, while_awake,
};
use aiocache::{Backend, Bytes, Cache, JsonSerializer, RecoverySettings};
use tokio::task::JoinSet;
use tokio::time::sleep;

mod support;

const KEYS: u64 = 200;
const DEADLINE: Duration = Duration::from_millis(150);
/// How soon everything has to be repeated once the store is back.
const SOON: Duration = Duration::from_secs(10);

/// `short`, or `heavy` in a run with `AIOCACHE_STRESS` set.
fn scaled(short: u32, heavy: u32) -> u32 {
    if std::env::var_os("AIOCACHE_STRESS").is_some() {
        heavy
    } else {
        short
    }
}

type Tested<B> = Cache<B, JsonSerializer>;

/// A cache whose store can be taken away, and one that always reaches it.
struct Both<B: Backend> {
    tested: Tested<B>,
    direct: Tested<B>,
    proxy: FaultProxy,
}

impl<B: Backend<Raw = Bytes>> Both<B> {
    fn new(tested: B, direct: B, proxy: FaultProxy) -> Self {
        let builder = Cache::builder(tested)
            .serializer(JsonSerializer)
            .namespace("recovery");
        let direct = Cache::builder(direct)
            .serializer(JsonSerializer)
            .namespace("recovery");
        Self {
            tested: builder.recover(RecoverySettings::new()).build(),
            direct: direct.build(),
            proxy,
        }
    }

    fn set(&self, fault: Fault) {
        self.proxy.set(fault);
        if matches!(fault, Fault::Refuse | Fault::Pass) {
            self.proxy.cut();
        }
    }

    /// Lets the store back and waits until nothing is left to repeat. Gives how long that took.
    async fn recover(&self) -> Duration {
        self.set(Fault::Pass);
        let back = Instant::now();
        while self.tested.stats().writes_queued > 0 {
            assert!(
                back.elapsed() < SOON,
                "{} still wait",
                self.tested.stats().writes_queued
            );
            sleep(Duration::from_millis(5)).await;
        }
        back.elapsed()
    }

    async fn held(&self) -> BTreeMap<u64, u64> {
        let keys: Vec<String> = (0..KEYS).map(|key| key.to_string()).collect();
        let found = self
            .direct
            .multi_get::<u64>(keys.iter().map(String::as_str))
            .await;
        let found = found.expect("the store answers");
        (0..)
            .zip(found)
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}

async fn redis(server: &RedisServer) -> Both<RedisBackend> {
    let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
    let url = format!("redis://{}", proxy.addr());
    let tested = RedisBackend::builder(url).deadline(DEADLINE).build();
    Both::new(tested.expect("a good URL"), support::backend(server), proxy)
}

async fn memcached(server: &MemcachedServer) -> Both<MemcachedBackend> {
    let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
    let addr = proxy.addr().to_string();
    let tested = MemcachedBackend::builder()
        .server(addr)
        .deadline(DEADLINE)
        .build();
    let direct = MemcachedBackend::connect(server.url()).expect("a good URL");
    Both::new(tested.expect("a good URL"), direct, proxy)
}

/// Numbers that look random and are the same each time.
fn mixed(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32
}

/// Sets and deletes of a third of the keys go through before the store goes away, those of all keys fail after that.
async fn the_store_holds_what_the_last_commands_said<B: Backend<Raw = Bytes>>(
    both: Both<B>,
    name: &str,
) -> Result<(), Missed> {
    let mut expected = BTreeMap::new();
    let seeds: Vec<_> = (0..KEYS).map(|key| (key.to_string(), 0_u64)).collect();
    let seeded = both
        .direct
        .multi_set(seeds.iter().map(|(key, seed)| (key.as_str(), seed)));
    seeded.await.expect("the store is there");
    support::reach(&both.tested).await;
    for (round, fault) in [Fault::Refuse, Fault::BlackHole(Direction::Both)]
        .into_iter()
        .enumerate()
    {
        both.set(fault);
        let (mut commands, began) = (0, Instant::now());
        for number in 0..KEYS * 2 {
            let dice = mixed(number + KEYS * 2 * round as u64);
            // Twice through all keys, so that most have an earlier command to be replaced.
            let key = number % KEYS;
            let failed = if dice.is_multiple_of(3) {
                expected.remove(&key);
                both.tested.delete(key.to_string()).await.is_err()
            } else {
                expected.insert(key, dice);
                both.tested.set(key.to_string(), &dice).await.is_err()
            };
            assert!(failed, "the store is away");
            commands += 1;
        }
        let away = Duration::from_millis(scaled(500, 30_000).into());
        sleep(away.saturating_sub(began.elapsed())).await;
        assert_eq!(both.tested.stats().writes_queued as u64, KEYS);
        let took = both.recover().await;
        let held = both.held().await;
        // A write whose repeating is late three times becomes a delete.
        while_awake(
            &format!("{fault:?}: it holds {held:?}, expected is {expected:?}"),
            held == expected,
            DEADLINE / 2,
        )?;
        println!(
            "{name}: {fault:?}: {commands} commands of {KEYS} keys, all right {took:?} after the store was back"
        );
    }
    let stats = both.tested.stats();
    let replayed = (stats.writes_replayed, stats.writes_lost);
    while_awake(
        &format!("all are repeated and none lost: {replayed:?}"),
        replayed == (KEYS * 2, 0),
        DEADLINE / 2,
    )
}

#[tokio::test]
async fn redis_holds_what_the_last_commands_said_after_an_outage() {
    let server = support::own_redis();
    undisturbed(async || the_store_holds_what_the_last_commands_said(redis(&server).await, "redis").await)
        .await;
}

#[tokio::test]
async fn memcached_holds_what_the_last_commands_said_after_an_outage() {
    let server = MemcachedServer::start().expect("memcached starts");
    undisturbed(async || {
        the_store_holds_what_the_last_commands_said(memcached(&server).await, "memcached").await
    })
    .await;
}

const CONTENDED: u64 = 4;
const WRITERS: u64 = 12;

/// A write: when it began and when it ended, by a count of both.
type Write = (u64, u64);

#[derive(Default)]
struct History {
    count: AtomicU64,
    /// By key and by the number written.
    writes: Mutex<BTreeMap<(u64, u64), Write>>,
}

/// Writers of the same keys, while the store comes and goes.
async fn the_newest_of_many_writers_wins<B: Backend<Raw = Bytes>>(both: Both<B>, name: &str) {
    let history = Arc::<History>::default();
    let over = Instant::now() + Duration::from_millis(scaled(1_000, 60_000).into());
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (cache, history) = (both.tested.clone(), Arc::clone(&history));
        writers.spawn(async move {
            for round in 0.. {
                if Instant::now() > over {
                    return;
                }
                let key = (writer + round) % CONTENDED;
                let began = history.count.fetch_add(1, SeqCst);
                // Whether it fails or not, it is the last one said of its key for as long as no other begins.
                let _written = cache.set(key.to_string(), &began).await;
                let ended = history.count.fetch_add(1, SeqCst);
                history
                    .writes
                    .lock()
                    .expect("no panic")
                    .insert((key, began), (began, ended));
                sleep(Duration::from_millis(mixed(writer * 1_000 + round) % 7)).await;
            }
        });
    }
    let faults = [
        Fault::Refuse,
        Fault::Pass,
        Fault::BlackHole(Direction::ToClient),
        Fault::Pass,
        Fault::BlackHole(Direction::ToServer),
        Fault::Pass,
    ];
    for fault in faults.into_iter().cycle() {
        both.set(fault);
        // They end in an outage, so that something is left to repeat.
        if Instant::now() > over - Duration::from_millis(500) && fault == Fault::Refuse {
            break;
        }
        sleep(Duration::from_millis(200)).await;
    }
    while writers.join_next().await.transpose().expect("no panic").is_some() {}
    both.recover().await;
    let held = both.held().await;
    let writes = history.writes.lock().expect("no panic");
    for key in 0..CONTENDED {
        let value = held[&key];
        let (_, ended) = writes[&(key, value)];
        let later = writes.range((key, ended)..(key + 1, 0)).next();
        assert_eq!(later, None, "{key} holds {value}, which ended at {ended}");
    }
    let replayed = both.tested.stats().writes_replayed;
    assert!(replayed >= CONTENDED, "the last writes of each key failed");
    println!(
        "{name}: {} writes by {WRITERS} writers, {replayed} repeated, the newest stood at the end",
        writes.len()
    );
}

#[tokio::test]
async fn the_newest_of_many_writers_wins_on_redis() {
    let server = support::own_redis();
    the_newest_of_many_writers_wins(redis(&server).await, "redis").await;
}

#[tokio::test]
async fn the_newest_of_many_writers_wins_on_memcached() {
    let server = MemcachedServer::start().expect("memcached starts");
    the_newest_of_many_writers_wins(memcached(&server).await, "memcached").await;
}
