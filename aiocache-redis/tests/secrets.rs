//! P23: no key, value or password in any error, in anything that is printed of a backend, or in any log.

mod support;

use std::error::Error as _;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aiocache_core::testing::{Direction, Fault};
use aiocache_core::{Backend, Error, ErrorKind, Policy, Version};
use aiocache_redis::{RedisBackend, RedisCache};
use support::{bytes, get, proxy, server, server_with, url};
use tokio::time::sleep;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Part of every key, value and password here.
const CANARY: &str = "4111canary";

/// Everything that was logged or printed, and how many errors were among it.
#[derive(Clone, Default)]
struct Seen {
    text: Arc<Mutex<String>>,
    events: Arc<Mutex<usize>>,
    errors: Vec<Error>,
}

impl Seen {
    /// Takes an error with all that can be printed of it.
    fn take(&mut self, kind: ErrorKind, error: Error) {
        assert_eq!(error.kind(), kind, "{error}");
        self.print(format_args!("{error} {error:?} {error:#?}"));
        let mut cause = error.source();
        while let Some(source) = cause {
            self.print(format_args!("{source} {source:?}"));
            cause = source.source();
        }
        self.errors.push(error);
    }

    fn print(&self, text: fmt::Arguments<'_>) {
        let mut seen = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(seen, "{text}").expect("a string takes all");
    }

    fn logged(&self) -> usize {
        *self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self) {
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let found = text.to_lowercase().matches(CANARY).count();
        // As bytes in the way `Debug` shows them, too.
        let as_numbers = format!("{:?}", CANARY.as_bytes());
        let numbers = text.matches(as_numbers.trim_matches(['[', ']'])).count();
        println!(
            "P23: {} errors and {} log events, {} bytes of text: canaries {found} and {numbers}",
            self.errors.len(),
            self.logged(),
            text.len()
        );
        let first = text.lines().find(|line| line.to_lowercase().contains(CANARY));
        assert_eq!(first, None);
        assert_eq!(numbers, 0);
    }
}

/// Takes every event and span of every crate, from TRACE on.
impl Subscriber for Seen {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut Fields(self));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Fields(self));
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        *self.events.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        event.record(&mut Fields(self));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Fields<'a>(&'a Seen);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.print(format_args!("{field} {value:?}"));
    }
}

fn key() -> String {
    format!("user:{CANARY}")
}

/// Every command, each failing with one of the kinds for those that are harmless to repeat and those that are not.
async fn all_fail(redis: &RedisBackend, seen: &mut Seen, harmless: ErrorKind, harmful: ErrorKind) {
    let (key, value) = (key(), bytes(format!("\"{CANARY}\"")));
    let minute = Some(Duration::from_secs(60));
    let version = Version::bytes(value.clone());
    let pairs = || vec![(key.as_str(), value.clone())];
    seen.take(harmless, get(redis, &key).await.expect_err("get"));
    seen.take(
        harmless,
        redis.write(&key, value.clone(), minute).await.expect_err("write"),
    );
    seen.take(harmless, redis.write_many(pairs(), None).await.expect_err("mset"));
    seen.take(
        harmless,
        redis.write_many(pairs(), minute).await.expect_err("sets"),
    );
    seen.take(harmless, redis.delete(&key).await.expect_err("delete"));
    seen.take(harmless, redis.delete_many(&[&key]).await.expect_err("deletes"));
    seen.take(harmless, redis.exists(&key).await.expect_err("exists"));
    seen.take(harmless, redis.expire(&key, minute).await.expect_err("expire"));
    seen.take(harmless, redis.expire(&key, None).await.expect_err("persist"));
    seen.take(harmless, redis.ttl(&key).await.expect_err("ttl"));
    seen.take(harmless, redis.clear(&key).await.expect_err("clear"));
    seen.take(
        harmful,
        redis.add(&key, value.clone(), minute).await.expect_err("add"),
    );
    seen.take(
        harmful,
        redis.increment(&key, 1, None).await.expect_err("increment"),
    );
    seen.take(
        harmful,
        redis.increment(&key, 1, minute).await.expect_err("increment"),
    );
    let set = redis.compare_and_set(&key, value.clone(), minute, &version).await;
    seen.take(harmful, set.expect_err("compare and set"));
    let deleted = redis.compare_and_delete(&key, &version).await;
    seen.take(harmful, deleted.expect_err("compare and delete"));
    let raw = redis.raw(&[b"SET", key.as_bytes(), &value]).await;
    seen.take(harmful, raw.expect_err("raw"));
    seen.print(format_args!("{redis:?} {redis:#?}"));
}

#[tokio::test]
async fn nothing_secret_is_printed_of_any_error() {
    let mut seen = Seen::default();
    let _logs = tracing::subscriber::set_default(seen.clone());
    let password = format!("pw-{CANARY}");
    let mut server = server_with(&["--requirepass", &password]);
    let builder = || {
        RedisBackend::builder(url(&server))
            .password(&password)
            .deadline(Duration::from_millis(300))
    };
    seen.print(format_args!("{:?} {:#?}", builder(), builder()));
    let redis = builder().build().expect("good options");

    refused_by_the_server(&redis, &mut seen).await;

    let none = RedisBackend::connect(url(&server)).expect("a good URL");
    all_fail(&none, &mut seen, ErrorKind::Server, ErrorKind::Server).await;
    let wrong = RedisBackend::builder(url(&server))
        .username("default")
        .password(format!("wrong-{CANARY}"))
        .build()
        .expect("good options");
    all_fail(&wrong, &mut seen, ErrorKind::Server, ErrorKind::Server).await;
    let resp2 = builder().resp2().password(CANARY).build().expect("good options");
    all_fail(&resp2, &mut seen, ErrorKind::Server, ErrorKind::Server).await;
    let named = format!("redis://user:{CANARY}@{}/0", server.addr());
    let named = RedisBackend::connect(named).expect("a good URL");
    all_fail(&named, &mut seen, ErrorKind::Server, ErrorKind::Server).await;

    redis.ping().await.expect("there");
    server.pause().expect("the server obeys");
    for (harmless, harmful) in [(ErrorKind::Timeout, ErrorKind::Unknown)] {
        seen.take(harmless, get(&redis, &key()).await.expect_err("late"));
        seen.take(harmful, redis.increment(&key(), 1, None).await.expect_err("late"));
    }
    server.kill().expect("the server obeys");
    sleep(Duration::from_millis(80)).await;
    seen.take(ErrorKind::Unavailable, redis.ping().await.expect_err("gone"));
    all_fail(&redis, &mut seen, ErrorKind::Unavailable, ErrorKind::Unavailable).await;
    seen.check();
}

/// Errors that a server that works answers with.
async fn refused_by_the_server(redis: &RedisBackend, seen: &mut Seen) {
    let key = key();
    redis.write(&key, bytes(CANARY), None).await.expect("written");
    seen.take(
        ErrorKind::NotAnInteger,
        redis.increment(&key, 1, None).await.expect_err("no integer"),
    );
    let list = format!("list:{CANARY}");
    redis
        .raw(&[b"RPUSH", list.as_bytes(), CANARY.as_bytes()])
        .await
        .expect("pushed");
    seen.take(ErrorKind::Server, get(redis, &list).await.expect_err("a list"));
    for command in [
        vec![CANARY.as_bytes()],
        vec![b"GTE", key.as_bytes(), CANARY.as_bytes()],
        vec![b"CLIENT", CANARY.as_bytes()],
        vec![b"SET", key.as_bytes(), CANARY.as_bytes(), CANARY.as_bytes()],
        vec![b"EVAL", b"return redis.call('GET')", b"1", key.as_bytes()],
        vec![b"CONFIG", b"SET", CANARY.as_bytes(), CANARY.as_bytes()],
    ] {
        let error = redis.raw(&command).await.expect_err("refused");
        seen.take(ErrorKind::Server, error);
    }
    let small = [&b"CONFIG"[..], b"SET", b"maxmemory", b"1"];
    redis.raw(&small).await.expect("set");
    let error = redis.write(&key, bytes(CANARY), None).await.expect_err("full");
    seen.take(ErrorKind::Server, error);
    let enough = [&b"CONFIG"[..], b"SET", b"maxmemory", b"0"];
    redis.raw(&enough).await.expect("set");
}

#[tokio::test]
async fn nothing_secret_is_printed_of_a_cache_in_trouble() {
    let mut seen = Seen::default();
    let _logs = tracing::subscriber::set_default(seen.clone());
    let mut server = server();
    let redis = RedisBackend::builder(url(&server))
        .deadline(Duration::from_millis(300))
        .max_value_bytes(100)
        .build()
        .expect("good options");
    let cache: RedisCache = RedisCache::builder(redis.clone()).namespace("users").build();
    let stored = format!("users:{CANARY}");
    redis
        .write(&stored, bytes(format!("{{{CANARY}")), None)
        .await
        .expect("written");
    let decoded = cache.get::<u64>(CANARY).await;
    seen.take(ErrorKind::Decode, decoded.expect_err("no JSON"));
    let large = cache.set(CANARY, &CANARY.repeat(20)).await;
    seen.take(ErrorKind::ValueTooLarge, large.expect_err("too large"));
    // A function's call goes on without the cache, which is logged.
    let load = async || Ok::<_, Error>(CANARY.len());
    let loaded = cache.get_or_load(CANARY, &Policy::new(), load).await;
    assert_eq!(loaded.expect("loaded"), CANARY.len());
    server.kill().expect("the server obeys");
    sleep(Duration::from_millis(80)).await;
    seen.take(
        ErrorKind::Unavailable,
        cache.get::<String>(CANARY).await.expect_err("gone"),
    );
    seen.take(
        ErrorKind::Unavailable,
        cache.multi_get::<String>([CANARY]).await.expect_err("gone"),
    );
    seen.take(
        ErrorKind::Unavailable,
        cache.multi_set([(CANARY, CANARY)]).await.expect_err("gone"),
    );
    let loaded = cache.get_or_load(CANARY, &Policy::new(), load).await;
    assert_eq!(loaded.expect("loaded"), CANARY.len());
    seen.print(format_args!("{cache:?}"));
    assert!(
        seen.logged() >= 2,
        "what is stored and broken, and a store that is gone"
    );
    seen.check();
}

#[tokio::test]
async fn nothing_secret_is_printed_of_answers_that_are_garbled() {
    let mut seen = Seen::default();
    let _logs = tracing::subscriber::set_default(seen.clone());
    let server = server();
    let (proxy, url) = proxy(&server).await;
    let redis = RedisBackend::builder(url)
        .deadline(Duration::from_millis(60))
        .build()
        .expect("good options");
    let mut errors = 0;
    for every in 2..60 {
        proxy.set(Fault::Pass);
        while redis.write(&key(), bytes(CANARY.repeat(3)), None).await.is_err() {
            sleep(Duration::from_millis(10)).await;
        }
        proxy.set(Fault::Garble {
            direction: Direction::ToClient,
            every,
        });
        for _ in 0..3 {
            if let Err(error) = get(&redis, &key()).await {
                seen.take(error.kind(), error);
                errors += 1;
            }
        }
    }
    assert!(errors > 50, "{errors}");
    seen.check();
}
