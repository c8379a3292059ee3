//! The connections of each runtime, and a command's way through one of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard, Weak};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, Pipeline, ProtocolVersion, PushInfo, PushKind,
    RedisError, RedisResult, Value,
};
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::Limits;
use crate::lane::{Health, Lane, Live};
use crate::{error, reply};

/// A request over this many bytes goes by the second connection, so that small ones do not stand behind it.
const LARGE: usize = 1 << 20;
/// The longest deadline, so that adding it to a time cannot overflow.
const MAX_DEADLINE: Duration = Duration::from_secs(86_400);
/// An idle connection is probed after this time, so that a firewall between does not forget it.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// A connection of the client's.
pub(crate) type Link = MultiplexedConnection;

/// Whether a command may be sent again when its connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Twice leaves the store as once does.
    Harmless,
    /// Twice may do more than once.
    Harmful,
}

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

/// What goes over a wire in one piece.
pub(crate) trait Wire: Sync {
    type Answer: Send;

    fn send(&self, link: &mut Link) -> impl Future<Output = RedisResult<Self::Answer>> + Send;

    fn is_read_only(answer: &Self::Answer) -> bool;
}

impl Wire for Cmd {
    type Answer = Value;

    async fn send(&self, link: &mut Link) -> RedisResult<Value> {
        link.send_packed_command(self).await
    }

    fn is_read_only(answer: &Value) -> bool {
        reply::is_read_only(answer)
    }
}

impl Wire for Pipeline {
    type Answer = Vec<Value>;

    async fn send(&self, link: &mut Link) -> RedisResult<Vec<Value>> {
        link.send_packed_commands(self, 0, self.len()).await
    }

    fn is_read_only(answers: &Vec<Value>) -> bool {
        answers.iter().any(reply::is_read_only)
    }
}

/// All connections of a backend.
pub(crate) struct Connections {
    connect: Arc<Connect>,
    limits: Limits,
    sets: RwLock<HashMap<Id, Arc<RuntimeSet>>>,
}

/// The connections of one runtime; its commands wait for no other's tasks.
struct RuntimeSet {
    ordinary: Arc<Lane>,
    large: Arc<Lane>,
    /// The task that takes this set away when the runtime ends.
    guard: AbortHandle,
}

impl Drop for RuntimeSet {
    fn drop(&mut self) {
        self.guard.abort();
    }
}

impl Connections {
    pub(crate) fn new(connect: Connect, mut limits: Limits) -> Arc<Self> {
        limits.deadline = limits.deadline.min(MAX_DEADLINE);
        Arc::new(Self {
            connect: Arc::new(connect),
            limits,
            sets: RwLock::default(),
        })
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a request of `size` bytes and waits for its answer, no longer than the deadline. A request that is
    /// harmless to repeat is sent once more if its connection breaks.
    pub(crate) async fn call<W: Wire>(
        self: &Arc<Self>,
        request: &W,
        size: usize,
        repeat: Repeat,
    ) -> Result<W::Answer> {
        let set = self.set()?;
        let lane = if size > LARGE { &set.large } else { &set.ordinary };
        let until = Instant::now() + self.limits.deadline;
        let mut again = repeat == Repeat::Harmless;
        loop {
            let mut live = self.live(lane, until).await?;
            match timeout_at(until, request.send(&mut live.link)).await {
                Ok(Ok(answer)) => {
                    live.health.answered();
                    if W::is_read_only(&answer) {
                        lane.lost(&live);
                    }
                    return Ok(answer);
                }
                Ok(Err(cause)) => {
                    lane.lost(&live);
                    if !std::mem::take(&mut again) {
                        return Err(error::broken(cause, repeat));
                    }
                }
                Err(_) => {
                    if live.health.timed_out() {
                        lane.lost(&live);
                    }
                    return Err(error::late(self.limits.deadline, repeat));
                }
            }
        }
    }

    /// A number that is another after each reconnect of this runtime's connection for ordinary commands.
    pub(crate) async fn generation(self: &Arc<Self>) -> Result<u64> {
        let set = self.set()?;
        let until = Instant::now() + self.limits.deadline;
        Ok(self.live(&set.ordinary, until).await?.generation)
    }

    /// Lets go of every connection; each is closed when what was sent on it is answered.
    pub(crate) fn close(&self) {
        let sets = std::mem::take(&mut *self.sets_mut());
        drop(sets);
    }

    async fn live(&self, lane: &Arc<Lane>, until: Instant) -> Result<Live> {
        // No timer on the usual way.
        if let Some(live) = lane.current() {
            return Ok(live);
        }
        timeout_at(until, lane.live(&self.connect, self.limits))
            .await
            .unwrap_or_else(|_| Err(error::not_connected(self.limits.deadline)))
    }

    fn set(self: &Arc<Self>) -> Result<Arc<RuntimeSet>> {
        let runtime = Handle::try_current()
            .map_err(|_| {
                Error::new(
                    ErrorKind::InvalidConfig,
                    "Redis needs a tokio runtime around the call",
                )
            })?
            .id();
        let sets = self.sets.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.get(&runtime) {
            return Ok(Arc::clone(set));
        }
        drop(sets);
        Ok(self.add_set(runtime))
    }

    fn add_set(self: &Arc<Self>, runtime: Id) -> Arc<RuntimeSet> {
        // Made before the lock is taken: a runtime that is shutting down drops the guard here and now.
        let new = Arc::new_cyclic(|set| {
            let guard = Guard {
                connections: Arc::downgrade(self),
                set: set.clone(),
                runtime,
            };
            let task = tokio::spawn(async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            });
            RuntimeSet {
                ordinary: Arc::default(),
                large: Arc::default(),
                guard: task.abort_handle(),
            }
        });
        let set = Arc::clone(self.sets_mut().entry(runtime).or_insert_with(|| Arc::clone(&new)));
        if set.guard.is_finished() {
            self.remove(runtime, &Arc::downgrade(&set));
        }
        set
    }

    fn remove(&self, runtime: Id, set: &Weak<RuntimeSet>) {
        let mut sets = self.sets_mut();
        // A later runtime may have the same id.
        let removed = match sets.get(&runtime) {
            Some(found) if std::ptr::eq(Arc::as_ptr(found), set.as_ptr()) => sets.remove(&runtime),
            _ => None,
        };
        drop(sets);
        drop(removed);
    }

    fn sets_mut(&self) -> RwLockWriteGuard<'_, HashMap<Id, Arc<RuntimeSet>>> {
        self.sets.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("address", &self.connect.address)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Takes a set away when it is dropped with its runtime.
struct Guard {
    connections: Weak<Connections>,
    set: Weak<RuntimeSet>,
    runtime: Id,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(connections) = self.connections.upgrade() {
            connections.remove(self.runtime, &self.set);
        }
    }
}
