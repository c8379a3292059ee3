//! Servers for one test each, and short forms of what the tests ask a backend.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::time::Duration;

use aiocache_core::testing::{FaultProxy, MemcachedServer};
use aiocache_core::{Backend, Want};
use aiocache_memcached::MemcachedBackend;
use bytes::Bytes;

pub(crate) mod random;

/// A deadline for what is not about deadlines.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server of the test's own.
pub(crate) fn server() -> MemcachedServer {
    MemcachedServer::start().expect("memcached starts")
}

/// A proxy in front of `server`, and the URL of it.
pub(crate) async fn proxy(server: &MemcachedServer) -> (FaultProxy, String) {
    let proxy = FaultProxy::start(server.addr()).await.expect("a free port");
    let url = format!("memcached://{}", proxy.addr());
    (proxy, url)
}

/// A backend that a machine which stands still for seconds fails no command of.
pub(crate) fn patient(server: &MemcachedServer) -> MemcachedBackend {
    let builder = MemcachedBackend::builder()
        .server(server.url())
        .deadline(PATIENCE);
    builder.build().expect("a good address")
}

pub(crate) fn backend(server: &MemcachedServer) -> MemcachedBackend {
    MemcachedBackend::connect(server.url()).expect("a good URL")
}

pub(crate) async fn get(backend: &MemcachedBackend, key: &str) -> aiocache_core::Result<Option<Bytes>> {
    backend.read(key, Want::VALUE, |entry| entry.raw.clone()).await
}

pub(crate) fn bytes(text: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(text.as_ref())
}

/// `short`, or `heavy` in a run with `AIOCACHE_STRESS` set.
pub(crate) fn scaled(short: usize, heavy: usize) -> usize {
    if std::env::var_os("AIOCACHE_STRESS").is_some() {
        heavy
    } else {
        short
    }
}
