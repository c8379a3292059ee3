//! A store that is away for half a minute, on a paused clock: functions with policies answer all the same, and in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::time::Duration;

use aiocache_core::testing::{Call, Intercept, Intercepted, Verdict};
use aiocache_core::{
    Background, Bytes, Cache, Error, ErrorKind, JsonSerializer, MemoryBackend, Policy, Source, Timed, Ttl,
    observe,
};
use tokio::time::{Instant, advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
/// Of the cache, so of its store.
const TIMEOUT: Duration = Duration::from_millis(500);
/// How long the source takes.
const LOAD: Duration = Duration::from_millis(100);
/// What a timer may be late, twice.
const GRAIN: Duration = Duration::from_millis(4);

const UP: u8 = 0;
const REFUSES: u8 = 1;
const HANGS: u8 = 2;

/// A store that is there, refuses, or never answers.
#[derive(Clone, Default)]
struct Outage(Arc<AtomicU8>);

impl Intercept for Outage {
    async fn before(&self, _call: &Call<'_>) -> Verdict {
        match self.0.load(SeqCst) {
            UP => Verdict::Run,
            REFUSES => Verdict::Fail(Error::new(ErrorKind::Unavailable, "the test says so")),
            _ => std::future::pending().await,
        }
    }
}

type Tested = Cache<Intercepted<MemoryBackend<Bytes>, Outage>, JsonSerializer>;

fn cache() -> (Tested, Outage) {
    let outage = Outage::default();
    let backend = Intercepted::new(MemoryBackend::new(), outage.clone()).remote();
    let builder = Cache::builder(backend).serializer(JsonSerializer);
    (builder.timeout(TIMEOUT).build(), outage)
}

const PATIENT: Policy<Background> = Policy::new()
    .const_ttl(Ttl::seconds(60))
    .grace(Duration::from_secs(3600))
    .back_off(Duration::ZERO)
    .soft_timeout(Duration::from_millis(50))
    .refresh_ahead(0.5);

const HASTY: Policy<Timed<Background>> = PATIENT.hard_timeout(Duration::from_secs(1));

async fn quick() -> Result<u32, String> {
    sleep(LOAD).await;
    Ok(2)
}

#[tokio::test(start_paused = true)]
async fn a_function_answers_within_its_deadline_through_an_outage_of_half_a_minute() {
    for way in [REFUSES, HANGS] {
        let (cache, outage) = cache();
        let first = cache.get_or_load("k", &PATIENT, || async { Ok::<u32, String>(1) });
        assert_eq!(first.await, Ok(1));
        outage.0.store(way, SeqCst);
        let (began, mut slow) = (Instant::now(), 0);
        while began.elapsed() < SECOND * 30 {
            let called = Instant::now();
            let answer = observe(cache.get_or_load("k", &PATIENT, quick)).await;
            assert_eq!(answer, (Ok(2), Source::Loaded));
            // The read may take the store's time; a store that did not read is not written.
            let took = called.elapsed();
            assert!(took <= TIMEOUT + LOAD + GRAIN, "{took:?}");
            slow += u32::from(took > LOAD + GRAIN);
            sleep(SECOND / 10).await;
        }
        let few = if way == HANGS { 5 } else { 0 };
        assert_eq!(slow, few, "those before the breaker opened");
        outage.0.store(UP, SeqCst);
        advance(SECOND * 40).await;
        let back = Instant::now();
        let failing = || async { Err::<u32, String>("down".to_owned()) };
        // The first ones have the store tried, in the background.
        while observe(cache.get_or_load("k", &PATIENT, failing)).await != (Ok(1), Source::Stale) {
            assert!(back.elapsed() < SECOND, "the old value is served again");
            sleep(SECOND / 20).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_too_costs_its_hard_timeout() {
    for way in [REFUSES, HANGS] {
        let (cache, outage) = cache();
        outage.0.store(way, SeqCst);
        let (began, mut slow) = (Instant::now(), 0);
        while began.elapsed() < SECOND * 30 {
            let called = Instant::now();
            let call = cache.loading("k", &HASTY).on_timeout(|| Err("slow".to_owned()));
            let answer: Result<u32, String> = call.get(std::future::pending).await;
            assert_eq!(answer, Err("slow".to_owned()));
            let took = called.elapsed();
            assert!(took <= TIMEOUT + SECOND + GRAIN, "{took:?}");
            slow += u32::from(took > SECOND + GRAIN);
        }
        assert_eq!(slow, if way == HANGS { 5 } else { 0 });
        assert_eq!(cache.loads_under_way(), 0);
    }
}
