//! An outage is said once when it begins and once when it ends, without keys and values.
#![allow(clippy::unused_async, reason = "what is cached here has nothing to wait for")]

mod support;

use std::collections::HashMap;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aiocache::redis::RedisCache;
use aiocache::testing::RedisServer;
use aiocache::{cached, multi_cached};
use support::{backend, own_redis};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps the warnings of this library.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("nothing panics under it"))
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).expect("a String takes it");
    }
}

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "aiocache" && *metadata.level() <= Level::WARN
    }

    fn event(&self, event: &Event<'_>) {
        assert_eq!(*event.metadata().level(), Level::WARN);
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().expect("nothing panics under it").push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// The cache of one test, under a name that its warnings have.
struct Users(RedisCache);

impl Users {
    fn over(server: &RedisServer, name: &str) -> Self {
        let cache = RedisCache::builder(backend(server)).name(name).namespace("users");
        Self(cache.build())
    }

    #[cached(cache = self.0, key = "canary-4711-{id}")]
    async fn one(&self, id: u32) -> Option<String> {
        Some(format!("secret {id}"))
    }

    #[multi_cached(cache = self.0, keys = ids, key = "canary-4711-{ids}")]
    async fn many(&self, ids: &[u32]) -> HashMap<u32, String> {
        ids.iter().map(|id| (*id, format!("secret {id}"))).collect()
    }

    async fn work(&self, ids: std::ops::Range<u32>) {
        for id in ids {
            self.one(id).await;
            self.many(&[id, id + 1000, id + 2000]).await;
        }
    }
}

#[tokio::test]
async fn an_outage_is_said_once_when_it_begins_and_once_when_it_ends() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let mut server = own_redis();
    let users = Users::over(&server, "outage");
    users.work(0..5).await;
    assert_eq!(warnings.take(), [""; 0], "no trouble");
    for round in 1..3 {
        server.kill().unwrap();
        users.work(0..5).await;
        users.work(10 * round..10 * round + 5).await;
        let began = warnings.take();
        assert_eq!(began.len(), 1, "{began:#?}");
        assert!(began[0].contains("functions run uncached") && began[0].contains("cache=\"outage\""));
        server.restart().unwrap();
        let start = Instant::now();
        let mut ended = Vec::new();
        while ended.is_empty() && start.elapsed() < Duration::from_secs(5) {
            users.work(0..2).await;
            ended = warnings.take();
        }
        users.work(0..20).await;
        ended.extend(warnings.take());
        assert_eq!(ended.len(), 1, "{ended:#?}");
        assert!(
            ended[0].contains("answers again")
                && ended[0].contains("failures=")
                && ended[0].contains("milliseconds="),
            "{ended:?}"
        );
        for line in began.iter().chain(&ended) {
            assert!(!line.contains("4711") && !line.contains("secret"), "{line}");
        }
    }
}

/// No function runs, so nobody else would say it.
#[tokio::test]
async fn commands_alone_have_an_outage_said_once_too() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let mut server = own_redis();
    let users = Users::over(&server, "commands");
    users.0.set("1", "a").await.unwrap();
    server.kill().unwrap();
    for _ in 0..50 {
        users.0.get::<String>("1").await.unwrap_err();
        users.0.set("1", "b").await.unwrap_err();
    }
    let began = warnings.take();
    assert_eq!(began.len(), 1, "{began:#?}");
    assert!(began[0].contains("it is left alone"), "{began:?}");
    server.restart().unwrap();
    let start = Instant::now();
    while users.0.get::<String>("1").await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(5), "never back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ended = warnings.take();
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert!(ended[0].contains("answers again"), "{ended:?}");
    let failures = ended[0].split_once("failures=").expect("a count").1;
    let failures: u32 = failures
        .split_once(' ')
        .expect("more")
        .0
        .parse()
        .expect("a number");
    assert!(failures >= 90, "{failures}");
}

/// Reads worked and said that the outage was over, each failed write that it began: two warnings for every miss.
#[tokio::test]
async fn a_store_that_reads_but_does_not_write_is_no_flood_of_warnings() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let server = own_redis();
    let users = Users::over(&server, "read only");
    users.work(0..2).await;
    let refuse = async |replicas: &[u8]| {
        let arguments: [&[u8]; 4] = [b"CONFIG", b"SET", b"min-replicas-to-write", replicas];
        users.0.raw(&arguments).await.unwrap();
    };
    refuse(b"1").await;
    users.work(0..20).await;
    let began = warnings.take();
    assert_eq!(began.len(), 1, "{began:#?}");
    assert!(began[0].contains("the cache fails"), "{began:?}");
    refuse(b"0").await;
    users.work(0..20).await;
    let ended = warnings.take();
    assert_eq!(ended.len(), 1, "{ended:#?}");
    assert!(ended[0].contains("answers again"), "{ended:?}");
}

#[tokio::test]
async fn values_that_do_not_decode_are_said_ever_more_seldom() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let server = own_redis();
    let users = Users::over(&server, "garbage");
    for _ in 0..20 {
        let key = users.0.stored_key("canary-4711-1");
        users
            .0
            .raw(&[b"SET", key.as_bytes(), b"{\"secret\": 1"])
            .await
            .unwrap();
        assert_eq!(users.one(1).await.as_deref(), Some("secret 1"));
    }
    let said = warnings.take();
    assert!(!said.is_empty() && said.len() <= 6, "{said:#?}");
    for line in said {
        assert!(
            line.contains("does not decode") && line.contains("values="),
            "{line}"
        );
        assert!(!line.contains("4711") && !line.contains("secret"), "{line}");
    }
}
