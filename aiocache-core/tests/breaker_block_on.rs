//! The breaker of a program that is not asynchronous, and has each command run by a `block_on` of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread::sleep;
use std::time::{Duration, Instant};

use aiocache_core::testing::{Call, Intercept, Intercepted, Verdict};
use aiocache_core::{BreakerSettings, Bytes, Cache, Error, ErrorKind, JsonSerializer, MemoryBackend, Result};
use tokio::runtime::{Builder, Runtime};

/// Longer than any machine stands still.
const PATIENCE: Duration = Duration::from_secs(10);

/// A store that is away and counts who asks it, or answers.
#[derive(Clone, Default)]
struct Away(Arc<Asked>);

#[derive(Default)]
struct Asked {
    is_back: AtomicBool,
    reads: AtomicU32,
}

impl Intercept for Away {
    async fn before(&self, call: &Call<'_>) -> Verdict {
        self.0.reads.fetch_add(u32::from(call.method == "read"), SeqCst);
        if self.0.is_back.load(SeqCst) {
            Verdict::Run
        } else {
            Verdict::Fail(Error::new(ErrorKind::Unavailable, "the test says so"))
        }
    }
}

type Tested = Cache<Intercepted<MemoryBackend<Bytes>, Away>, JsonSerializer>;

fn cache() -> (Tested, Away) {
    let away = Away::default();
    let backend = Intercepted::new(MemoryBackend::new(), away.clone()).remote();
    let settings = BreakerSettings::new()
        .failures(5)
        .pause(Duration::from_millis(10));
    let builder = Cache::builder(backend).serializer(JsonSerializer);
    (builder.breaker(settings).build(), away)
}

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

/// Asks by `get`, over and over, until that is so.
fn ask_until(get: impl Fn() -> Result<Option<u8>>, so: impl Fn(&Result<Option<u8>>) -> bool) {
    let begun = Instant::now();
    loop {
        let answer = get();
        if so(&answer) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "the last answer was {answer:?}");
        sleep(Duration::from_millis(2));
    }
}

/// Opens the breaker by `get`, has the store come back, and asks it until it answers.
fn an_outage(away: &Away, get: impl Fn() -> Result<Option<u8>>) {
    for _ in 0..5 {
        assert_eq!(get().expect_err("away").kind(), ErrorKind::Unavailable);
    }
    let opened = away.0.reads.load(SeqCst);
    assert_eq!(opened, 5, "each asked the store");
    // Several pauses, in each of which somebody finds that it is still away.
    ask_until(&get, |_| away.0.reads.load(SeqCst) >= opened + 3);
    away.0.is_back.store(true, SeqCst);
    ask_until(&get, |answer| answer.as_ref().is_ok_and(Option::is_none));
    assert_eq!(get().expect("the breaker is closed"), None);
}

#[test]
fn a_runtime_that_runs_no_task_between_its_calls_finds_the_store_again() {
    let ((cache, away), runtime) = (cache(), runtime());
    an_outage(&away, || {
        let answer = runtime.block_on(cache.get("k"));
        let tasks = runtime.metrics().num_alive_tasks();
        assert!(tasks <= 1, "{tasks} wait to be run");
        answer
    });
}

#[test]
fn runtimes_that_live_for_one_call_find_the_store_again() {
    let (cache, away) = cache();
    an_outage(&away, || runtime().block_on(cache.get("k")));
}
