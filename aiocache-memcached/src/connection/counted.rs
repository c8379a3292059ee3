//! A stream that counts how often it is written to, and the commands that have to do with one write.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aiocache_core::Want;
use aiocache_core::testing::MemcachedServer;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;

use super::*;
use crate::command::{Get, Set};
use crate::expiry::Expiry;
use crate::generation::{self, Generations};
use crate::meta::{self, Mode};
use crate::text;
use bytes::Bytes;

/// A connection's way out.
#[derive(Debug)]
pub(crate) struct Counted {
    stream: OwnedWriteHalf,
    writes: usize,
}

impl Counted {
    pub(super) fn new(stream: OwnedWriteHalf) -> Self {
        Self { stream, writes: 0 }
    }

    fn count<T>(&mut self, written: Poll<T>) -> Poll<T> {
        self.writes += usize::from(written.is_ready());
        written
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.count(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.count(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

async fn link(server: &MemcachedServer) -> Connection {
    scoped(server, Scope::default()).await
}

async fn scoped(server: &MemcachedServer, scope: Scope) -> Connection {
    let stream = TcpStream::connect(server.addr())
        .await
        .expect("memcached answers");
    Connection::new(stream, Instant::now(), 1 << 20, Arc::default(), scope)
}

fn keys() -> Vec<Key> {
    (0..1000)
        .map(|n| Key::new(&format!("key-{n:0>40}"), 250).expect("a key"))
        .collect()
}

#[tokio::test]
async fn a_thousand_keys_are_one_write_each_way() {
    let server = MemcachedServer::start().expect("memcached starts");
    let hour = Expiry::after(Some(Duration::from_secs(3600)));
    let keys = keys();
    let items: Vec<_> = keys
        .iter()
        .map(|key| (key.clone(), Bytes::copy_from_slice(key.as_bytes())))
        .collect();
    let mut link = link(&server).await;

    let stored = meta::set(&mut link, &items, Mode::Always, hour)
        .await
        .expect("written");
    assert!(stored.iter().all(|stored| matches!(stored, Ok(true))));
    assert_eq!(link.writer.writes, 1, "multi_set");
    let found = meta::get(&mut link, &keys, Want::VALUE).await.expect("read");
    assert!(
        found
            .iter()
            .zip(&items)
            .all(|(found, (_, raw))| found.as_ref().map(|found| &found.raw) == Some(raw))
    );
    assert_eq!(link.writer.writes, 2, "multi_get");
    assert_eq!(meta::delete(&mut link, &keys, None).await.expect("deleted"), 1000);
    assert_eq!(link.writer.writes, 3, "multi_delete");

    text::set(&mut link, &items, Mode::Always, hour)
        .await
        .expect("written");
    text::get(&mut link, &keys, Want::VALUE).await.expect("read");
    text::delete(&mut link, &keys, None).await.expect("deleted");
    assert_eq!(link.writer.writes, 6, "in the classic commands");
}

#[tokio::test]
async fn large_values_go_out_with_the_commands_around_them() {
    let server = MemcachedServer::start().expect("memcached starts");
    let mut link = link(&server).await;
    let items: Vec<_> = keys()
        .into_iter()
        .take(20)
        .map(|key| (key, Bytes::from(vec![b'v'; 20 << 10])))
        .collect();
    let stored = meta::set(&mut link, &items, Mode::Always, Expiry::NEVER)
        .await
        .expect("written");
    assert!(stored.iter().all(|stored| matches!(stored, Ok(true))));
    assert_eq!(link.writer.writes, 1);
}

#[tokio::test]
async fn a_generation_is_asked_for_in_the_write_of_its_command() {
    let server = MemcachedServer::start().expect("memcached starts");
    let all = Arc::<Generations>::default();
    let mut link = scoped(&server, Scope::new(Some(Arc::clone(&all)))).await;
    let keys: Vec<_> = (0..1000)
        .map(|n| Key::new(&format!("users:{n}"), 229).expect("a key"))
        .collect();
    let expiry = Expiry::NEVER;
    let items = keys
        .iter()
        .map(|key| (key.clone(), Bytes::from_static(b"1")))
        .collect();
    let set = Set { items, expiry };
    let get = Get {
        keys,
        want: Want::VALUE,
    };
    let there = async |link: &mut Connection, writes: usize| {
        let before = link.writer.writes;
        let found = generation::run(&get, link, Arc::clone(&all)).await;
        assert_eq!(link.writer.writes - before, writes);
        let found = found.expect("in step").expect("read");
        found.into_iter().flatten().count()
    };
    assert_eq!(there(&mut link, 4).await, 0, "look, make, look again, and read");
    let before = link.writer.writes;
    let stored = generation::run(&set, &mut link, Arc::clone(&all)).await;
    assert_eq!(stored.expect("in step").expect("written").len(), 1000);
    assert_eq!(link.writer.writes - before, 1);
    assert_eq!(there(&mut link, 1).await, 1000);

    let mut other = scoped(&server, Scope::new(Some(Arc::default()))).await;
    let cleared = generation::renew(&mut other, "users").await;
    cleared.expect("in step").expect("cleared");
    assert_eq!(there(&mut link, 2).await, 0, "the number was another");
    assert_eq!(there(&mut link, 1).await, 0);
}
