//! Making a connection: the handshake, and the alarm that tells when it is over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, ProtocolVersion, PushInfo, PushKind, RedisError,
    RedisResult,
};
use tokio::time::timeout;

use crate::error;
use crate::lane::Health;

/// An idle connection is probed after this time, so that a firewall between does not forget it.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// A connection of the client's.
pub(crate) type Link = MultiplexedConnection;

/// How connections are made.
pub(crate) struct Connect {
    client: Client,
    /// The same in RESP2, for a server that refuses RESP3.
    plain: Client,
    refuses_resp3: AtomicBool,
    client_name: Option<String>,
    address: String,
}

impl Connect {
    /// # Errors
    /// `InvalidConfig` if the client takes the settings amiss.
    pub(crate) fn new(info: ConnectionInfo, client_name: Option<String>) -> Result<Self> {
        let tcp = info
            .tcp_settings()
            .clone()
            .set_nodelay(true)
            .set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE));
        let info = info.set_tcp_settings(tcp);
        let address = info.addr().to_string();
        let settings = info.redis_settings().clone();
        let plain = info
            .clone()
            .set_redis_settings(settings.set_protocol(ProtocolVersion::RESP2));
        let open = |info| {
            Client::open(info)
                .map_err(|_| Error::new(ErrorKind::InvalidConfig, "the client refuses these settings"))
        };
        Ok(Self {
            client: open(info)?,
            plain: open(plain)?,
            refuses_resp3: AtomicBool::new(false),
            client_name,
            address,
        })
    }

    /// Where it leads, without credentials.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Connects and logs in.
    pub(crate) async fn open(&self, within: Duration) -> Result<(Link, Arc<Health>)> {
        match timeout(within, self.shake_hands()).await {
            Ok(opened) => opened.map_err(|error| error::unreachable(error, &self.address)),
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                format!("no connection to {} within {within:?}", self.address),
            )),
        }
    }

    async fn shake_hands(&self) -> RedisResult<(Link, Arc<Health>)> {
        if !self.refuses_resp3.load(Relaxed) {
            match self.open_with(&self.client).await {
                Err(refusal) if is_refusal_of_resp3(&refusal) => self.refuses_resp3.store(true, Relaxed),
                other => return other,
            }
        }
        self.open_with(&self.plain).await
    }

    async fn open_with(&self, client: &Client) -> RedisResult<(Link, Arc<Health>)> {
        let health = Arc::new(Health::default());
        let mut config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        if client.get_connection_info().redis_settings().protocol() != ProtocolVersion::RESP2 {
            let alarm = Alarm(Arc::clone(&health));
            config = config.set_push_sender(move |push: PushInfo| {
                if push.kind == PushKind::Disconnection {
                    alarm.0.end();
                }
                Ok::<(), ()>(())
            });
        }
        let mut link = client
            .get_multiplexed_async_connection_with_config(&config)
            .await?;
        if let Some(name) = &self.client_name {
            let command = redis::cmd("CLIENT").arg("SETNAME").arg(name).take();
            link.send_packed_command(&command).await?.extract_error()?;
        }
        Ok((link, health))
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
