//! The options of a [`MemcachedBackend`].

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};

use crate::backend::MemcachedBackend;
use crate::connect::{Connect, Login};
use crate::generation::NUMBER_BYTES;
use crate::key::MAX_KEY_BYTES;
use crate::servers::Servers;
use crate::url::{self, Address};

/// How long a command may take on the wire.
const DEADLINE: Duration = Duration::from_millis(500);
/// The longest deadline, so that adding it to a time cannot overflow.
const MAX_DEADLINE: Duration = Duration::from_secs(86_400);
/// How long making a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Connections per server and runtime.
const POOL_SIZE: usize = 4;
/// The largest value that is sent: a server's limit of 1 MiB (its option `-I`) counts the longest key and the
/// item's own fields too, 313 bytes in all.
const MAX_VALUE_BYTES: usize = (1 << 20) - 512;

/// What all commands of a backend keep to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) deadline: Duration,
    pub(crate) pool_size: usize,
    pub(crate) max_value_bytes: usize,
    /// Keys have a generation in them.
    pub(crate) clearable: bool,
}

impl Limits {
    /// The most that is read: values, and generations.
    fn max_stored_bytes(self) -> usize {
        self.max_value_bytes
            .max(if self.clearable { NUMBER_BYTES } else { 0 })
    }

    /// The longest key, to which a generation may be added.
    pub(crate) fn max_key_bytes(self) -> usize {
        MAX_KEY_BYTES - if self.clearable { NUMBER_BYTES } else { 0 }
    }
}

/// Builds a [`MemcachedBackend`]; made by [`MemcachedBackend::builder`].
///
/// `Debug` shows no credentials.
#[derive(Clone)]
#[must_use]
pub struct MemcachedBuilder {
    servers: Vec<String>,
    limits: Limits,
    connect_timeout: Duration,
    login: Option<Login>,
}

impl MemcachedBuilder {
    pub(crate) fn new() -> Self {
        Self {
            servers: Vec::new(),
            limits: Limits {
                deadline: DEADLINE,
                pool_size: POOL_SIZE,
                max_value_bytes: MAX_VALUE_BYTES,
                clearable: false,
            },
            connect_timeout: CONNECT_TIMEOUT,
            login: None,
        }
    }

    /// Adds a server: `host`, `host:port` or `[address]:port`, or a whole URL as for
    /// [`connect`](MemcachedBackend::connect); the port is 11211 unless given.
    ///
    /// Keys are shared out by the servers' names as they are written here; their order does not count.
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.servers.push(server.into());
        self
    }

    /// How many connections each tokio runtime makes to each server; 4 unless set. A connection carries one command
    /// at a time, so as many are under way at once.
    pub fn pool_size(mut self, connections: usize) -> Self {
        self.limits.pool_size = connections;
        self
    }

    /// How long one wire operation may take, waiting for a free connection included; 500 ms unless set.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.limits.deadline = deadline;
        self
    }

    /// How long making a connection may take; 1 s unless set. A command waits for it no longer than its deadline;
    /// the connection is made all the same, for the commands after it.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The largest value that is sent or taken, in bytes; 1 MiB less 512 bytes unless set. More needs servers that
    /// were started with `-I`.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.limits.max_value_bytes = bytes;
        self
    }

    /// Whether a namespace can be cleared; not unless set, for it changes the stored keys.
    ///
    /// A key `users:42` is stored as `users:1764000000000000:42` then. The number, the generation of the namespace
    /// `users`, is a value of its own on every server, under `users:generation`; `clear` replaces it, so that no
    /// process finds again what was stored before, and memcached drops that in time. Each command asks for the
    /// generation in the same write, so it costs no round trip but the first, and one after each clear.
    ///
    /// All processes that share the servers have to set it alike. Keys may have 229 bytes, and a namespace that is to
    /// be cleared 63 of visible ASCII without a colon; the first colon of a stored key ends its namespace.
    ///
    /// A generation that memcached drops takes its namespace with it on that server, and none ever comes back. A server
    /// that is away fails a `clear`, which has cleared the others then, and keeps what it has: clear again when it is
    /// back. The same holds for a server that was not among those of the backend at the time.
    pub fn clearable_namespaces(mut self, clearable: bool) -> Self {
        self.limits.clearable = clearable;
        self
    }

    /// User name and password for servers that were started with `-Y`, as they are: nothing has to be
    /// percent-escaped here. They go over the wire in the clear.
    pub fn login(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Some(Login {
            username: username.into(),
            password: password.into(),
        });
        self
    }

    /// Checks everything and makes the backend; it connects with its first command.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a server or an option that makes no sense; the message says what is accepted.
    pub fn build(self) -> Result<MemcachedBackend> {
        for (option, is_zero) in [
            ("deadline", self.limits.deadline.is_zero()),
            ("connect_timeout", self.connect_timeout.is_zero()),
            ("pool_size", self.limits.pool_size == 0),
        ] {
            if is_zero {
                return Err(invalid(format!("{option} is 0, and nothing could be sent")));
            }
        }
        let (mut addresses, mut login, mut limits) = (Vec::new(), self.login, self.limits);
        for server in &self.servers {
            let read = url::read(server)?;
            login = login.or(read.login);
            limits.clearable |= read.clearable;
            addresses.extend(read.addresses);
        }
        if let Some(login) = &login {
            check(login)?;
        }
        check_servers(&addresses)?;
        limits.deadline = limits.deadline.min(MAX_DEADLINE);
        let connect = |address: Address| Connect {
            host: address.host,
            port: address.port,
            login: login.clone(),
            within: self.connect_timeout,
            max_value_bytes: limits.max_stored_bytes(),
            generations: limits.clearable.then(Arc::default),
            watch: OnceLock::new(),
        };
        let connects = addresses.into_iter().map(connect).collect();
        Ok(MemcachedBackend::over(Servers::new(connects, limits)))
    }
}

fn check(login: &Login) -> Result<()> {
    let (username, password) = (&login.username, &login.password);
    // The server splits both what is sent and the lines of its file: at spaces, and the latter at the first colon.
    if username.is_empty() || username.contains(|c: char| c == ' ' || c == ':' || c.is_control()) {
        return Err(invalid("a user name has no space, colon or control character"));
    }
    if password.is_empty() || password.contains(|c: char| c == ' ' || c.is_control()) {
        return Err(invalid(
            "a password is not empty and has no space or control character",
        ));
    }
    Ok(())
}

fn check_servers(addresses: &[Address]) -> Result<()> {
    if addresses.is_empty() {
        return Err(invalid("no server is given"));
    }
    for (position, address) in addresses.iter().enumerate() {
        if addresses[..position].contains(address) {
            return Err(invalid("a server is given twice"));
        }
    }
    Ok(())
}

impl fmt::Debug for MemcachedBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A server may be given as a URL with a password.
        f.debug_struct("MemcachedBuilder")
            .field("servers", &self.servers.len())
            .field("limits", &self.limits)
            .field("connect_timeout", &self.connect_timeout)
            .finish_non_exhaustive()
    }
}

pub(crate) fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::InvalidConfig, message)
}
