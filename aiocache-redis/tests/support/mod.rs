//! Servers for one test each, and short forms of what the tests ask a backend.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod cluster;
pub(crate) mod fake;
pub(crate) mod sentinel;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aiocache_core::testing::{FaultProxy, RedisServer};
use aiocache_core::{Backend, Want};
use aiocache_redis::RedisBackend;
use bytes::Bytes;
use tokio::net::TcpSocket;
use tokio::time::sleep;

/// A deadline for what is not about deadlines.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server of the test's own.
pub(crate) fn server() -> RedisServer {
    RedisServer::start().expect("redis-server starts")
}

/// Twenty namespaces, some of them prefixes of others, all with what means something in patterns or could.
pub(crate) const HARD_PREFIXES: [&str; 20] = [
    "a:", "ab:", "abc:", "a*:", "a?:", "a[bc]:", "a[^b]:", "a\\:", "a\\*:", "[a-c]:", "[:", "]:", "^:", "-:",
    "*", "ä:", "a\n:", "a\\", "app1:", "app[12]:",
];

/// `short`, or `heavy` in a run with `AIOCACHE_STRESS` set.
pub(crate) fn scaled(short: usize, heavy: usize) -> usize {
    if std::env::var_os("AIOCACHE_STRESS").is_some() {
        heavy
    } else {
        short
    }
}

/// A small generator, so that each run differs in detail but no dependency is needed.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Waits for a condition, for no longer than any machine stands still.
pub(crate) async fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "never {what}");
        sleep(Duration::from_millis(1)).await;
    }
}

/// A server with options.
pub(crate) fn server_with(options: &[&str]) -> RedisServer {
    let server = RedisServer::builder().args(options.iter().copied()).start();
    server.expect("redis-server starts")
}

/// A proxy in front of `server`, and the URL of it.
pub(crate) async fn proxy(server: &RedisServer) -> (FaultProxy, String) {
    let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
    let url = format!("redis://{}", proxy.addr());
    (proxy, url)
}

/// A port that nobody gets who asks for any, as long as this process lives.
pub(crate) fn port() -> u16 {
    let claim = TcpSocket::new_v4().expect("a socket");
    claim.set_reuseaddr(true).expect("an option of every socket");
    claim.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let port = claim.local_addr().expect("bound").port();
    // Bound but never listening: on Linux, a server that asks for this port shares it.
    if cfg!(target_os = "linux") {
        std::mem::forget(claim);
    }
    port
}

/// The URL of a server, without a password.
pub(crate) fn url(server: &RedisServer) -> String {
    url_of(server.addr())
}

pub(crate) fn url_of(address: SocketAddr) -> String {
    format!("redis://{address}/")
}

/// A backend that a machine which stands still for seconds fails no command of.
pub(crate) fn patient(server: &RedisServer) -> RedisBackend {
    let builder = RedisBackend::builder(url(server)).deadline(PATIENCE);
    builder.build().expect("a good URL")
}

pub(crate) fn backend(server: &RedisServer) -> RedisBackend {
    RedisBackend::connect(url(server)).expect("a good URL")
}

pub(crate) async fn get(backend: &RedisBackend, key: &str) -> aiocache_core::Result<Option<Bytes>> {
    backend.read(key, Want::VALUE, |entry| entry.raw.clone()).await
}

pub(crate) fn bytes(text: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(text.as_ref())
}
