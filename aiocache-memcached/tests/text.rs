//! A server or proxy that does not know the meta commands.

mod support;

use std::collections::HashMap;
use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use aiocache_core::testing::MemcachedServer;
use aiocache_core::{Backend, ErrorKind, Policy, Remaining, Reply, Source, Ttl, Want, observe};
use aiocache_memcached::{MemcachedBackend, MemcachedCache};
use support::{backend, bytes, get, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// A proxy that answers the first command, `mn`, with `ERROR`, and passes the rest on.
async fn old(server: &MemcachedServer) -> MemcachedBackend {
    let builder = MemcachedBackend::builder().server(before(server).await);
    builder.max_value_bytes(8 << 20).build().expect("good options")
}

/// The address of the proxy.
async fn before(server: &MemcachedServer) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let server = server.addr();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // Its end is the client's.
            tokio::spawn(async move { drop(pass(client, server).await) });
        }
    });
    address.to_string()
}

async fn pass(mut client: TcpStream, server: SocketAddr) -> std::io::Result<()> {
    let mut question = [0; 4];
    client.read_exact(&mut question).await?;
    assert_eq!(&question, b"mn\r\n");
    client.write_all(b"ERROR\r\n").await?;
    copy_bidirectional(&mut client, &mut TcpStream::connect(server).await?).await?;
    Ok(())
}

#[tokio::test]
async fn the_commands_of_a_cache_work() {
    let server = server();
    let memcached = old(&server).await;
    let hour = Some(Duration::from_secs(3600));
    memcached.ping().await.expect("there");
    memcached
        .write("key", bytes("va\r\nlue"), hour)
        .await
        .expect("written");
    assert_eq!(
        get(&memcached, "key").await.expect("read"),
        Some(bytes("va\r\nlue"))
    );
    assert_eq!(get(&memcached, "missing").await.expect("read"), None);
    assert!(!memcached.add("key", bytes("2"), None).await.expect("asked"));
    assert!(memcached.add("new", bytes(""), None).await.expect("asked"));
    assert_eq!(get(&memcached, "new").await.expect("read"), Some(bytes("")));
    let pairs = (0..100)
        .map(|n| (["a", "b", "c"][n % 3], bytes(n.to_string())))
        .collect();
    memcached.write_many(pairs, hour).await.expect("written");
    let read = memcached.read_many(&["c", "x", "a", "c"], Want::REMAINING, |at, entry| {
        assert_eq!(entry.remaining, None, "it cannot be told");
        (at, entry.raw.clone())
    });
    let read = read.await.expect("read");
    assert_eq!(
        read,
        [
            Some((0, bytes("98"))),
            None,
            Some((2, bytes("99"))),
            Some((3, bytes("98")))
        ]
    );
    assert!(memcached.exists("a").await.expect("asked"));
    assert!(memcached.expire("a", None).await.expect("asked"));
    assert!(!memcached.expire("missing", None).await.expect("asked"));
    assert!(memcached.delete("a").await.expect("asked"));
    assert!(!memcached.delete("a").await.expect("asked"));
    assert_eq!(
        memcached.delete_many(&["a", "b", "c", "c"]).await.expect("asked"),
        2
    );
    assert_eq!(
        memcached.ttl("key").await.expect_err("cannot tell").kind(),
        ErrorKind::Unsupported
    );
    let large = bytes(vec![0; 2 << 20]);
    let memcached_large = memcached
        .write("large", large, None)
        .await
        .expect_err("too large");
    assert_eq!(memcached_large.kind(), ErrorKind::ValueTooLarge);
    assert_eq!(
        memcached.raw(&[b"get", b"nope"]).await.expect("asked"),
        Reply::Map(Vec::new())
    );
    memcached.clear_all().await.expect("emptied");
    assert_eq!(get(&memcached, "key").await.expect("read"), None);
}

#[tokio::test]
async fn versions_are_compared() {
    let server = server();
    let memcached = old(&server).await;
    let version = async |key: &str| {
        let version = memcached.read(key, Want::VERSION, |entry| entry.version).await;
        version.expect("read").flatten().expect("a version")
    };
    memcached.write("key", bytes("1"), None).await.expect("written");
    let first = version("key").await;
    assert!(
        memcached
            .compare_and_set("key", bytes("2"), None, &first)
            .await
            .expect("compared")
    );
    assert!(
        !memcached
            .compare_and_set("key", bytes("3"), None, &first)
            .await
            .expect("compared")
    );
    assert!(
        !memcached
            .compare_and_delete("key", &first)
            .await
            .expect("compared")
    );
    let second = version("key").await;
    assert!(
        memcached
            .compare_and_delete("key", &second)
            .await
            .expect("compared")
    );
    assert_eq!(get(&memcached, "key").await.expect("read"), None);
    assert!(
        memcached
            .add("key", bytes("4"), None)
            .await
            .expect("a deleted key is absent")
    );
    memcached.delete("key").await.expect("deleted");
    assert!(
        !memcached
            .compare_and_set("key", bytes("5"), None, &second)
            .await
            .expect("compared")
    );
    assert!(
        !memcached
            .compare_and_delete("key", &second)
            .await
            .expect("compared")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counters_go_up_and_keep_their_ttl() {
    let server = server();
    let memcached = old(&server).await;
    let hour = Some(Duration::from_secs(3600));
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let memcached = memcached.clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    memcached.increment("counter", 1, hour).await.expect("counted");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
    assert_eq!(
        memcached.increment("counter", 0, None).await.expect("counted"),
        320
    );
    let left = backend(&server).ttl("counter").await.expect("ttl");
    assert!(matches!(left, Remaining::For(_)), "{left:?}");
    for (delta, kind) in [(-1, ErrorKind::Unsupported), (i64::MAX, ErrorKind::Overflow)] {
        assert_eq!(
            memcached
                .increment("counter", delta, None)
                .await
                .expect_err("refused")
                .kind(),
            kind
        );
    }
    memcached.write("text", bytes("1 "), None).await.expect("written");
    let error = memcached.increment("text", 1, None).await.expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::NotAnInteger);
}

#[tokio::test]
async fn a_namespace_can_be_cleared() {
    let server = server();
    let process = async || {
        let builder = MemcachedBackend::builder().server(before(&server).await);
        builder.clearable_namespaces(true).build().expect("good options")
    };
    let (one, two) = (process().await, process().await);
    for round in 0..3 {
        one.write("users:1", bytes("old"), None).await.expect("written");
        assert_eq!(two.increment("users:n", 2, None).await.expect("counted"), 2);
        let version = two.read("users:1", Want::VERSION, |entry| entry.version).await;
        let version = version.expect("read").flatten().expect("a version");
        let set = two
            .compare_and_set("users:1", bytes("newer"), None, &version)
            .await;
        assert!(set.expect("compared"), "round {round}");
        one.clear("users:").await.expect("cleared");
        assert_eq!(get(&two, "users:1").await.expect("read"), None, "round {round}");
        assert!(!two.exists("users:n").await.expect("asked"));
    }
}

/// How often it was said that no age can be told.
#[derive(Clone, Default)]
struct Ageless(Arc<AtomicU32>);

impl Ageless {
    fn take(&self) -> u32 {
        self.0.swap(0, SeqCst)
    }
}

impl Visit for &Ageless {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" && format!("{value:?}").contains("does not tell how old a value is") {
            self.0.fetch_add(1, SeqCst);
        }
    }
}

impl Subscriber for Ageless {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "aiocache"
    }

    fn event(&self, event: &Event<'_>) {
        event.record(&mut &*self);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

const MINUTE: Duration = Duration::from_secs(60);
const WITH_GRACE: Policy = Policy::new()
    .const_ttl(Ttl::After(MINUTE))
    .grace(MINUTE)
    .back_off(Duration::ZERO);

#[tokio::test]
async fn under_a_grace_every_value_is_kept_and_counts_as_old_and_a_warning_says_so() {
    let ageless = Ageless::default();
    let _heard = tracing::subscriber::set_default(ageless.clone());
    let server = server();
    let cache = MemcachedCache::builder(old(&server).await).build();
    let ask = async |answer: Result<u32, &'static str>| {
        observe(cache.get_or_load("key", &WITH_GRACE, || async { answer })).await
    };
    assert_eq!(ask(Ok(1)).await, (Ok(1), Source::Loaded));
    let left = backend(&server).ttl("key").await.expect("ttl");
    assert!(matches!(left, Remaining::For(left) if left > MINUTE), "{left:?}");
    assert_eq!(ageless.take(), 0, "nothing was read");
    assert_eq!(ask(Err("down")).await, (Ok(1), Source::Stale));
    assert_eq!(ageless.take(), 1);
    assert_eq!(ask(Ok(2)).await, (Ok(2), Source::Loaded), "within its ttl");
}

#[tokio::test]
async fn under_a_grace_many_values_count_as_old_too() {
    let ageless = Ageless::default();
    let _heard = tracing::subscriber::set_default(ageless.clone());
    let server = server();
    let cache = MemcachedCache::builder(old(&server).await).build();
    let ask = async |answer: Result<u32, &'static str>| {
        let load = async |keys: Vec<&'static str>| {
            answer.map(|value| keys.into_iter().map(|key| (key, value)).collect())
        };
        let all: Result<HashMap<&str, u32>, _> = cache.multi_get_or_load(["key"], &WITH_GRACE, load).await;
        all.map(|all| all["key"])
    };
    assert_eq!(ask(Ok(1)).await, Ok(1));
    assert_eq!(ask(Err("down")).await, Ok(1));
    assert_eq!(ageless.take(), 1);
    assert_eq!(ask(Ok(2)).await, Ok(2), "within its ttl");
}
