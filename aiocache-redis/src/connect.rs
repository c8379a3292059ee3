//! Making a connection: the handshake, and the alarm that tells when it is over.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result, StoreWatch};
#[cfg(any(feature = "cluster", feature = "sentinel"))]
use redis::ConnectionAddr;
use redis::aio::MultiplexedConnection;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, Pipeline, ProtocolVersion, PushInfo, PushKind, RedisError,
    RedisResult, ServerErrorKind, Value,
};
use tokio::time::timeout;

use crate::error;
use crate::lane::Health;
#[cfg(feature = "sentinel")]
use crate::sentinel::{self, Sentinels};

/// An idle connection is probed after this time.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// How many commands may wait to be written; those beyond wait to be let in, which costs more. Each holds its own
/// bytes in any case.
const QUEUE: usize = 1024;

/// A connection of the client's.
pub(crate) type Link = MultiplexedConnection;

/// How connections are made.
pub(crate) struct Connect {
    /// The server; of a master behind sentinels everything but where it is.
    info: ConnectionInfo,
    #[cfg(feature = "sentinel")]
    sentinels: Option<Arc<Sentinels>>,
    /// A server that refuses RESP3 is spoken to in RESP2.
    refuses_resp3: AtomicBool,
    client_name: Option<String>,
    /// Whether a server that still loads its data is of no use.
    needs_data: bool,
    address: String,
    watch: Watch,
}

/// Who hears of connections, once a cache is built of the backend. Shared by the nodes of a cluster.
pub(crate) type Watch = Arc<OnceLock<StoreWatch>>;

impl Connect {
    /// # Errors
    /// `InvalidConfig` if the client takes the settings amiss.
    pub(crate) fn new(info: ConnectionInfo, client_name: Option<String>) -> Result<Self> {
        let info = with_sockets_for_a_cache(info);
        let address = info.addr().to_string();
        Client::open(info.clone())
            .map_err(|_| Error::new(ErrorKind::InvalidConfig, "the client refuses these settings"))?;
        Ok(Self {
            info,
            #[cfg(feature = "sentinel")]
            sentinels: None,
            refuses_resp3: AtomicBool::new(false),
            client_name,
            needs_data: true,
            address,
            watch: Watch::default(),
        })
    }

    /// Connects to the master that the sentinels name at that time.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    #[cfg(feature = "sentinel")]
    pub(crate) fn behind(
        sentinels: Sentinels,
        info: ConnectionInfo,
        client_name: Option<String>,
    ) -> Result<Self> {
        let mut connect = Self::new(info, client_name)?;
        connect.address = sentinels.to_string();
        connect.sentinels = Some(Arc::new(sentinels));
        Ok(connect)
    }

    /// Tells of its connections to `watch`.
    #[cfg(feature = "cluster")]
    pub(crate) fn watched_by(mut self, watch: &Watch) -> Self {
        self.watch = Arc::clone(watch);
        self
    }

    /// For questions about a cluster, which a node of some versions answers before it has its data.
    #[cfg(feature = "cluster")]
    pub(crate) fn without_data(mut self) -> Self {
        self.needs_data = false;
        self
    }

    /// Takes note of who is to hear of its connections.
    pub(crate) fn watch(&self, watch: StoreWatch) {
        // A backend has one cache.
        let _first = self.watch.set(watch);
    }

    /// Tells that a connection took the place of one that was lost.
    pub(crate) fn reconnected(&self) {
        if let Some(watch) = self.watch.get() {
            watch.reconnected();
        }
    }

    /// Where it leads, without credentials.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Connects and logs in.
    pub(crate) async fn open(&self, within: Duration) -> Result<(Link, Arc<Health>)> {
        match timeout(within, self.find_and_open()).await {
            Ok(opened) => opened,
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                format!("no connection to {} within {within:?}", self.address),
            )),
        }
    }

    async fn find_and_open(&self) -> Result<(Link, Arc<Health>)> {
        #[cfg(feature = "sentinel")]
        if let Some(sentinels) = &self.sentinels {
            let master = sentinels.master().await?;
            let info = self.info.clone().set_addr(master.clone());
            let (mut link, health) = self.open_at(&info).await?;
            sentinel::check_master(&mut link).await?;
            tokio::spawn(Arc::clone(sentinels).watch(master, Arc::downgrade(&health)));
            return Ok((link, health));
        }
        self.open_at(&self.info).await
    }

    async fn open_at(&self, info: &ConnectionInfo) -> Result<(Link, Arc<Health>)> {
        let opened = self.shake_hands(info).await;
        opened.map_err(|error| error::unreachable(error, &info.addr().to_string()))
    }

    async fn shake_hands(&self, info: &ConnectionInfo) -> RedisResult<(Link, Arc<Health>)> {
        if !self.refuses_resp3.load(Relaxed) {
            match self.open_with(info.clone()).await {
                Err(refusal) if is_refusal_of_resp3(&refusal) => self.refuses_resp3.store(true, Relaxed),
                other => return other,
            }
        }
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP2);
        self.open_with(info.clone().set_redis_settings(settings)).await
    }

    async fn open_with(&self, info: ConnectionInfo) -> RedisResult<(Link, Arc<Health>)> {
        #[cfg(feature = "tls")]
        crate::tls::provide();
        let health = Arc::new(Health::default());
        let mut config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(QUEUE);
        if info.redis_settings().protocol() != ProtocolVersion::RESP2 {
            let alarm = Alarm(Arc::clone(&health));
            config = config.set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    alarm.0.end();
                }
                Ok::<(), ()>(())
            });
        }
        let mut link = Client::open(info)?
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        self.set_up(&mut link).await?;
        Ok((link, health))
    }

    /// Names the connection, and asks whether the server has its data: while it loads them, it answers all of the
    /// handshake and nothing else. In one round trip.
    async fn set_up(&self, link: &mut Link) -> RedisResult<()> {
        let mut questions = Pipeline::new();
        if let Some(name) = &self.client_name {
            questions.cmd("CLIENT").arg("SETNAME").arg(name);
        }
        if self.needs_data {
            questions.cmd("PING");
        }
        if questions.is_empty() {
            return Ok(());
        }
        let mut answers = link.send_packed_commands(&questions, 0, questions.len()).await?;
        // No other refusal says that commands will be refused: a user may be one who must not ask.
        if self.needs_data
            && let Some(Value::ServerError(refusal)) = answers.pop()
            && refusal.kind() == Some(ServerErrorKind::BusyLoading)
        {
            return Err(refusal.into());
        }
        answers
            .into_iter()
            .try_for_each(|answer| answer.extract_error().map(drop))
    }
}

/// Small commands are not held back, and an idle connection is not forgotten by a firewall.
fn with_sockets_for_a_cache(info: ConnectionInfo) -> ConnectionInfo {
    let tcp = info
        .tcp_settings()
        .clone()
        .set_nodelay(true)
        .set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE));
    info.set_tcp_settings(tcp)
}

/// The same kind of address, with TLS and its certificates or without, of another server.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
pub(crate) fn moved_to(like: &ConnectionAddr, host: String, port: u16) -> ConnectionAddr {
    match like {
        ConnectionAddr::TcpTls { tls_params, .. } => ConnectionAddr::TcpTls {
            host,
            port,
            insecure: false,
            tls_params: tls_params.clone(),
        },
        _ => ConnectionAddr::Tcp(host, port),
    }
}

/// Ends a connection's health with the task that drives it, also when a runtime drops that task.
struct Alarm(Arc<Health>);

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Whether a server does not know `HELLO` (before version 6, and proxies) or knows no protocol 3.
fn is_refusal_of_resp3(error: &RedisError) -> bool {
    let unknown = |text: &str| text.starts_with("unknown command") && text.contains("HELLO");
    error.kind() == redis::ErrorKind::RESP3NotSupported
        || error.code() == Some("NOPROTO")
        || error.detail().is_some_and(unknown)
}
