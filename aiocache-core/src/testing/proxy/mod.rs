//! A TCP proxy that spoils connections on demand, to see what a client makes of it.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use self::door::Door;
use self::lane::{Route, shutdown};

mod door;
mod lane;

/// What a [`FaultProxy`] does to the connections that it carries.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing: bytes pass as they come.
    Pass,
    /// Bytes arrive this much later, in order, and without slowing down those behind them.
    Delay {
        /// Added on the way from the client to the server.
        to_server: Duration,
        /// Added on the way from the server to the client.
        to_client: Duration,
    },
    /// Bytes wait, on this side and then in the sender; when the fault ends they arrive. So does a close.
    Stall(Direction),
    /// Bytes are taken and lost, as on a network that went dark. A close is not passed on before the fault ends.
    BlackHole(Direction),
    /// Every `every`th byte has all its bits flipped, counted per connection and direction; 0 counts as 1.
    Garble {
        /// Which way.
        direction: Direction,
        /// The distance between two spoilt bytes.
        every: u64,
    },
    /// New connections are refused, as by a server that is not there. Those that live go on, until
    /// [`cut`](FaultProxy::cut).
    Refuse,
}

/// Which way bytes go.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
    /// Either way.
    Both,
}

/// A TCP proxy on a free loopback port whose behaviour can be changed while connections live.
///
/// It works on the runtime that started it. Dropping it closes the port and all connections.
///
/// # Examples
/// ```
/// use aiocache_core::testing::{Fault, FaultProxy};
/// # async fn example(server: std::net::SocketAddr) -> std::io::Result<()> {
/// let proxy = FaultProxy::start(server).await?;
/// let mut client = tokio::net::TcpStream::connect(proxy.addr()).await?;
/// proxy.set(Fault::Refuse); // The server goes away …
/// proxy.cut();
/// proxy.set(Fault::Pass); // … and is back on the same port.
/// # Ok(())
/// # }
/// ```
#[cfg(unix)]
#[derive(Debug)]
pub struct FaultProxy {
    shared: Arc<Shared>,
    accepting: AbortHandle,
}

#[derive(Debug)]
struct Shared {
    runtime: Handle,
    target: SocketAddr,
    door: Door,
    setting: watch::Sender<Setting>,
    links: Mutex<HashMap<u64, Link>>,
    connections: AtomicU64,
    to_server: AtomicU64,
    to_client: AtomicU64,
}

/// A fault and the connections it is for: those with a number below this one.
#[derive(Debug, Clone, Copy)]
struct Setting {
    fault: Fault,
    below: u64,
}

/// A connection that lives.
#[derive(Debug)]
struct Link {
    client: Arc<TcpStream>,
    task: AbortHandle,
}

impl FaultProxy {
    /// Starts a proxy in front of this address; it connects there once for each connection that it takes.
    ///
    /// A target that cannot be reached is seen by the client as a connection that is closed at once.
    ///
    /// Cancel safe: it is done at its first poll, or nothing is.
    ///
    /// # Errors
    /// If no port can be had.
    ///
    /// # Panics
    /// Outside a tokio runtime with its I/O and time drivers on.
    #[expect(
        clippy::unused_async,
        reason = "it has to be called in a runtime, which an async fn makes plain"
    )]
    pub async fn start(target: SocketAddr) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            runtime: Handle::current(),
            target,
            door: Door::new()?,
            setting: watch::Sender::new(Setting {
                fault: Fault::Pass,
                below: u64::MAX,
            }),
            links: Mutex::default(),
            connections: AtomicU64::new(0),
            to_server: AtomicU64::new(0),
            to_client: AtomicU64::new(0),
        });
        let accepting = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move { shared.door.accept(|client| shared.admit(client)).await }
        });
        Ok(Self {
            shared,
            accepting: accepting.abort_handle(),
        })
    }

    /// The address for clients, the same for the proxy's whole life.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.shared.door.addr()
    }

    /// Does this to all connections from now on, those that live and those to come; the last call counts.
    ///
    /// # Panics
    /// If the process is out of file descriptors when [`Fault::Refuse`] ends, as for `set_live`.
    pub fn set(&self, fault: Fault) {
        self.apply(fault, |_| u64::MAX);
    }

    /// Does this to the connections that live now, and lets those to come pass.
    ///
    /// It replaces what was set before. [`Fault::Refuse`] is not for live connections: it does nothing here.
    pub fn set_live(&self, fault: Fault) {
        let fault = if fault == Fault::Refuse {
            Fault::Pass
        } else {
            fault
        };
        self.apply(fault, |connections| connections);
    }

    /// Closes all connections that live now. New ones are taken, unless they are refused.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// How many connections were taken since the start.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many bytes were passed on to the server since the start, garbled ones included, swallowed ones not.
    #[must_use]
    pub fn bytes_to_server(&self) -> u64 {
        self.shared.to_server.load(Ordering::SeqCst)
    }

    /// How many bytes were passed on to clients since the start, garbled ones included, swallowed ones not.
    #[must_use]
    pub fn bytes_to_client(&self) -> u64 {
        self.shared.to_client.load(Ordering::SeqCst)
    }

    fn apply(&self, fault: Fault, below: impl FnOnce(u64) -> u64) {
        let shared = &self.shared;
        let _runtime = shared.runtime.enter();
        // Clients that are connected but not yet accepted count as living.
        shared.door.accept_waiting(|client| shared.admit(client));
        shared.setting.send_replace(Setting {
            fault,
            below: below(self.connections()),
        });
        if fault == Fault::Refuse {
            shared.door.close()
        } else {
            shared.door.open()
        }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.shared.door.close();
        self.shared.cut();
    }
}

impl Shared {
    fn admit(self: &Arc<Self>, client: TcpStream) {
        let client = Arc::new(client);
        let number = self.connections.fetch_add(1, Ordering::SeqCst);
        let mut links = self.links();
        let task = self.runtime.spawn({
            let (shared, client) = (Arc::clone(self), Arc::clone(&client));
            async move {
                // Its failure is the fault that was asked for, or the peers' own; both of them see it.
                drop(Route::new(number, &shared).carry(client).await);
                shared.links().remove(&number);
            }
        });
        links.insert(
            number,
            Link {
                client,
                task: task.abort_handle(),
            },
        );
    }

    fn cut(self: &Arc<Self>) {
        let _runtime = self.runtime.enter();
        self.door.accept_waiting(|client| self.admit(client));
        for (_, link) in self.links().drain() {
            // The task may end a little later, and the client must not see that.
            drop(shutdown(&link.client, Shutdown::Both));
            link.task.abort();
        }
    }

    fn links(&self) -> MutexGuard<'_, HashMap<u64, Link>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
