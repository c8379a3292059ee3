//! What errors say, one of each kind at least, by failures that users meet: what was found, what is accepted, how to
//! mend it. `UPDATE_SNAPSHOTS=1 cargo test --test errors` writes errors.txt anew; read each sentence of it then.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use aiocache::memcached::MemcachedBackend;
use aiocache::redis::RedisBackend;
use aiocache::testing::{Chaos, Intercepted};
use aiocache::{
    Backend, Bytes, Cache, Error, ErrorKind, JsonSerializer, MemoryBackend, Object, OptimisticLock, Policy,
    RedLock, Result, SimpleMemoryCache, Ttl, TypedMemoryCache, connect,
};

const SECOND: Duration = Duration::from_secs(1);
const TLS: bool = cfg!(feature = "redis-tls");
/// A failure that a build with TLS cannot meet.
const WITHOUT_TLS: &str = "connect by TLS without its feature";

/// How failures were met, and what they say.
#[derive(Default)]
struct Met(Vec<(ErrorKind, &'static str, String)>);

impl Met {
    fn add<T>(&mut self, kind: ErrorKind, how: &'static str, result: Result<T>) {
        let error: Error = result.err().unwrap_or_else(|| panic!("{how} does not fail"));
        assert_eq!(error.kind(), kind, "{how}");
        self.0.push((kind, how, error.to_string()));
    }
}

async fn in_memory(met: &mut Met) {
    let cache = SimpleMemoryCache::new().with_namespace("shop");
    cache.set("text", "twelve").await.expect("memory answers");
    cache.set("most", &i64::MAX).await.expect("memory answers");
    let optimistic = OptimisticLock::new(&cache, "text")
        .acquire()
        .await
        .expect("there");
    cache.set("text", "thirteen").await.expect("memory answers");
    met.add(ErrorKind::KeyExists, "add", cache.add("text", "one").await);
    met.add(
        ErrorKind::NotAnInteger,
        "increment of a text",
        cache.increment("text", 1).await,
    );
    met.add(
        ErrorKind::Overflow,
        "increment beyond i64",
        cache.increment("most", 1).await,
    );
    met.add(
        ErrorKind::Type,
        "get of another type",
        cache.get::<bool>("text").await,
    );
    met.add(
        ErrorKind::OptimisticLock,
        "cas after a set",
        optimistic.cas("fourteen").await,
    );
    met.add(
        ErrorKind::InvalidTtl,
        "a ttl of 0",
        cache.with_ttl(Ttl::seconds(0)).set("k", "v").await,
    );
    met.add(
        ErrorKind::InvalidTtl,
        "a lease of 0",
        RedLock::new(&cache, "k", Duration::ZERO).acquire().await,
    );
    met.add(
        ErrorKind::Unsupported,
        "raw in memory",
        cache.raw(&[b"PING"]).await,
    );

    let json = Cache::builder(MemoryBackend::<Bytes>::new())
        .serializer(JsonSerializer)
        .build();
    json.set("text", "twelve").await.expect("memory answers");
    met.add(
        ErrorKind::Decode,
        "get of another type",
        json.multi_get::<Vec<u8>>(["none", "text"]).await,
    );
    let points = BTreeMap::from([((1, 2), 3)]);
    met.add(
        ErrorKind::Encode,
        "set of what JSON has not",
        json.set("points", &points).await,
    );
}

static NESTED: OnceLock<TypedMemoryCache<Nested>> = OnceLock::new();

/// A value whose `Clone` writes to its own store.
#[derive(Debug)]
struct Nested(Option<Error>);

impl Clone for Nested {
    fn clone(&self) -> Self {
        let store = NESTED.get().expect("set before").backend();
        let mut deleted = std::pin::pin!(store.delete("k"));
        let waker = std::task::Waker::noop();
        match std::future::Future::poll(deleted.as_mut(), &mut std::task::Context::from_waker(waker)) {
            std::task::Poll::Ready(result) => Self(result.err()),
            std::task::Poll::Pending => Self(None),
        }
    }
}

async fn from_within(met: &mut Met) {
    let cache = NESTED.get_or_init(TypedMemoryCache::new);
    cache.set("k", &Nested(None)).await.expect("memory answers");
    let nested = cache
        .get::<Nested>("k")
        .await
        .expect("memory answers")
        .expect("there");
    let result = nested.0.map_or(Ok(()), Err);
    met.add(ErrorKind::Reentrant, "a Clone that uses its store", result);
}

async fn before_anything_is_sent(met: &mut Met) {
    met.add(
        ErrorKind::InvalidConfig,
        "connect to ftp",
        connect("ftp://example.org").map(drop),
    );
    if !TLS {
        met.add(
            ErrorKind::InvalidConfig,
            WITHOUT_TLS,
            connect("rediss://localhost").map(drop),
        );
    }
    met.add(
        ErrorKind::InvalidConfig,
        "a bound of 0",
        connect("memory://?max_entries=0").map(drop),
    );
    met.add(
        ErrorKind::InvalidConfig,
        "no port",
        RedisBackend::connect("redis://localhost:port").map(drop),
    );
    met.add(
        ErrorKind::InvalidConfig,
        "no host",
        MemcachedBackend::connect("memcached://").map(drop),
    );

    let redis = RedisBackend::builder("redis://localhost")
        .max_value_bytes(10)
        .build();
    let redis = Cache::builder(redis.expect("a good URL")).build();
    met.add(
        ErrorKind::NoNamespace,
        "clear of a shared store",
        redis.clear().await,
    );
    met.add(
        ErrorKind::ValueTooLarge,
        "set",
        redis.set("k", "more than ten bytes").await,
    );

    let memcached = MemcachedBackend::connect("memcached://localhost").expect("a good URL");
    met.add(
        ErrorKind::InvalidKey,
        "a key with a space",
        memcached.exists("a b").await,
    );
    let memcached = Cache::builder(memcached).build();
    met.add(
        ErrorKind::InvalidTtl,
        "half a second",
        memcached.with_ttl(SECOND / 2).set("k", "v").await,
    );
    met.add(
        ErrorKind::Unsupported,
        "clear of memcached",
        memcached.with_namespace("shop").clear().await,
    );
}

/// In tokio's time, which passes at once while all else waits.
async fn too_late(met: &mut Met) {
    tokio::time::pause();
    let slow = Chaos::seeded(1).slow(1.0, 60 * SECOND);
    let store = Intercepted::new(MemoryBackend::<Object>::new(), slow).remote();
    let cache = Cache::builder(store).timeout(SECOND).build();
    met.add(
        ErrorKind::Timeout,
        "the cache's timeout",
        cache.get::<u8>("k").await,
    );
    let policy = Policy::new().hard_timeout(SECOND);
    let load = std::future::pending::<Result<u8>>;
    let memory = SimpleMemoryCache::new();
    met.add(
        ErrorKind::Timeout,
        "a hard timeout",
        memory.loading("k", &policy).get(load).await,
    );
    tokio::time::resume();
}

async fn from_redis(met: &mut Met) {
    let mut server = support::own_redis();
    let redis = RedisBackend::builder(server.url()).deadline(SECOND / 10).build();
    let cache = Cache::builder(redis.expect("a good URL")).breaker(None).build();
    let patient = Cache::<_>::builder(support::backend(&server)).build();
    met.add(
        ErrorKind::Server,
        "raw with too few arguments",
        patient.raw(&[b"HGET", b"k"]).await,
    );
    support::reach(&cache).await;
    server.pause().expect("it is paused");
    met.add(
        ErrorKind::Timeout,
        "get from a server that stands still",
        cache.get::<u8>("k").await,
    );
    met.add(
        ErrorKind::Unknown,
        "increment likewise",
        cache.increment("k", 1).await,
    );
    server.resume().expect("it goes on");
}

async fn from_nobody(met: &mut Met) {
    let free = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let cache = Cache::builder(RedisBackend::connect(format!("redis://{free}")).expect("a good URL")).build();
    let port = free.port().to_string();
    let mut refused = Met::default();
    refused.add(
        ErrorKind::Unavailable,
        "nobody listens",
        cache.get::<u8>("k").await,
    );
    for _ in 0..4 {
        cache.get::<u8>("k").await.expect_err("nobody listens");
    }
    refused.add(ErrorKind::Unavailable, "once more", cache.get::<u8>("k").await);
    met.0.extend(
        refused
            .0
            .into_iter()
            .map(|(kind, how, text)| (kind, how, text.replace(&port, "<port>"))),
    );
}

/// The kinds that there are, from the snapshot of the public interface.
fn kinds() -> BTreeSet<String> {
    let interface = include_str!("api/aiocache-core.txt");
    let kinds = interface
        .split("pub enum ErrorKind {")
        .nth(1)
        .expect("it is there");
    let kinds = kinds.lines().take_while(|line| *line != "}").map(str::trim);
    kinds
        .filter_map(|line| line.strip_suffix(','))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn each_kind_of_error_says_what_is_written_down() {
    let mut met = Met::default();
    in_memory(&mut met).await;
    from_within(&mut met).await;
    before_anything_is_sent(&mut met).await;
    too_late(&mut met).await;
    from_redis(&mut met).await;
    from_nobody(&mut met).await;
    met.0.sort_by_key(|(kind, ..)| format!("{kind:?}"));
    let found: BTreeSet<String> = met.0.iter().map(|(kind, ..)| format!("{kind:?}")).collect();
    assert_eq!(found, kinds(), "one of each kind");

    let lines = met
        .0
        .iter()
        .map(|(kind, how, text)| format!("{kind:?}, {how}:\n    {text}\n"));
    let (text, file) = (
        lines.collect::<String>(),
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/errors.txt"),
    );
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &text).expect("the snapshot can be written");
    }
    let written = fs::read_to_string(&file).expect("the snapshot is there");
    let lines: Vec<&str> = written.split_inclusive('\n').collect();
    let of_this_build = lines
        .chunks(2)
        .filter(|lines| !TLS || !lines[0].contains(WITHOUT_TLS));
    assert_eq!(of_this_build.flatten().copied().collect::<String>(), text);
}
