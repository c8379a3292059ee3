//! Policies among processes: what one left in Redis a later one serves while the source fails, and a lease goes with a
//! grace. The processes are this test program, started again with what to do in its environment.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use aiocache::testing::RedisServer;
use aiocache::{AnyCache, Source, cached, cached_stampede, connect, observe};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The URL of the store, for a process that works.
const STORE: &str = "AIOCACHE_TEST_STORE";
/// What its source returns; it fails without this.
const ANSWER: &str = "AIOCACHE_TEST_ANSWER";
const SECOND: Duration = Duration::from_secs(1);

static CACHE: LazyLock<AnyCache> = LazyLock::new(|| {
    let url = std::env::var(STORE).expect("only a process that works comes here");
    connect(&url).expect("a good URL")
});

/// Fresh for long enough that another process starts and reads meanwhile, also on a busy machine.
const TTL: Duration = Duration::from_secs(3);

#[cached(cache = CACHE, key = "{id}", ttl = TTL, grace = "1m")]
async fn price(id: u32) -> Result<u32, std::env::VarError> {
    let answer = std::env::var(ANSWER)?;
    Ok(id + answer.parse::<u32>().expect("a number"))
}

/// Not a test of its own: what the processes run.
#[test]
fn a_process_asks_once_and_says_what_it_got() {
    if std::env::var_os(STORE).is_none() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (answer, source) = runtime.expect("a runtime").block_on(observe(price(100)));
    eprintln!("got {:?} {source:?}", answer.ok());
}

/// Runs a process to its end, and gives what it said.
fn process(url: &str, answer: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args([
            "--exact",
            "a_process_asks_once_and_says_what_it_got",
            "--nocapture",
        ])
        .env(STORE, url)
        .env_remove(ANSWER);
    if let Some(answer) = answer {
        command.env(ANSWER, answer);
    }
    let output = command.output().expect("this program starts again");
    let said = String::from_utf8(output.stderr).expect("text");
    let line = said.lines().find_map(|line| line.strip_prefix("got "));
    line.unwrap_or_else(|| panic!("it said {said}")).to_owned()
}

#[test]
fn a_process_that_starts_anew_serves_what_another_left_while_the_source_fails() {
    let server = RedisServer::start().expect("redis-server starts");
    let url = server.url();
    assert_eq!(
        process(&url, None),
        "None Loaded",
        "nothing is there to fall back to"
    );
    assert_eq!(process(&url, Some("1")), "Some(101) Loaded");
    assert_eq!(process(&url, None), "Some(101) Hit");
    std::thread::sleep(TTL + SECOND / 10);
    for _ in 0..2 {
        assert_eq!(process(&url, None), "Some(101) Stale");
    }
    assert_eq!(process(&url, Some("2")), "Some(102) Loaded");
    assert_eq!(process(&url, None), "Some(102) Hit");
}

/// A service as it runs in several processes: each has a cache of its own over the same store.
struct Service {
    cache: AnyCache,
    calls: &'static AtomicU32,
    /// 0 fails.
    answer: &'static AtomicU32,
}

impl Service {
    #[cached_stampede(cache = self.cache, key = "report", ttl = 1, grace = "1m", lease = 10)]
    async fn report(&self) -> Result<u32, String> {
        self.calls.fetch_add(1, SeqCst);
        let answer = self.answer.load(SeqCst);
        sleep(SECOND / 4).await;
        if answer == 0 {
            Err("down".to_owned())
        } else {
            Ok(answer)
        }
    }
}

#[tokio::test]
async fn with_a_lease_and_a_grace_one_process_loads_and_all_fall_back() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static ANSWER: AtomicU32 = AtomicU32::new(1);
    let server = RedisServer::start().expect("redis-server starts");
    let service = || -> &'static Service {
        Box::leak(Box::new(Service {
            cache: connect(&server.url())
                .expect("a good URL")
                .with_namespace("leased"),
            calls: &CALLS,
            answer: &ANSWER,
        }))
    };
    let services = [service(), service(), service()];
    let all = async || {
        let mut callers = JoinSet::new();
        for caller in 0..60 {
            callers.spawn(observe(services[caller % services.len()].report()));
        }
        callers.join_all().await
    };
    for (value, _) in all().await {
        assert_eq!(value, Ok(1));
    }
    assert_eq!(CALLS.swap(0, SeqCst), 1, "one process loads");
    sleep(SECOND * 5 / 4).await;
    ANSWER.store(0, SeqCst);
    for got in all().await {
        assert_eq!(got, (Ok(1), Source::Stale));
    }
    let calls = CALLS.swap(0, SeqCst);
    assert_eq!(calls, 3, "a process that had to wait tries for itself, once");
    ANSWER.store(2, SeqCst);
    for got in all().await {
        assert_eq!(got, (Ok(1), Source::Stale), "within the back-off of each");
    }
    // Another process has none, and its lease is free: those that failed have let go of it.
    let fresh = service();
    assert_eq!(observe(fresh.report()).await, (Ok(2), Source::Loaded));
    assert_eq!(CALLS.load(SeqCst), 1);
    for got in all().await {
        assert_eq!(got, (Ok(2), Source::Hit));
    }
}
