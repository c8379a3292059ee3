//! Making a connection to one server: the handshake, and what the server knows.

use std::fmt;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result, StoreWatch};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use crate::connection::{Connection, Dialect};
use crate::error::{Fault, Repeat, unreachable};
use crate::generation::{Generations, Scope};

/// User name and password of a server that was started with `-Y`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// How connections to one server are made.
#[derive(Debug)]
pub(crate) struct Connect {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) login: Option<Login>,
    pub(crate) within: Duration,
    pub(crate) max_value_bytes: usize,
    /// Those of this server, where namespaces can be cleared.
    pub(crate) generations: Option<Arc<Generations>>,
    /// Who hears of connections, once a cache is built of the backend.
    pub(crate) watch: OnceLock<StoreWatch>,
}

impl Connect {
    /// Tells that a connection took the place of one that was lost.
    pub(crate) fn reconnected(&self) {
        if let Some(watch) = self.watch.get() {
            watch.reconnected();
        }
    }

    /// Connects, logs in, and learns which commands the server knows.
    pub(crate) async fn open(self: Arc<Self>, epoch: Arc<AtomicU64>) -> Result<Connection> {
        let address = format!("{}:{}", self.host, self.port);
        match timeout(self.within, self.shake_hands(epoch)).await {
            Ok(Ok(link)) => Ok(link),
            Ok(Err(Fault::Broken(cause))) => Err(unreachable(cause, &address)),
            Ok(Err(fault)) => Err(fault.error(Repeat::Harmless)),
            Err(_) => Err(Error::new(
                ErrorKind::Unavailable,
                format!("no connection to {address} within {:?}", self.within),
            )),
        }
    }

    async fn shake_hands(&self, epoch: Arc<AtomicU64>) -> Result<Connection, Fault> {
        let begun = Instant::now();
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        stream.set_nodelay(true)?;
        let scope = Scope::new(self.generations.clone());
        let mut link = Connection::new(stream, begun, self.max_value_bytes, epoch, scope);
        if let Some(login) = &self.login {
            log_in(&mut link, login).await?;
        }
        link.dialect = dialect(&mut link).await?;
        Ok(link)
    }
}

/// A `set` whose key does not count, with the user name and the password as its value (`protocol.txt`).
async fn log_in(link: &mut Connection, login: &Login) -> Result<(), Fault> {
    let token = format!("{} {}", login.username, login.password);
    let mut request = link.request();
    request.push(b"set login 0 0").number(" ", token.len()).end_line();
    request.data(&token.into());
    link.exchange(request, async |reader| match reader.answer().await? {
        b"STORED" => Ok(()),
        _ => Err(Fault::Strange),
    })
    .await
}

async fn dialect(link: &mut Connection) -> Result<Dialect, Fault> {
    let mut request = link.request();
    request.push(b"mn\r\n");
    link.exchange(request, async |reader| match reader.line().await? {
        b"MN" => Ok(Dialect::Meta),
        b"ERROR" => Ok(Dialect::Text),
        // Full, or not logged in.
        line if line.starts_with(b"ERROR Too many open connections") => {
            Err(Fault::Broken(io::ErrorKind::ConnectionRefused.into()))
        }
        line => Err(crate::error::fatal(line).unwrap_or(Fault::Strange)),
    })
    .await
}
