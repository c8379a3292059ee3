//! The bare client, the caches over it, and another client.

use std::time::Duration;

use aiocache::NullSerializer;
use aiocache::redis::{RedisBackend, RedisCache};
use cached::{AsyncRedisCache, ConcurrentCachedAsync};
use fred::prelude::{Builder, Client as Fred, ClientLike, Config, Expiration, KeysInterface, TcpConfig};
use redis::aio::MultiplexedConnection;

use crate::contest::Contender;
use crate::workload::{TTL, Value};

pub(crate) const BARE: &str = "redis, the bare client";
pub(crate) const OURS: &str = "aiocache";
pub(crate) const CACHED: &str = "cached, AsyncRedisCache";
pub(crate) const FRED: &str = "fred";

const MANY: u64 = 100;

/// All of them, each with one connection. Leaked, so that tasks can share them.
pub(crate) struct Clients {
    bare: &'static MultiplexedConnection,
    ours: &'static RedisCache<NullSerializer>,
    cached: &'static AsyncRedisCache<String, String>,
    fred: &'static Fred,
}

fn leak<T>(one: T) -> &'static T {
    Box::leak(Box::new(one))
}

fn key(key: u64) -> String {
    format!("user:{}", key % 1_000)
}

fn many(from: u64) -> Vec<String> {
    (from..from + MANY).map(key).collect()
}

impl Clients {
    pub(crate) async fn connect(port: u16) -> Self {
        let url = format!("redis://127.0.0.1:{port}");
        let bare = bare(port).await;
        let backend = RedisBackend::connect(url.as_str()).expect("a valid URL");
        let ours = RedisCache::builder(backend)
            .serializer(NullSerializer)
            .ttl(Duration::from_secs(TTL))
            .build();
        let cached = AsyncRedisCache::builder("peers")
            .ttl(Duration::from_secs(TTL))
            .connection_string(&url)
            .build()
            .await
            .expect("Redis answers");
        let fred = fred(&url).await;
        for n in 0..1_000 {
            let (key, value) = (key(n), String::of(n));
            ours.set(&key, &value).await.expect("Redis answers");
            cached.async_cache_set(key, value).await.expect("Redis answers");
        }
        Self {
            bare: leak(bare),
            ours: leak(ours),
            cached: leak(cached),
            fred: leak(fred),
        }
    }

    /// Those that know the operation.
    pub(crate) fn contenders(&self, operation: &str) -> Vec<Contender> {
        match operation {
            "get" => self.get(),
            "set" => self.set(),
            _ => self.multi_get(),
        }
    }

    fn get(&self) -> Vec<Contender> {
        let &Self {
            bare,
            ours,
            cached,
            fred,
        } = self;
        vec![
            Contender::new(BARE, move |n| async move {
                let mut get = redis::cmd("GET");
                let found: Option<String> = get
                    .arg(key(n))
                    .query_async(&mut bare.clone())
                    .await
                    .expect("Redis answers");
                found.expect("it is there")
            }),
            Contender::new(OURS, move |n| async move {
                let found: Option<String> = ours.get(key(n)).await.expect("Redis answers");
                found.expect("it is there")
            }),
            Contender::new(CACHED, move |n| async move {
                let found = cached.async_cache_get(&key(n)).await.expect("Redis answers");
                found.expect("it is there")
            }),
            Contender::new(FRED, move |n| async move {
                let found: Option<String> = fred.get(key(n)).await.expect("Redis answers");
                found.expect("it is there")
            }),
        ]
    }

    fn set(&self) -> Vec<Contender> {
        let &Self {
            bare,
            ours,
            cached,
            fred,
        } = self;
        vec![
            Contender::new(BARE, move |n| async move {
                let mut set = redis::cmd("SET");
                set.arg(key(n)).arg(String::of(n)).arg("EX").arg(TTL);
                set.query_async::<()>(&mut bare.clone())
                    .await
                    .expect("Redis answers");
            }),
            Contender::new(OURS, move |n| async move {
                ours.set(key(n), &String::of(n)).await.expect("Redis answers");
            }),
            Contender::new(CACHED, move |n| async move {
                let before = cached.async_cache_set(key(n), String::of(n)).await;
                before.expect("Redis answers")
            }),
            Contender::new(FRED, move |n| async move {
                let expiry = Some(Expiration::EX(TTL.cast_signed()));
                let set = fred.set::<(), _, _>(key(n), String::of(n), expiry, None, false);
                set.await.expect("Redis answers");
            }),
        ]
    }

    fn multi_get(&self) -> Vec<Contender> {
        let &Self { bare, ours, fred, .. } = self;
        vec![
            Contender::new(BARE, move |n| async move {
                let mut get = redis::cmd("MGET");
                let found: Vec<Option<String>> = get
                    .arg(many(n))
                    .query_async(&mut bare.clone())
                    .await
                    .expect("Redis answers");
                found
            }),
            Contender::new(OURS, move |n| async move {
                let found: Vec<Option<String>> = ours.multi_get(many(n)).await.expect("Redis answers");
                found
            }),
            Contender::new(FRED, move |n| async move {
                let found: Vec<Option<String>> = fred.mget(many(n)).await.expect("Redis answers");
                found
            }),
        ]
    }
}

async fn bare(port: u16) -> MultiplexedConnection {
    let address = redis::ConnectionAddr::Tcp("127.0.0.1".to_owned(), port);
    let settings = redis::RedisConnectionInfo::default().set_protocol(redis::ProtocolVersion::RESP3);
    let tcp = redis::io::tcp::TcpSettings::default().set_nodelay(true);
    let info = redis::IntoConnectionInfo::into_connection_info(address)
        .expect("an address")
        .set_redis_settings(settings)
        .set_tcp_settings(tcp);
    let client = redis::Client::open(info).expect("a valid address");
    let connection = client.get_multiplexed_async_connection().await;
    connection.expect("Redis answers")
}

async fn fred(url: &str) -> Fred {
    let config = Config::from_url(url).expect("a valid URL");
    let mut builder = Builder::from_config(config);
    builder.with_connection_config(|config| {
        config.tcp = TcpConfig {
            nodelay: Some(true),
            ..Default::default()
        };
    });
    let client = builder.build().expect("a valid configuration");
    client.init().await.expect("Redis answers");
    client
}
