//! The options of a [`RedisBackend`].

use std::fmt;
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use redis::ProtocolVersion;

use crate::backend::RedisBackend;
use crate::connect::Connect;
use crate::connection::Connections;
use crate::url;

/// How long a command may take on the wire.
pub(crate) const DEADLINE: Duration = Duration::from_millis(500);
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
        }
    }

    /// How long one wire operation may take, waiting for a connection included; 500 ms unless set.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline;
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

    /// Checks everything and makes the backend; it connects with its first command.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a URL or an option that makes no sense; the message says what is accepted.
    pub fn build(self) -> Result<RedisBackend> {
        let info = url::read(&self.url)?;
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
        let mut settings = info.redis_settings().clone();
        if let Some(database) = self.database {
            settings = settings.set_db(database.into());
        }
        if let Some(username) = self.username {
            settings = settings.set_username(username);
        }
        if let Some(password) = self.password {
            settings = settings.set_password(password);
        }
        if let Some(protocol) = self.protocol {
            settings = settings.set_protocol(protocol);
        }
        if settings.username().is_some() && settings.password().is_none() {
            return Err(invalid("a user name needs a password"));
        }
        settings = settings.set_lib_name("aiocache", env!("CARGO_PKG_VERSION"));
        let connect = Connect::new(info.set_redis_settings(settings), self.client_name)?;
        Ok(RedisBackend::over(Connections::new(connect, self.limits)))
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
