//! Servers for one test each, and short forms of what the tests ask a backend.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod cluster;
pub(crate) mod sentinel;

use std::net::SocketAddr;

use aiocache_core::testing::{FaultProxy, RedisServer};
use aiocache_core::{Backend, Want};
use aiocache_redis::RedisBackend;
use bytes::Bytes;

/// A server of the test's own.
pub(crate) fn server() -> RedisServer {
    RedisServer::start().expect("redis-server starts")
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

/// The URL of a server, without a password.
pub(crate) fn url(server: &RedisServer) -> String {
    url_of(server.addr())
}

pub(crate) fn url_of(address: SocketAddr) -> String {
    format!("redis://{address}/")
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
