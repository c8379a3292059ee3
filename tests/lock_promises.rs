//! P16, P17 and P18 of `docs/reliability.md`, each with its fault and its load. A run with `AIOCACHE_STRESS=1` has the
//! full load, and takes minutes.

#[path = "support/stores.rs"]
mod stores;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use aiocache::memcached::{MemcachedBackend, MemcachedCache};
use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::testing::{MemcachedServer, RedisServer};
use aiocache::{Backend, Cache, Dump, Error, ErrorKind, Load, LockGuard, OptimisticLock, RedLock};
use tokio::time::sleep;

/// `short`, or `heavy` in a run with `AIOCACHE_STRESS` set.
fn scaled(short: usize, heavy: usize) -> usize {
    if std::env::var_os("AIOCACHE_STRESS").is_some() {
        heavy
    } else {
        short
    }
}

fn redis(server: &RedisServer) -> RedisCache {
    let backend = RedisBackend::connect(server.url()).expect("a good URL");
    Cache::builder(backend).namespace("promises").build()
}

fn is_coarse<B: Backend, S>(cache: &Cache<B, S>) -> bool {
    cache.backend().capabilities().ttl_resolution >= Duration::from_secs(1)
}

const WORKERS: usize = 32;

/// A lock under contention, and what its owners saw.
#[derive(Default)]
struct Contended {
    /// When the last owner's lease surely ends, in microseconds of the test; 0 once it is released.
    until: AtomicU64,
    had: AtomicUsize,
    /// Owners whose work took longer than their lease.
    late: AtomicUsize,
    /// Locks that were gone though their lease lasted.
    foreign: AtomicUsize,
    /// Attempts that the store did not answer.
    failed: AtomicUsize,
    /// Owners that came while another's lease lasted.
    overlaps: AtomicUsize,
}

/// How hard the workers contend.
#[derive(Clone, Copy)]
struct Contest {
    rounds: usize,
    lease: Duration,
    /// Longer than the lease can last.
    late: Duration,
    start: Instant,
}

impl Contest {
    fn over<B: Backend, S>(cache: &Cache<B, S>) -> Self {
        let (lease, late, short) = if is_coarse(cache) {
            (200, 3200, 12)
        } else {
            (50, 80, 20)
        };
        Self {
            rounds: scaled(short, 400),
            lease: Duration::from_millis(lease),
            late: Duration::from_millis(late),
            start: Instant::now(),
        }
    }

    /// What one worker does: in one round of eight it is late.
    async fn work<B: Backend, S>(self, cache: Cache<B, S>, locks: Arc<[Contended]>, worker: usize) {
        for round in 0..self.rounds {
            let key = (worker + round * 7) % locks.len();
            let lock = RedLock::new(&cache, format!("p16-{key}"), self.lease);
            let is_late = (worker + round).is_multiple_of(8);
            match lock.acquire().await {
                Ok(Some(guard)) => self.own(guard, &locks[key], is_late).await,
                Ok(None) => {}
                Err(error) => locks[key].note_failure(&error),
            }
        }
    }

    async fn own<B: Backend>(self, guard: LockGuard<B>, seen: &Contended, is_late: bool) {
        let now = u64::try_from(self.start.elapsed().as_micros()).expect("short");
        let until = now + u64::try_from(guard.remaining().as_micros()).expect("short");
        seen.overlaps
            .fetch_add(usize::from(seen.until.swap(until, SeqCst) > now), SeqCst);
        seen.had.fetch_add(1, SeqCst);
        if is_late {
            sleep(self.late).await;
            seen.late.fetch_add(1, SeqCst);
        } else {
            tokio::task::yield_now().await;
            // Only if it is still this owner's: a late one has a successor by now.
            let _ = seen.until.compare_exchange(until, 0, SeqCst, SeqCst);
        }
        let (left, released) = (guard.remaining(), Instant::now());
        match guard.release().await {
            Ok(was_had) => {
                let gone = !was_had && released.elapsed() < left;
                seen.foreign.fetch_add(usize::from(gone), SeqCst);
            }
            Err(error) => seen.note_failure(&error),
        }
    }
}

impl Contended {
    /// A store may leave a question open: memcached has four connections, and a machine can be busy.
    fn note_failure(&self, error: &Error) {
        assert!(error.is_transient(), "{error}");
        self.failed.fetch_add(1, SeqCst);
    }
}

/// P16: a lock is released only by its owner, with owners that are late.
async fn only_its_owner_releases_a_lock<B: Backend, S: Send + Sync + 'static>(cache: Cache<B, S>) {
    let (contest, coarse) = (Contest::over(&cache), is_coarse(&cache));
    let Contest {
        rounds,
        lease,
        late,
        start,
    } = contest;
    // Where a lease is three seconds, fewer wait for one another.
    let locks: Arc<[Contended]> = (0..if coarse { 32 } else { 4 })
        .map(|_| Contended::default())
        .collect();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| tokio::spawn(contest.work(cache.clone(), Arc::clone(&locks), worker)))
        .collect();
    for worker in workers {
        worker.await.expect("no panic");
    }
    let sum = |count: fn(&Contended) -> &AtomicUsize| locks.iter().map(|seen| count(seen).load(SeqCst)).sum();
    let had: usize = sum(|seen| &seen.had);
    let were_late: usize = sum(|seen| &seen.late);
    let failed: usize = sum(|seen| &seen.failed);
    let foreign: usize = sum(|seen| &seen.foreign);
    let overlaps: usize = sum(|seen| &seen.overlaps);
    sleep(if coarse { late } else { 2 * lease }).await;
    let mut left = 0;
    for key in 0..locks.len() {
        left += usize::from(cache.exists(format!("p16-{key}-lock")).await.expect("answered"));
    }
    println!(
        "P16 {}: {} rounds of {WORKERS} workers: had {had}, late {were_late}, without an answer {failed}, foreign releases {foreign}, overlaps {overlaps}, \
         left after the lease {left}, took {:?}",
        cache.backend().name(),
        WORKERS * rounds,
        start.elapsed()
    );
    assert!(
        were_late >= WORKERS / 4 && had > 2 * were_late,
        "had {had}, late {were_late}"
    );
    assert_eq!((foreign, overlaps, left), (0, 0, 0));
}

/// P18: an optimistic lock loses nothing.
async fn no_increment_is_lost<B: Backend, S>(cache: Cache<B, S>)
where
    S: Dump<String, B::Raw> + Load<String, B::Raw> + Send + Sync + 'static,
{
    let (writers, each) = (16, scaled(20, 200));
    let conflicts = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (lock, conflicts) = (OptimisticLock::new(&cache, "p18"), Arc::clone(&conflicts));
            tokio::spawn(async move {
                for _ in 0..each {
                    loop {
                        let (seen, snapshot) = lock.read::<String>().await.expect("answered");
                        // Memory does not let the others in by itself.
                        tokio::task::yield_now().await;
                        let counter: usize = seen.map_or(0, |text| text.parse().expect("a number"));
                        match snapshot.cas(&(counter + 1).to_string()).await {
                            Ok(()) => break,
                            Err(error) => assert_eq!(error.kind(), ErrorKind::OptimisticLock),
                        }
                        conflicts.fetch_add(1, SeqCst);
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    let counter = cache
        .get::<String>("p18")
        .await
        .expect("answered")
        .expect("counted");
    println!(
        "P18 {}: {} increments of {writers} writers: counter {counter}, conflicts {}",
        cache.backend().name(),
        writers * each,
        conflicts.load(SeqCst)
    );
    assert_eq!(counter, (writers * each).to_string());
}

/// P18: of many that saw the key missing, one writes it.
async fn one_of_many_makes_a_missing_key<B: Backend, S>(cache: Cache<B, S>)
where
    S: Dump<String, B::Raw> + Load<String, B::Raw> + Send + Sync + 'static,
{
    for round in 0..scaled(10, 100) {
        let lock = OptimisticLock::new(&cache, format!("p18-missing-{round}"));
        let mut snapshots = Vec::new();
        for _ in 0..16 {
            snapshots.push(lock.acquire().await.expect("answered"));
        }
        let tasks: Vec<_> = (0..)
            .zip(snapshots)
            .map(|(writer, snapshot)| tokio::spawn(async move { snapshot.cas(&format!("{writer}")).await }))
            .collect();
        let mut written = 0;
        for task in tasks {
            match task.await.expect("no panic") {
                Ok(()) => written += 1,
                Err(error) => assert_eq!(error.kind(), ErrorKind::OptimisticLock),
            }
        }
        assert_eq!(written, 1);
    }
}

stores::on_every_store! {
    only_its_owner_releases_a_lock
    no_increment_is_lost
    one_of_many_makes_a_missing_key
}

/// P18: a restarted memcached gives the same numbers again, to other writes.
#[tokio::test]
async fn a_snapshot_does_not_outlive_a_restart_of_memcached() {
    let mut server = MemcachedServer::start().expect("memcached starts");
    let cache: MemcachedCache =
        Cache::builder(MemcachedBackend::connect(server.url()).expect("a good URL")).build();
    for writes_before in 0..scaled(3, 20) {
        for n in 0..=writes_before {
            cache.set("key", &n).await.expect("written");
        }
        let number = async || cache.raw(&[b"mg", b"key", b"c"]).await.expect("answered");
        let seen = number().await;
        let stale = OptimisticLock::new(&cache, "key").acquire().await;
        let stale = stale.expect("answered");
        server.kill().expect("the server obeys");
        server.restart().expect("the server obeys");
        // Until a write of another value has the number of the one that was seen.
        let mut writes = 0;
        while writes == 0 || number().await != seen {
            cache.set("key", &(1000 + writes)).await.expect("written");
            writes += 1;
            assert!(writes < 1000, "the numbers begin anew");
        }
        let error = stale.cas(&-1).await.expect_err("a conflict");
        assert_eq!(error.kind(), ErrorKind::OptimisticLock);
        assert_eq!(cache.get("key").await.expect("answered"), Some(999 + writes));
    }
}

/// What a lock guards, with the rule that fencing tokens are for.
#[derive(Default)]
struct Guarded {
    largest: u64,
    refused: usize,
}

impl Guarded {
    fn write(&mut self, token: u64) -> bool {
        let fits = token >= self.largest;
        self.largest = self.largest.max(token);
        self.refused += usize::from(!fits);
        fits
    }
}

async fn token<B: Backend>(lock: &RedLock<B>) -> u64 {
    let guard = lock.acquire().await.expect("answered").expect("free");
    let token = guard.fencing_token().expect("Redis gives one");
    // As one that dies: nothing is released.
    std::mem::forget(guard);
    token
}

/// P17: fencing tokens rise over expiry, eviction and restarts, and a late owner's write is refused.
#[tokio::test]
async fn fencing_tokens_rise_whatever_the_store_loses() {
    let mut server = RedisServer::start().expect("redis-server starts");
    let cache = redis(&server);
    let lock = RedLock::new(&cache, "p17", Duration::from_secs(30));
    let mut guarded = Guarded::default();
    let pairs = scaled(50, 500);
    let (mut restarts, mut evictions) = (0, 0);
    for pair in 0..pairs {
        let late = token(&lock).await;
        assert!(guarded.write(late), "{late} after {}", guarded.largest);
        if pair % 10 == 9 {
            // Nothing is saved: lock and token are gone.
            server.kill().expect("the server obeys");
            server.restart().expect("the server obeys");
            // A lock is not asked for twice, so it would tell of the broken connection.
            cache.ping().await.expect("it is back");
            restarts += 1;
        } else if pair % 2 == 0 {
            cache.clear_all().await.expect("emptied");
            evictions += 1;
        } else {
            cache.delete("p17-lock").await.expect("deleted");
        }
        let next = token(&lock).await;
        assert!(guarded.write(next), "{next} after {}", guarded.largest);
        assert!(!guarded.write(late));
        cache.delete("p17-lock").await.expect("deleted");
    }
    println!(
        "P17: {} acquisitions, {restarts} restarts, {evictions} times emptied: late writes refused {} of {pairs}",
        2 * pairs,
        guarded.refused
    );
    assert_eq!(guarded.refused, pairs);
}

/// P17 with a clock that was an hour ahead: the tokens go on from there, and fall only with the store's data.
#[tokio::test]
async fn fencing_tokens_rise_from_a_token_that_is_ahead_until_the_data_are_lost() {
    let server = RedisServer::start().expect("redis-server starts");
    let cache = redis(&server);
    let lock = RedLock::new(&cache, "p17", Duration::from_secs(30));
    let now = token(&lock).await;
    cache.delete("p17-lock").await.expect("deleted");
    let ahead = now + 3_600_000_000;
    let fence: &[u8] = b"{promises:p17-lock}-fence";
    let set = cache.raw(&[b"SET", fence, ahead.to_string().as_bytes()]).await;
    set.expect("written");
    for step in 1..=10 {
        assert_eq!(token(&lock).await, ahead + step);
        cache.delete("p17-lock").await.expect("deleted");
    }
    // The token is kept until the clock is a day past it.
    let left = cache.raw(&[b"PTTL", fence]).await.expect("answered");
    let hours = left.as_integer().expect("a number") / 3_600_000;
    assert!((24..=25).contains(&hours), "{hours}");

    cache.clear_all().await.expect("emptied");
    let fallen = token(&lock).await;
    assert!(fallen < ahead && fallen > now, "{now} < {fallen} < {ahead}");
}
