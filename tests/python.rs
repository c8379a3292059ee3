//! What this crate writes Python's aiocache reads, and the other way round.
//!
//! Needs a Python with `aiocache[redis,memcached,msgpack]==0.12.3`, named by `AIOCACHE_PYTHON`; `scripts/test` makes
//! one. Without it the tests print SKIPPED.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use aiocache::redis::RedisBackend;
use aiocache::testing::RedisServer;
use aiocache::{Cache, Codec, JsonSerializer, MsgPackSerializer, Remaining, StringSerializer, Ttl};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    age: u32,
    tags: Vec<String>,
    weight: f64,
    manager: Option<Box<User>>,
}

impl User {
    fn ada() -> Self {
        let manager = Self {
            name: "Grace \"Amazing\" Hopper".to_owned(),
            age: 60,
            tags: Vec::new(),
            weight: -0.5,
            manager: None,
        };
        Self {
            name: "Ada Löveläce".to_owned(),
            age: 36,
            tags: vec!["a b".to_owned(), String::new()],
            weight: 55.25,
            manager: Some(Box::new(manager)),
        }
    }
}

/// A Python process that answers commands.
struct Python {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Answer<T> {
    ok: Option<T>,
    error: Option<String>,
}

impl Python {
    /// Starts one, if there is a Python for it.
    fn start(kind: &str, port: u16, serializer: &str, namespace: &str) -> Option<Self> {
        let Some(python) = std::env::var_os("AIOCACHE_PYTHON") else {
            println!("SKIPPED: AIOCACHE_PYTHON names no Python with aiocache; scripts/test makes one");
            return None;
        };
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/peer.py"))
            .args([kind, &port.to_string(), serializer, namespace])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("AIOCACHE_PYTHON names a Python");
        let requests = process.stdin.take().expect("piped");
        let answers = BufReader::new(process.stdout.take().expect("piped"));
        Some(Self {
            process,
            requests,
            answers,
        })
    }

    /// Sends a command with its other fields as JSON, and gives the answer.
    fn ask<T: for<'d> Deserialize<'d> + Serialize>(&mut self, command: &str, fields: &str) -> Option<T> {
        writeln!(self.requests, "{{\"command\": \"{command}\", {fields}}}").expect("Python reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("Python answers");
        let answer: Answer<T> = JsonSerializer.decode(line.as_bytes()).expect("JSON of that type");
        assert_eq!(answer.error, None);
        answer.ok
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn json<T: Serialize>(value: &T) -> String {
    String::from_utf8(JsonSerializer.encode(value).expect("JSON")).expect("UTF-8")
}

fn cache<S>(server: &RedisServer, serializer: S) -> Cache<RedisBackend, S> {
    let redis = RedisBackend::connect(server.url()).expect("a valid URL");
    Cache::builder(redis)
        .serializer(serializer)
        .namespace("shared")
        .build()
}

/// Values of each serializer go both ways, with their ttl.
macro_rules! both_ways {
    ($($test:ident: $name:literal, $serializer:expr, $value:expr, $type:ty;)*) => {$(
        #[tokio::test]
        async fn $test() {
            let server = RedisServer::start().expect("scripts/test installs redis-server");
            let Some(mut python) = Python::start("redis", server.port(), $name, "shared") else { return };
            let cache = cache(&server, $serializer);
            let value: $type = $value;

            cache.with_ttl(Ttl::seconds(60)).set("from rust", &value).await.expect("written");
            assert_eq!(python.ask::<$type>("get", r#""key": "from rust""#).as_ref(), Some(&value));

            python.ask::<bool>("set", &format!(r#""key": "from python", "value": {}, "ttl": 60"#, json(&value)));
            assert_eq!(cache.get::<$type>("from python").await.expect("readable").as_ref(), Some(&value));
            let left = cache.ttl("from python").await.expect("answered");
            assert!(matches!(left, Remaining::For(left) if left <= Duration::from_secs(60)), "{left:?}");

            cache.multi_set([("m1", &value), ("m2", &value)]).await.expect("written");
            let read: Option<Vec<Option<$type>>> = python.ask("multi_get", r#""keys": ["m1", "none", "m2"]"#);
            assert_eq!(read, Some(vec![Some(value.clone()), None, Some(value.clone())]));
            let pairs = format!(r#""pairs": [["p1", {0}], ["p2", {0}]], "ttl": 60"#, json(&value));
            python.ask::<bool>("multi_set", &pairs);
            let read = cache.multi_get::<$type>(["p1", "none", "p2"]).await.expect("readable");
            assert_eq!(read, [Some(value.clone()), None, Some(value)]);
        }
    )*};
}

both_ways! {
    strings_go_both_ways: "string", StringSerializer, "größe \" and\nlines".to_owned(), String;
    json_goes_both_ways: "json", JsonSerializer, User::ada(), User;
    msgpack_goes_both_ways: "msgpack", MsgPackSerializer, User::ada(), User;
    json_maps_go_both_ways: "json", JsonSerializer, BTreeMap::from([("k".to_owned(), -7_i64)]), BTreeMap<String, i64>;
    msgpack_numbers_go_both_ways: "msgpack", MsgPackSerializer, 1_000_000_i64, i64;
}

#[tokio::test]
async fn both_count_with_the_same_counter() {
    let server = RedisServer::start().expect("scripts/test installs redis-server");
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
    let server = RedisServer::start().expect("scripts/test installs redis-server");
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
