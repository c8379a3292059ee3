//! P23: no key, value or password in any error, nor in anything that is printed of a backend.
//!
//! This crate logs nothing itself.

mod support;

use std::error::Error as _;
use std::fmt::Debug;
use std::time::Duration;

use aiocache_core::testing::{Direction, Fault};
use aiocache_core::{Backend, ErrorKind, Result};
use aiocache_memcached::{MemcachedBackend, MemcachedBuilder};
use support::{bytes, get, proxy, server};

/// Part of every key, value and password here.
const CANARY: &str = "4111canary";

/// Everything that was printed, and how many errors were among it.
#[derive(Default)]
struct Seen {
    text: String,
    errors: usize,
}

impl Seen {
    fn print(&mut self, printed: &impl Debug) {
        self.text += &format!("{printed:?} {printed:#?}\n");
    }

    fn error<T: Debug>(&mut self, result: Result<T>) -> ErrorKind {
        let error = result.expect_err("it cannot succeed");
        self.text += &format!("{error} {error:#}\n");
        self.print(&error);
        let mut source = error.source();
        while let Some(cause) = source {
            self.text += &format!("{cause} {cause:?}\n");
            source = cause.source();
        }
        self.errors += 1;
        error.kind()
    }

    /// Every command, each of which fails.
    async fn all_fail(&mut self, memcached: &MemcachedBackend, key: &str, value: &[u8]) {
        let value = bytes(value);
        let minute = Some(Duration::from_secs(60));
        self.error(get(memcached, key).await);
        self.error(memcached.write(key, value.clone(), minute).await);
        self.error(memcached.write_many(vec![(key, value.clone())], None).await);
        self.error(memcached.add(key, value, None).await);
        self.error(memcached.increment(key, 1, None).await);
        self.error(memcached.delete(key).await);
        self.error(memcached.delete_many(&[key]).await);
        self.error(memcached.exists(key).await);
        self.error(memcached.expire(key, minute).await);
        self.error(memcached.ttl(key).await);
        self.error(memcached.raw(&[b"get", key.as_bytes()]).await);
        self.print(memcached);
    }

    fn assert_clean(&self, errors: usize) {
        let found = self.text.matches(CANARY).count();
        println!(
            "P23: {} errors, {} bytes of text: canaries {found}",
            self.errors,
            self.text.len()
        );
        assert_eq!(found, 0, "{}", self.text);
        assert!(self.errors >= errors && self.text.len() > 100 * errors);
    }
}

fn builder(url: &str) -> MemcachedBuilder {
    let builder = MemcachedBackend::builder().server(url);
    builder.deadline(Duration::from_millis(50)).login("user", CANARY)
}

#[tokio::test]
async fn nothing_secret_is_printed_of_any_error() {
    let mut seen = Seen::default();
    let key = format!("key-{CANARY}");
    let (server, value) = (server(), CANARY.as_bytes());
    let (proxy, url) = proxy(&server).await;

    // Nobody answers; nobody is there; garbage is answered.
    seen.print(&builder(&url));
    let dark = builder(&url).build().expect("good options");
    for fault in [
        Fault::BlackHole(Direction::Both),
        Fault::Refuse,
        Fault::Garble {
            direction: Direction::ToClient,
            every: 1,
        },
    ] {
        proxy.set(fault);
        proxy.cut();
        seen.all_fail(&dark, &key, value).await;
    }
    proxy.set(Fault::Pass);
    proxy.cut();

    // What is refused before or by a server that works.
    let good = MemcachedBackend::builder()
        .server(server.url())
        .max_value_bytes(1000);
    let good = good.build().expect("good options");
    good.write(&key, bytes(value), None).await.expect("written");
    let kind = seen.error(good.increment(&key, 1, None).await);
    assert_eq!(kind, ErrorKind::NotAnInteger);
    let large = bytes(CANARY.repeat(101));
    assert_eq!(
        seen.error(good.write(&key, large, None).await),
        ErrorKind::ValueTooLarge
    );
    let bad = format!("key {CANARY}\r\n");
    assert_eq!(seen.error(get(&good, &bad).await), ErrorKind::InvalidKey);
    seen.error(good.raw(&[b"get", bad.as_bytes()]).await);
    seen.error(good.raw(&[CANARY.as_bytes(), key.as_bytes()]).await);
    for url in [
        format!("memcached://user:{CANARY}@"),
        format!("memcached://user:{CANARY}@host:port"),
        format!("{CANARY}://host"),
        format!("memcached://host?{CANARY}"),
    ] {
        seen.error(MemcachedBackend::connect(url));
    }
    seen.assert_clean(40);
}
