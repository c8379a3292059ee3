//! The options of a [`RedisBackend`].

use std::fmt;
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use redis::{ConnectionInfo, ProtocolVersion};
use tokio::time::Instant;

use crate::backend::RedisBackend;
#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::connect::Connect;
use crate::connection::Connections;
#[cfg(feature = "sentinel")]
use crate::sentinel::Sentinels;
use crate::store::Store;
#[cfg(feature = "tls")]
use crate::tls::Certificates;
use crate::url::{self, Files, Kind, Target};

/// How long a command may take on the wire.
pub(crate) const DEADLINE: Duration = Duration::from_millis(500);
/// The longest deadline, so that adding it to a time cannot overflow.
const MAX_DEADLINE: Duration = Duration::from_secs(86_400);
/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The largest value that is sent.
const MAX_VALUE_BYTES: usize = 64 << 20;

/// What all commands of a backend keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) deadline: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) max_value_bytes: usize,
}

impl Limits {
    /// The deadline of what begins now.
    pub(crate) fn until(&self) -> Instant {
        Instant::now() + self.deadline
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: DEADLINE,
            connect_timeout: CONNECT_TIMEOUT,
            max_value_bytes: MAX_VALUE_BYTES,
        }
    }
}

/// Builds a [`RedisBackend`]; made by [`RedisBackend::builder`].
///
/// What is set here wins over what the URL says. `Debug` shows no credentials.
#[derive(Clone)]
#[must_use]
pub struct RedisBuilder {
    url: String,
    limits: Limits,
    database: Option<u32>,
    username: Option<String>,
    password: Option<String>,
    client_name: Option<String>,
    protocol: Option<ProtocolVersion>,
    #[cfg(feature = "tls")]
    certificates: Certificates,
    #[cfg(feature = "sentinel")]
    sentinel_username: Option<String>,
    #[cfg(feature = "sentinel")]
    sentinel_password: Option<String>,
}

impl RedisBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            limits: Limits::default(),
            database: None,
            username: None,
            password: None,
            client_name: None,
            protocol: None,
            #[cfg(feature = "tls")]
            certificates: Certificates::default(),
            #[cfg(feature = "sentinel")]
            sentinel_username: None,
            #[cfg(feature = "sentinel")]
            sentinel_password: None,
        }
    }

    /// How long one wire operation may take, waiting for a connection included; 500 ms unless set.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// How long making a connection may take; 1 s unless set. A command waits for it no longer than its deadline;
    /// the connection is made all the same, for the commands after it.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.limits.connect_timeout = timeout;
        self
    }

    /// The largest value that is sent, in bytes; 64 MiB unless set.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_value_bytes = bytes;
        self
    }

    /// The number of the database.
    pub fn database(mut self, database: u32) -> Self {
        self.database = Some(database);
        self
    }

    /// The user, for a server with access control lists.
    pub fn username(mut self, username: impl Into<String>) -> Self {
        self.username = Some(username.into());
        self
    }

    /// The password, as it is: nothing has to be percent-escaped here.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(password.into());
        self
    }

    /// The name that `CLIENT LIST` shows on the server: printable ASCII without spaces.
    pub fn client_name(mut self, name: impl Into<String>) -> Self {
        self.client_name = Some(name.into());
        self
    }

    /// Speaks RESP2, for a server or a proxy that takes RESP3 amiss. One that refuses it is spoken to in RESP2
    /// without this.
    pub fn resp2(mut self) -> Self {
        self.protocol = Some(ProtocolVersion::RESP2);
        self
    }

    /// The certificates of the authorities to trust, as PEM, instead of the system's; for `rediss://`. The URL names
    /// a file of them as `?ca_file=/path`. Files are read once, here.
    #[cfg(feature = "tls")]
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.ca = Some(pem.into());
        self
    }

    /// The certificate with which this client shows who it is, and its private key, as PEM; for `rediss://`. The URL
    /// names files of them as `?cert_file=/path&key_file=/path`.
    #[cfg(feature = "tls")]
    pub fn client_certificate(mut self, certificate: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.certificates.client = Some((certificate.into(), key.into()));
        self
    }

    /// The user of the sentinels, who is not the one of the servers.
    #[cfg(feature = "sentinel")]
    pub fn sentinel_username(mut self, username: impl Into<String>) -> Self {
        self.sentinel_username = Some(username.into());
        self
    }

    /// The password of the sentinels, which is not the one of the servers; none unless set.
    #[cfg(feature = "sentinel")]
    pub fn sentinel_password(mut self, password: impl Into<String>) -> Self {
        self.sentinel_password = Some(password.into());
        self
    }

    /// Checks everything and makes the backend; it connects with its first command.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a URL or an option that makes no sense; the message says what is accepted.
    pub fn build(self) -> Result<RedisBackend> {
        let Target { hosts, kind, files } = url::read(&self.url)?;
        self.check()?;
        let hosts = hosts
            .into_iter()
            .map(|host| self.with_options(host, &files))
            .collect::<Result<Vec<_>>>()?;
        let store = match kind {
            Kind::Node => {
                let host = hosts.into_iter().next().ok_or_else(|| invalid("no host"))?;
                Store::Node(Connections::new(
                    Connect::new(host, self.client_name)?,
                    self.limits,
                ))
            }
            #[cfg(feature = "sentinel")]
            Kind::Sentinel(master) => {
                let host = hosts.first().ok_or_else(|| invalid("no sentinel"))?.clone();
                let login = (self.sentinel_username, self.sentinel_password);
                let sentinels = Sentinels::new(hosts, master, login)?;
                let connect = Connect::behind(sentinels, host, self.client_name)?;
                Store::Node(Connections::new(connect, self.limits))
            }
            #[cfg(feature = "cluster")]
            Kind::Cluster => Store::Cluster(Cluster::new(hosts, self.client_name, self.limits)?),
            #[cfg(not(all(feature = "cluster", feature = "sentinel")))]
            _ => {
                return Err(invalid(
                    "the URL's scheme needs a feature that this build has not",
                ));
            }
        };
        Ok(RedisBackend::over(store))
    }

    fn check(&self) -> Result<()> {
        for (option, timeout) in [
            ("deadline", self.limits.deadline),
            ("connect_timeout", self.limits.connect_timeout),
        ] {
            if timeout.is_zero() {
                return Err(invalid(format!("{option} is 0; give it at least a millisecond")));
            }
        }
        if let Some(name) = &self.client_name
            && (name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(invalid("client_name has to be printable ASCII without spaces"));
        }
        Ok(())
    }

    /// What the URL says of a host, with the options over it.
    fn with_options(&self, info: ConnectionInfo, files: &Files) -> Result<ConnectionInfo> {
        let mut settings = info.redis_settings().clone();
        if let Some(database) = self.database {
            settings = settings.set_db(database.into());
        }
        if let Some(username) = &self.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = &self.password {
            settings = settings.set_password(password);
        }
        if let Some(protocol) = self.protocol {
            settings = settings.set_protocol(protocol);
        }
        if settings.username().is_some() && settings.password().is_none() {
            return Err(invalid("a user name needs a password"));
        }
        settings = settings.set_lib_name("aiocache", env!("CARGO_PKG_VERSION"));
        let info = info.set_redis_settings(settings);
        #[cfg(feature = "tls")]
        let info = self.certificates.clone().or_from(files)?.put_into(info)?;
        #[cfg(not(feature = "tls"))]
        let _ = files;
        Ok(info)
    }
}

impl fmt::Debug for RedisBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBuilder")
            .field("limits", &self.limits)
            .field("database", &self.database)
            .field("client_name", &self.client_name)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}

fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}
