//! The servers, the clients alone, and the caches over them.

use aiocache::memcached::{MemcachedBackend, MemcachedCache};
use aiocache::redis::{RedisBackend, RedisCache};
use aiocache::testing::{MemcachedServer, RedisServer};
use aiocache::{Codec, JsonSerializer, NullSerializer};
use memcache_async::ascii::Protocol;
use redis::aio::MultiplexedConnection;
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// 20 bytes.
const VALUE: &str = "a value of 20 bytes.";
const MANY: usize = 100;

/// Redis, a connection of the client alone, and a cache.
pub(crate) struct Redis {
    port: u16,
    connection: MultiplexedConnection,
    cache: RedisCache<NullSerializer>,
    json: RedisCache,
    keys: Vec<String>,
    // Ends with this process.
    _server: Option<RedisServer>,
}

impl Redis {
    /// Starts a server and both contenders. Leaked, so that tasks can share them.
    pub(crate) async fn start() -> &'static Self {
        let server = RedisServer::start().expect("redis-server is installed");
        let port = server.port();
        Self::connect(port, Some(server)).await
    }

    /// Contenders on a server that is there.
    pub(crate) async fn connect(port: u16, server: Option<RedisServer>) -> &'static Self {
        let address = redis::ConnectionAddr::Tcp("127.0.0.1".to_owned(), port);
        let settings = redis::RedisConnectionInfo::default().set_protocol(redis::ProtocolVersion::RESP3);
        let tcp = redis::io::tcp::TcpSettings::default().set_nodelay(true);
        let info = redis::IntoConnectionInfo::into_connection_info(address)
            .expect("an address")
            .set_redis_settings(settings)
            .set_tcp_settings(tcp);
        let client = redis::Client::open(info).expect("a valid address");
        let connection = client
            .get_multiplexed_async_connection()
            .await
            .expect("Redis answers");
        let backend = RedisBackend::connect(format!("redis://127.0.0.1:{port}")).expect("a valid URL");
        let cache = RedisCache::builder(backend).serializer(NullSerializer).build();
        let json = cache.with_serializer(JsonSerializer);
        cache.set("k", VALUE).await.expect("written");
        let keys: Vec<String> = (0..MANY).map(|n| format!("many:{n}")).collect();
        json.multi_set(keys.iter().map(|key| (key, VALUE)))
            .await
            .expect("written");
        Box::leak(Box::new(Self {
            port,
            connection,
            cache,
            json,
            keys,
            _server: server,
        }))
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) async fn bare_get(&self) -> Option<String> {
        let mut connection = self.connection.clone();
        redis::cmd("GET")
            .arg("k")
            .query_async(&mut connection)
            .await
            .expect("Redis answers")
    }

    pub(crate) async fn cache_get(&self) -> Option<String> {
        self.cache.get("k").await.expect("Redis answers")
    }

    pub(crate) async fn bare_mget(&self) -> Vec<Option<String>> {
        let mut connection = self.connection.clone();
        let found: Vec<Option<Vec<u8>>> = redis::cmd("MGET")
            .arg(&self.keys)
            .query_async(&mut connection)
            .await
            .expect("Redis answers");
        let decode = |bytes: Vec<u8>| JsonSerializer.decode(&bytes).expect("JSON");
        found.into_iter().map(|bytes| bytes.map(decode)).collect()
    }

    pub(crate) async fn cache_multi_get(&self) -> Vec<Option<String>> {
        self.json.multi_get(&self.keys).await.expect("Redis answers")
    }
}

/// memcached, a connection of the client alone, and a cache.
pub(crate) struct Memcached {
    port: u16,
    connection: Mutex<Protocol<TcpStream>>,
    cache: MemcachedCache<NullSerializer>,
    _server: Option<MemcachedServer>,
}

impl Memcached {
    /// Starts a server and both contenders.
    pub(crate) async fn start() -> &'static Self {
        let server = MemcachedServer::start().expect("memcached is installed");
        let port = server.port();
        Self::connect(port, Some(server)).await
    }

    /// Contenders on a server that is there.
    pub(crate) async fn connect(port: u16, server: Option<MemcachedServer>) -> &'static Self {
        let stream = TcpStream::connect(("127.0.0.1", port))
            .await
            .expect("memcached answers");
        stream.set_nodelay(true).expect("a TCP stream");
        let backend =
            MemcachedBackend::connect(format!("memcached://127.0.0.1:{port}")).expect("a valid URL");
        let cache = MemcachedCache::builder(backend)
            .serializer(NullSerializer)
            .build();
        cache.set("k", VALUE).await.expect("written");
        let connection = Mutex::new(Protocol::new(stream));
        Box::leak(Box::new(Self {
            port,
            connection,
            cache,
            _server: server,
        }))
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) async fn bare_get(&self) -> String {
        let bytes = self
            .connection
            .lock()
            .await
            .get("k")
            .await
            .expect("memcached answers");
        String::from_utf8(bytes).expect("text")
    }

    pub(crate) async fn cache_get(&self) -> Option<String> {
        self.cache.get("k").await.expect("memcached answers")
    }
}
