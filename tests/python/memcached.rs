//! Through memcached: keys without a namespace, or with one that is joined to them bare, as Python joins it there.

use aiocache::memcached::MemcachedBackend;
use aiocache::testing::MemcachedServer;
use aiocache::{Cache, JsonSerializer, MsgPackSerializer, StringSerializer};

use crate::peer::Python;
use crate::values::{User, go_both_ways, text};

/// None, and one.
const NAMESPACES: [&str; 2] = ["", "shared"];

fn server() -> MemcachedServer {
    MemcachedServer::start().expect("scripts/test installs memcached")
}

fn cache<S>(server: &MemcachedServer, serializer: S, namespace: &str) -> Cache<MemcachedBackend, S> {
    let memcached = MemcachedBackend::connect(server.url()).expect("a valid URL");
    let builder = Cache::builder(memcached).serializer(serializer);
    if namespace.is_empty() {
        return builder.build();
    }
    let builder = builder.namespace(namespace);
    builder.key_builder(|ns, key| format!("{ns}{key}")).build()
}

/// Values of each serializer go both ways, with their ttl.
macro_rules! both_ways {
    ($($test:ident: $name:literal, $serializer:expr, $value:expr;)*) => {$(
        #[tokio::test]
        async fn $test() {
            let server = server();
            for namespace in NAMESPACES {
                let Some(mut python) = Python::start("memcached", server.port(), $name, namespace) else { return };
                go_both_ways(&cache(&server, $serializer, namespace), &mut python, $value).await;
            }
        }
    )*};
}

both_ways! {
    strings_go_both_ways: "string", StringSerializer, text();
    json_goes_both_ways: "json", JsonSerializer, User::ada();
    msgpack_goes_both_ways: "msgpack", MsgPackSerializer, User::ada();
    msgpack_numbers_go_both_ways: "msgpack", MsgPackSerializer, 1_000_000_i64;
}

#[tokio::test]
async fn both_count_with_the_same_counter_from_zero_up() {
    let server = server();
    for namespace in NAMESPACES {
        let Some(mut python) = Python::start("memcached", server.port(), "json", namespace) else {
            return;
        };
        let cache = cache(&server, JsonSerializer, namespace);
        let mut python_adds = |delta: i64| {
            let fields = format!(r#""key": "n", "delta": {delta}"#);
            python.ask::<i64>("increment", &fields)
        };
        assert_eq!(python_adds(5), Some(5));
        assert_eq!(cache.increment("n", 7).await.expect("counted"), 12);
        // memcached leaves a space where the second digit was.
        assert_eq!(python_adds(-4), Some(8));
        assert_eq!(cache.get::<i64>("n").await.expect("a number"), Some(8));
        assert_eq!(cache.increment("n", -1).await.expect("counted"), 7);
        assert_eq!(python_adds(3), Some(10));
        assert_eq!(cache.increment("n", 0).await.expect("counted"), 10);

        assert_eq!(cache.increment("n", -11).await.expect("counted"), -1);
        let error = python.refuses("increment", r#""key": "n", "delta": 1"#);
        assert!(error.contains("non-numeric"), "{error}");
    }
}

#[tokio::test]
async fn each_deletes_what_the_other_wrote() {
    let server = server();
    for namespace in NAMESPACES {
        let Some(mut python) = Python::start("memcached", server.port(), "json", namespace) else {
            return;
        };
        let cache = cache(&server, JsonSerializer, namespace);
        cache.set("a", &1).await.expect("written");
        assert_eq!(python.ask::<i64>("delete", r#""key": "a""#), Some(1));
        assert!(!cache.exists("a").await.expect("answered"));
        python.ask::<bool>("set", r#""key": "b", "value": 2"#);
        assert_eq!(cache.delete("b").await.expect("answered"), 1);
        assert_eq!(python.ask::<bool>("exists", r#""key": "b""#), Some(false));
    }
}

#[tokio::test]
async fn the_msgpack_serializer_of_aiocache_0_12_cannot_read_what_it_wrote() {
    let server = server();
    let Some(mut python) = Python::start("memcached", server.port(), "plain-msgpack", "") else {
        return;
    };
    python.ask::<bool>("set", r#""key": "n", "value": 1000000"#);
    let error = python.refuses("get", r#""key": "n""#);
    assert!(error.starts_with("UnicodeDecodeError"), "{error}");
    let read = cache(&server, MsgPackSerializer, "").get::<i64>("n").await;
    assert_eq!(read.expect("readable here"), Some(1_000_000));
}
