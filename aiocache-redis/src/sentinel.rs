//! Asking sentinels where their master is.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisConnectionInfo, Value};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::connect::{Link, moved_to};
use crate::lane::Health;
use crate::{error, reply};

/// How long one sentinel is waited for.
const PATIENCE: Duration = Duration::from_millis(250);
/// How long the others are waited for once one has answered.
const GRACE: Duration = Duration::from_millis(30);

/// The pause between two looks at who is the master while a connection lives.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// The sentinels that watch a master.
pub(crate) struct Sentinels {
    clients: Vec<Client>,
    master: Arc<str>,
    like: ConnectionAddr,
}

/// What a sentinel knows of the master.
struct Answer {
    address: ConnectionAddr,
    /// Grows with each failover, so that a sentinel left behind does not win.
    epoch: u64,
}

impl Sentinels {
    /// # Errors
    /// `InvalidConfig` for a user without a password, and if the client takes the settings amiss.
    pub(crate) fn new(
        hosts: Vec<ConnectionInfo>,
        master: String,
        (username, password): (Option<String>, Option<String>),
    ) -> Result<Self> {
        let refused = || Error::new(ErrorKind::InvalidConfig, "the client refuses these settings");
        if username.is_some() && password.is_none() {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "a user name of the sentinels needs a password",
            ));
        }
        let like = hosts.first().ok_or_else(refused)?.addr().clone();
        let clients = hosts.into_iter().map(|host| {
            let mut settings = RedisConnectionInfo::default()
                .set_protocol(host.redis_settings().protocol())
                .set_skip_set_lib_name();
            if let Some(username) = &username {
                settings = settings.set_username(username);
            }
            if let Some(password) = &password {
                settings = settings.set_password(password);
            }
            Client::open(host.set_redis_settings(settings)).map_err(|_| refused())
        });
        Ok(Self {
            clients: clients.collect::<Result<_>>()?,
            master: master.into(),
            like,
        })
    }

    /// Asks all at once and takes the newest answer.
    ///
    /// # Errors
    /// What a sentinel said if none knows the master, or that none answers.
    pub(crate) async fn master(&self) -> Result<ConnectionAddr> {
        let mut asked = JoinSet::new();
        for client in &self.clients {
            asked.spawn(ask(client.clone(), Arc::clone(&self.master), self.like.clone()));
        }
        let mut until = Instant::now() + PATIENCE;
        let mut newest: Option<Answer> = None;
        let mut failure = Error::new(
            ErrorKind::Unavailable,
            format!("no sentinel answered within {PATIENCE:?}"),
        );
        while let Ok(Some(answered)) = timeout_at(until, asked.join_next()).await {
            match answered.unwrap_or_else(|_| Err(error::shutting_down())) {
                Ok(answer) => {
                    until = until.min(Instant::now() + GRACE);
                    if newest.as_ref().is_none_or(|found| found.epoch < answer.epoch) {
                        newest = Some(answer);
                    }
                }
                // What a sentinel says weighs more than the silence of the others.
                Err(error) if failure.kind() == ErrorKind::Unavailable => failure = error,
                Err(_) => {}
            }
        }
        newest.map(|answer| answer.address).ok_or(failure)
    }

    /// Ends a connection's health when the sentinels name another master than the one it leads to. A master that is
    /// replaced while it lives takes writes, which are lost, for seconds before it is told.
    pub(crate) async fn watch(self: Arc<Self>, at: ConnectionAddr, health: Weak<Health>) {
        for client in self.clients.iter().cycle() {
            let mut link = None;
            // Another one is asked when this one does not answer any more.
            while let Some(named) = self.look(client, &mut link).await {
                let Some(health) = living(&health) else { return };
                if named != at && self.master().await.is_ok_and(|newest| newest != at) {
                    health.end();
                    return;
                }
            }
            if living(&health).is_none() {
                return;
            }
        }
    }

    /// What one sentinel says after a pause, over a connection that is kept; nothing if it does not answer.
    async fn look(&self, client: &Client, link: &mut Option<Link>) -> Option<ConnectionAddr> {
        sleep(BETWEEN_LOOKS).await;
        let question = async {
            let mut open = match link.take() {
                Some(open) => open,
                None => connect(client).await?,
            };
            let answer = put(&mut open, &self.master, &self.like).await?;
            *link = Some(open);
            Ok::<_, Error>(answer.address)
        };
        timeout(PATIENCE, question).await.ok()?.ok()
    }
}

fn living(health: &Weak<Health>) -> Option<Arc<Health>> {
    health.upgrade().filter(|health| !health.has_ended())
}

/// Without credentials.
impl fmt::Display for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "master {} of sentinels", self.master)?;
        for client in &self.clients {
            write!(f, " {}", client.get_connection_info().addr())?;
        }
        Ok(())
    }
}

async fn ask(client: Client, master: Arc<str>, like: ConnectionAddr) -> Result<Answer> {
    let question = async {
        let mut link = connect(&client).await?;
        put(&mut link, &master, &like).await
    };
    let answer = timeout(PATIENCE, question).await;
    answer.unwrap_or_else(|_| {
        let address = client.get_connection_info().addr();
        Err(Error::new(
            ErrorKind::Unavailable,
            format!("no answer from sentinel {address} within {PATIENCE:?}"),
        ))
    })
}

async fn connect(client: &Client) -> Result<Link> {
    #[cfg(feature = "tls")]
    crate::tls::provide();
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None);
    let opened = client.get_multiplexed_async_connection_with_config(&config).await;
    let address = client.get_connection_info().addr();
    opened.map_err(|cause| error::unreachable(cause, &address.to_string()))
}

async fn put(link: &mut Link, master: &str, like: &ConnectionAddr) -> Result<Answer> {
    let command = redis::cmd("SENTINEL").arg("MASTER").arg(master).take();
    let answer = link.send_packed_command(&command).await;
    read(
        answer.map_err(|cause| error::unreachable(cause, "a sentinel"))?,
        like,
    )
}

/// A map of RESP3, or a list of names and values.
fn read(answer: Value, like: &ConnectionAddr) -> Result<Answer> {
    let pairs = match answer {
        Value::Map(pairs) => pairs,
        other => {
            let mut parts = reply::list(other)?.into_iter();
            std::iter::from_fn(|| Some((parts.next()?, parts.next()?))).collect()
        }
    };
    let (mut host, mut port, mut epoch) = (None, None, 0);
    for (name, value) in pairs {
        let (Some(name), Some(value)) = (reply::text(&name), reply::text(&value)) else {
            continue;
        };
        match name {
            "ip" => host = Some(value.to_owned()),
            "port" => port = value.parse().ok(),
            "config-epoch" => epoch = value.parse().unwrap_or_default(),
            _ => {}
        }
    }
    let (Some(host), Some(port)) = (host, port) else {
        return Err(error::strange());
    };
    Ok(Answer {
        address: moved_to(like, host, port),
        epoch,
    })
}

/// Sentinels may still name a server that is a replica already, or not yet a master.
///
/// # Errors
/// `Unavailable` for a server that is none.
pub(crate) async fn check_master(link: &mut Link) -> Result<()> {
    let answer = link
        .send_packed_command(&redis::cmd("ROLE"))
        .await
        .map_err(|cause| error::unreachable(cause, "the master"))?;
    let role = reply::list(answer)?;
    if role.first().and_then(reply::text) == Some("master") {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Unavailable,
        "the server that the sentinels named is no master",
    ))
}
