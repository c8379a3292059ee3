//! `#[cached_stampede]`: of many processes one loads. Two caches over one server stand for two processes here, as each
//! has flights of its own; `tests/processes` has real ones.

mod support;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use aiocache::memcached::MemcachedBackend;
use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::testing::{
    Direction, Fault, FaultProxy, MemcachedServer, Missed, RedisServer, in_time, undisturbed, while_awake,
};
use aiocache::{
    Backend, Bytes, Cache, JsonSerializer, LockGuard, RedLock, SimpleMemoryCache, Source, cached_stampede,
};
use tokio::time::sleep;

/// Longer than the lease of the functions here, so that it has to be renewed.
const LOAD: Duration = Duration::from_millis(700);

/// What a case found, which runs again when the machine stood still.
type Found = Result<(), Missed>;

/// What one process has.
struct Process<B: Backend> {
    cache: Cache<B, JsonSerializer>,
    runs: AtomicU32,
}

impl<B: Backend<Raw = Bytes>> Process<B> {
    fn over(backend: B) -> Self {
        let builder = Cache::builder(backend).serializer(JsonSerializer);
        Self {
            cache: builder.namespace("users").build(),
            runs: AtomicU32::new(0),
        }
    }

    #[cached_stampede(cache = self.cache, key = "{id}", lease = "200ms")]
    async fn load(&self, id: u32) -> Option<String> {
        self.runs.fetch_add(1, SeqCst);
        sleep(LOAD).await;
        Some(id.to_string())
    }

    #[cached_stampede(cache = self.cache, key = "quick:{id}", max_wait = "300ms")]
    async fn quick(&self, id: u32) -> Result<String, u32> {
        let run = self.runs.fetch_add(1, SeqCst);
        if id == 0 { Err(run) } else { Ok(id.to_string()) }
    }

    #[cached_stampede(cache = self.cache, key = "slow:{id}", lease = 30)]
    async fn slow(&self, id: u32) -> Option<String> {
        sleep(LOAD).await;
        Some(id.to_string())
    }

    #[cached_stampede(cache = self.cache, key = "plain:{id}", lease = 0)]
    async fn without_a_lock(&self, id: u32) -> Option<u32> {
        self.runs.fetch_add(1, SeqCst);
        Some(id)
    }

    fn runs(&self) -> u32 {
        self.runs.swap(0, SeqCst)
    }

    /// The lock of a key is let go in the background.
    async fn is_free(&self, key: &str) {
        for _ in 0..100 {
            if !self.cache.exists(format!("{key}-lock")).await.expect("answered") {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("the lock of {key} is still there");
    }
}

async fn one_of_two_loads<B: Backend<Raw = Bytes>>(here: Process<B>, there: Process<B>) -> Found {
    let both = async {
        tokio::join!(here.load(1), here.load(1), there.load(1), there.load(1), async {
            sleep(LOAD / 2).await;
            here.cache.exists("1-lock").await.expect("answered")
        })
    };
    let start = Instant::now();
    let (a, b, c, d, locked) = both.await;
    let took = start.elapsed();
    for value in [a, b, c, d] {
        assert_eq!(value.as_deref(), Some("1"));
    }
    let one = here.runs() + there.runs() == 1;
    // Renewed when a third of it has passed, a lease of 200 ms is.
    while_awake("one load, under a lock", one && locked, LOAD / 7)?;
    // The longest pause between two looks, and what a busy machine adds.
    in_time("all calls", took, LOAD + Duration::from_millis(500))?;
    here.is_free("1").await;
    Ok(())
}

async fn a_failed_load_is_followed_by_another<B: Backend<Raw = Bytes>>(
    here: Process<B>,
    there: Process<B>,
) -> Found {
    let (one, other) = tokio::join!(here.quick(0), there.quick(0));
    assert!(one.is_err() && other.is_err());
    assert_eq!((here.runs(), there.runs()), (1, 1));
    here.is_free("quick:0").await;
    Ok(())
}

async fn a_dead_owner_costs_its_lease<B: Backend<Raw = Bytes>>(here: Process<B>, there: Process<B>) -> Found {
    // Nobody renews or releases this one.
    let token = Bytes::from_static(b"a process that died");
    let backend = there.cache.backend();
    let taken = backend
        .add("users:7-lock", token, Some(Duration::from_secs(1)))
        .await;
    assert!(taken.expect("answered"));
    let start = Instant::now();
    assert_eq!(here.load(7).await.as_deref(), Some("7"));
    let waited = start.elapsed() - LOAD;
    in_time("the wait", waited, Duration::from_millis(1500))?;
    assert_eq!(here.runs(), 1);
    here.is_free("7").await;
    Ok(())
}

async fn nobody_waits_longer_than_max_wait<B: Backend<Raw = Bytes>>(
    here: Process<B>,
    there: Process<B>,
) -> Found {
    let lock = RedLock::new(&there.cache, "quick:5", Duration::from_secs(30));
    let guard = lock.acquire().await.expect("answered").expect("free");
    let start = Instant::now();
    let (value, source) = aiocache::observe(here.quick(5)).await;
    let waited = start.elapsed();
    assert_eq!((value.as_deref(), source), (Ok("5"), Source::Loaded));
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    in_time("the wait", waited, Duration::from_millis(800))?;
    assert!(
        guard.release().await.expect("answered"),
        "another's lock is left alone"
    );
    Ok(())
}

async fn a_value_that_comes_ends_the_wait<B: Backend<Raw = Bytes>>(
    here: Process<B>,
    there: Process<B>,
) -> Found {
    let lock = RedLock::new(&there.cache, "9", Duration::from_secs(30));
    let _guard = lock.acquire().await.expect("answered").expect("free");
    let waits = aiocache::observe(here.load(9));
    let comes = async {
        sleep(Duration::from_millis(150)).await;
        there.cache.set("9", "nine").await.expect("written");
    };
    let ((value, source), ()) = tokio::join!(waits, comes);
    assert_eq!((value.as_deref(), source), (Some("nine"), Source::Hit));
    assert_eq!(here.runs(), 0);
    Ok(())
}

async fn a_lease_of_zero_waits_for_no_lock<B: Backend<Raw = Bytes>>(
    here: Process<B>,
    there: Process<B>,
) -> Found {
    let lock = RedLock::new(&there.cache, "plain:3", Duration::from_secs(30));
    let _guard = lock.acquire().await.expect("answered").expect("free");
    let start = Instant::now();
    assert_eq!(here.without_a_lock(3).await, Some(3));
    in_time("the call", start.elapsed(), Duration::from_millis(500))
}

macro_rules! on_both {
    ($($case:ident)*) => {
        mod redis {
            $(#[tokio::test]
            async fn $case() {
                super::undisturbed(async || {
                    let server = super::RedisServer::start().expect("redis-server starts");
                    let process = || super::Process::over(super::support::backend(&server));
                    super::$case(process(), process()).await
                })
                .await;
            })*
        }

        mod memcached {
            $(#[tokio::test]
            async fn $case() {
                super::undisturbed(async || {
                    let server = super::MemcachedServer::start().expect("memcached starts");
                    let backend = || super::MemcachedBackend::connect(server.url()).expect("a good URL");
                    super::$case(super::Process::over(backend()), super::Process::over(backend())).await
                })
                .await;
            })*
        }
    };
}

on_both! {
    one_of_two_loads
    a_failed_load_is_followed_by_another
    a_dead_owner_costs_its_lease
    nobody_waits_longer_than_max_wait
    a_value_that_comes_ends_the_wait
    a_lease_of_zero_waits_for_no_lock
}

#[tokio::test]
async fn a_store_that_is_down_holds_up_no_function() {
    undisturbed(async || {
        let mut server = support::own_redis();
        let process = Process::over(support::backend(&server));
        server.kill().expect("the server obeys");
        let start = Instant::now();
        assert_eq!(process.quick(1).await.as_deref(), Ok("1"));
        in_time("the call", start.elapsed(), Duration::from_millis(900))
    })
    .await;
}

/// A process whose link to the store can fail, beside one that has the lock of its key.
struct Apart {
    proxy: FaultProxy,
    cache: RedisCache,
    there: RedisCache,
    runs: AtomicU32,
    _server: RedisServer,
    guard: LockGuard<RedisBackend>,
}

impl Apart {
    async fn new() -> Self {
        let server = support::own_redis();
        let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
        let through = RedisBackend::builder(format!("redis://{}", proxy.addr())).deadline(LOAD / 7);
        let cache = Cache::builder(through.build().expect("a good URL")).build();
        support::reach(&cache).await;
        let there: RedisCache = Cache::builder(support::backend(&server)).build();
        let lock = RedLock::new(&there, "1", Duration::from_secs(30));
        Self {
            cache,
            runs: AtomicU32::new(0),
            guard: lock.acquire().await.expect("answered").expect("free"),
            proxy,
            there,
            _server: server,
        }
    }

    #[cached_stampede(cache = self.cache, key = "{id}", lease = "600ms")]
    async fn load(&self, id: u32) -> Option<u32> {
        self.runs.fetch_add(1, SeqCst);
        Some(id)
    }

    #[cached_stampede(cache = self.cache, key = "{id}", lease = 30)]
    async fn load_patiently(&self, id: u32) -> Option<u32> {
        self.runs.fetch_add(1, SeqCst);
        Some(id)
    }

    /// Waits until a call has been told that the lock is another's.
    async fn refused(&self) -> Found {
        // A read and an attempt of each round are answered in a few bytes.
        let enough = self.proxy.bytes_to_client() + 20;
        let start = Instant::now();
        while self.proxy.bytes_to_client() < enough {
            if start.elapsed() > 10 * LOAD {
                return while_awake("a call asks for the lock again and again", false, LOAD / 10);
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }
}

/// One question that the store did not answer ended the wait, though the owner had been there a moment before.
#[tokio::test]
async fn a_store_that_answers_nothing_for_a_while_ends_no_wait_for_an_owner_that_was_there() {
    undisturbed(async || {
        let apart = Apart::new().await;
        let comes = async {
            let refused = apart.refused().await;
            apart.proxy.set(Fault::Stall(Direction::Both));
            // Longer than a read and an attempt may take.
            sleep(Duration::from_millis(400)).await;
            let runs = apart.runs.load(SeqCst);
            apart.proxy.set(Fault::Pass);
            (refused, runs, apart.there.set("1", &7_u32).await)
        };
        let (value, (refused, runs, set)) = tokio::join!(apart.load_patiently(1), comes);
        refused?;
        set.expect("written");
        assert_eq!((runs, apart.runs.load(SeqCst), value), (0, 0, Some(7)));
        assert!(apart.guard.release().await.expect("answered"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn a_store_that_goes_away_ends_the_wait_for_an_owner_when_its_lease_is_over() {
    undisturbed(async || {
        let apart = Apart::new().await;
        let goes_away = async {
            let refused = apart.refused().await;
            apart.proxy.set(Fault::Refuse);
            apart.proxy.cut();
            (refused, Instant::now())
        };
        let ((value, loaded), (refused, gone)) =
            tokio::join!(async { (apart.load(1).await, Instant::now()) }, goes_away);
        refused?;
        assert_eq!((value, apart.runs.load(SeqCst)), (Some(1), 1));
        let waited = loaded - gone;
        // The last refusal was up to a pause before.
        while_awake(
            &format!("it waits for {waited:?}, until the lease is over"),
            waited >= Duration::from_millis(300),
            Duration::from_millis(100),
        )?;
        in_time("the wait", waited, Duration::from_secs(3))
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_goes_away_lets_the_lock_go() {
    let server = support::own_redis();
    let process = Process::over(support::backend(&server));
    let call = tokio::time::timeout(LOAD / 2, process.slow(4));
    assert!(call.await.is_err());
    // Long before the lease would end it.
    process.is_free("slow:4").await;
    assert_eq!(process.slow(4).await.as_deref(), Some("4"));
}

#[tokio::test]
async fn a_detached_load_keeps_its_lock_without_its_caller() {
    undisturbed(async || {
        #[cached_stampede(cache = cache, key = "{id}", lease = "300ms", detached)]
        async fn load(cache: &RedisCache, id: u32) -> Option<u32> {
            sleep(LOAD).await;
            Some(id)
        }

        let server = support::own_redis();
        let cache: RedisCache = Cache::builder(support::backend(&server)).build();
        assert!(tokio::time::timeout(LOAD / 2, load(&cache, 6)).await.is_err());
        let locked = cache.exists("6-lock").await.expect("answered");
        while_awake("a lease of 300 ms that was renewed lasts", locked, LOAD / 5)?;
        sleep(LOAD).await;
        assert_eq!(cache.get("6").await.expect("answered"), Some(6));
        assert!(!cache.exists("6-lock").await.expect("answered"));
        Ok(())
    })
    .await;
}

#[tokio::test]
async fn the_lock_stays_until_a_store_that_nobody_waits_for_has_ended() {
    #[cached_stampede(cache = cache, key = "{id}")]
    async fn load(cache: &RedisCache, id: u32) -> Option<u32> {
        sleep(LOAD).await;
        Some(id)
    }

    let server = support::own_redis();
    let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
    let through = RedisBackend::connect(format!("redis://{}", proxy.addr())).expect("a good URL");
    let through: RedisCache = Cache::builder(through).build();
    let cache: RedisCache = Cache::builder(support::backend(&server)).build();
    through.ping().await.expect("connected");
    let call = aiocache::scope().wait_for_write(false).run(load(&through, 1));
    let slows_down = async {
        sleep(LOAD / 2).await;
        // The next command is the store.
        proxy.set(Fault::Delay {
            to_server: Duration::from_millis(250),
            to_client: Duration::ZERO,
        });
    };
    let (value, ()) = tokio::join!(call, slows_down);
    assert_eq!(value, Some(1));
    let mut stored_first = false;
    while cache.exists("1-lock").await.expect("answered") {
        stored_first = cache.exists("1").await.expect("answered");
        sleep(Duration::from_millis(5)).await;
    }
    assert!(stored_first, "the lock went before the value came");
}

#[tokio::test]
async fn memory_takes_no_lock() {
    static CACHE: std::sync::LazyLock<SimpleMemoryCache> = std::sync::LazyLock::new(SimpleMemoryCache::new);

    #[cached_stampede(cache = CACHE, key = "{id}")]
    async fn load(id: u32) -> Option<bool> {
        CACHE.exists(format!("{id}-lock")).await.ok()
    }

    assert_eq!(load(1).await, Some(false));
}
