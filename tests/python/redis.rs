//! Through Redis, with both sides as they come.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::testing::RedisServer;
use aiocache::{Cache, JsonSerializer, MsgPackSerializer, RedLock, StringSerializer, cached_stampede};

use crate::peer::Python;
use crate::values::{User, go_both_ways, text};

fn server() -> RedisServer {
    RedisServer::start().expect("scripts/test installs redis-server")
}

fn cache<S>(server: &RedisServer, serializer: S) -> Cache<RedisBackend, S> {
    let redis = RedisBackend::connect(server.url()).expect("a valid URL");
    let builder = Cache::builder(redis).serializer(serializer);
    builder.namespace("shared").build()
}

/// Values of each serializer go both ways, with their ttl.
macro_rules! both_ways {
    ($($test:ident: $name:literal, $serializer:expr, $value:expr;)*) => {$(
        #[tokio::test]
        async fn $test() {
            let server = server();
            let Some(mut python) = Python::start("redis", server.port(), $name, "shared") else { return };
            go_both_ways(&cache(&server, $serializer), &mut python, $value).await;
        }
    )*};
}

both_ways! {
    strings_go_both_ways: "string", StringSerializer, text();
    json_goes_both_ways: "json", JsonSerializer, User::ada();
    msgpack_goes_both_ways: "msgpack", MsgPackSerializer, User::ada();
    json_maps_go_both_ways: "json", JsonSerializer, BTreeMap::from([("k".to_owned(), -7_i64)]);
    msgpack_numbers_go_both_ways: "msgpack", MsgPackSerializer, 1_000_000_i64;
}

#[tokio::test]
async fn both_count_with_the_same_counter() {
    let server = server();
    let Some(mut python) = Python::start("redis", server.port(), "json", "shared") else {
        return;
    };
    let cache = cache(&server, JsonSerializer);
    assert_eq!(cache.increment("n", 5).await.expect("counted"), 5);
    assert_eq!(
        python.ask::<i64>("increment", r#""key": "n", "delta": -7"#),
        Some(-2)
    );
    assert_eq!(cache.increment("n", 1).await.expect("counted"), -1);
    assert_eq!(cache.get::<i64>("n").await.expect("a number"), Some(-1));
}

#[tokio::test]
async fn each_deletes_and_clears_what_the_other_wrote() {
    let server = server();
    let Some(mut python) = Python::start("redis", server.port(), "json", "shared") else {
        return;
    };
    let cache = cache(&server, JsonSerializer);
    cache.set("a", &1).await.expect("written");
    assert_eq!(python.ask::<i64>("delete", r#""key": "a""#), Some(1));
    assert!(!cache.exists("a").await.expect("answered"));
    for n in 0..100 {
        cache.set(n, &n).await.expect("written");
    }
    let other = cache.with_namespace("other");
    other.set("stays", &1).await.expect("written");
    python.ask::<bool>("clear", r#""key": null"#);
    assert!(!cache.exists(7).await.expect("answered"));
    python.ask::<bool>("set", r#""key": "b", "value": 2"#);
    cache.clear().await.expect("cleared");
    assert_eq!(python.ask::<bool>("exists", r#""key": "b""#), Some(false));
    assert!(
        other.exists("stays").await.expect("answered"),
        "another namespace"
    );
}

#[tokio::test]
async fn each_is_kept_out_by_the_others_lock() {
    let server = server();
    let Some(mut python) = Python::start("redis", server.port(), "json", "shared") else {
        return;
    };
    let cache = cache(&server, JsonSerializer);
    let lock = RedLock::new(&cache, "report", Duration::from_secs(60));
    let python_locks = r#""key": "report", "lease": 60"#;

    let guard = lock.try_acquire().await.expect("answered").expect("free");
    assert_eq!(python.ask::<bool>("lock", python_locks), Some(false));
    python.ask::<bool>("unlock", r#""key": "report""#);
    assert!(guard.release().await.expect("answered"), "Python left it alone");

    assert_eq!(python.ask::<bool>("lock", python_locks), Some(true));
    assert!(lock.try_acquire().await.expect("answered").is_none());
    let waits = lock.acquire();
    let unlocks = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        python.ask::<bool>("unlock", r#""key": "report""#);
    };
    let (guard, ()) = tokio::join!(waits, unlocks);
    let guard = guard.expect("answered").expect("Python let go");
    assert!(guard.release().await.expect("answered"));
}

#[cached_stampede(cache = cache, key = "report", lease = 60)]
#[expect(clippy::unused_async, reason = "what is cached here has nothing to wait for")]
async fn report(cache: &RedisCache, load: &(dyn Fn() -> String + Sync)) -> Option<String> {
    Some(load())
}

/// Calls a function of Python's under `cached_stampede`: how often it ran, and what the call gave.
fn python_report(python: &Mutex<Python>, seconds: f32) -> (u32, String) {
    let fields = format!(r#""key": "report", "lease": 60, "seconds": {seconds}, "value": "Python's""#);
    let mut python = python.lock().expect("no test panicked with it");
    python.ask("cached_stampede", &fields).expect("an answer")
}

#[tokio::test]
async fn a_guarded_function_waits_for_pythons_and_takes_its_value() {
    let server = server();
    let Some(python) = Python::start("redis", server.port(), "json", "shared") else {
        return;
    };
    let cache = cache(&server, JsonSerializer);
    let python = Mutex::new(python);
    let load = tokio::task::spawn_blocking(move || python_report(&python, 1.0));
    while !cache.exists("report-lock").await.expect("answered") {
        assert!(!load.is_finished(), "Python loads under a lock");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(cache.get::<String>("report").await.expect("answered"), None);
    let runs_here = || panic!("Python has the lock");
    assert_eq!(report(&cache, &runs_here).await.as_deref(), Some("Python's"));
    assert_eq!(load.await.expect("answered"), (1, "Python's".to_owned()));
}

/// aiocache waits for locks of its own process only; the value it stores meanwhile is replaced by the owner's.
#[tokio::test]
async fn pythons_guarded_function_finds_the_lock_taken_runs_all_the_same_and_leaves_it() {
    let server = server();
    let Some(python) = Python::start("redis", server.port(), "json", "shared") else {
        return;
    };
    let cache = cache(&server, JsonSerializer);
    let python = Mutex::new(python);
    let meanwhile = || {
        assert_eq!(python_report(&python, 0.0), (1, "Python's".to_owned()));
        let mut python = python.lock().expect("no test panicked with it");
        let locked = python.ask::<bool>("exists", r#""key": "report-lock""#);
        assert_eq!(locked, Some(true), "it released what is another's");
        "ours".to_owned()
    };
    assert_eq!(report(&cache, &meanwhile).await.as_deref(), Some("ours"));
    assert_eq!(python_report(&python, 0.0), (0, "ours".to_owned()));
}

/// Why `peer.py` has a serializer of its own: Redis's answers are taken for text before MsgPack sees them.
#[tokio::test]
async fn the_msgpack_serializer_of_aiocache_0_12_cannot_read_what_it_wrote() {
    let server = server();
    let Some(mut python) = Python::start("redis", server.port(), "plain-msgpack", "shared") else {
        return;
    };
    python.ask::<bool>("set", r#""key": "n", "value": 1000000"#);
    let error = python.refuses("get", r#""key": "n""#);
    assert!(error.starts_with("UnicodeDecodeError"), "{error}");
    let read = cache(&server, MsgPackSerializer).get::<i64>("n").await;
    assert_eq!(read.expect("readable here"), Some(1_000_000));
}
