//! The port of a proxy, which stays its own while it refuses connections.

use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How many clients may wait to be accepted.
const BACKLOG: u32 = 1024;

#[derive(Debug)]
pub(super) struct Door {
    addr: SocketAddr,
    /// Bound but never listening: it keeps the port from others, and the kernel refuses clients.
    _claim: TcpSocket,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    open: Option<Open>,
    accepting: Option<Waker>,
}

/// One listening socket, twice.
#[derive(Debug)]
struct Open {
    awaited: TcpListener,
    /// Asks the kernel itself; the runtime knows of a waiting client only after its next look.
    direct: std::net::TcpListener,
}

impl Door {
    /// Takes a free port and listens on it.
    pub(super) fn new() -> io::Result<Self> {
        let claim = bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let addr = claim.local_addr()?;
        let state = State {
            open: Some(Open::new(addr)?),
            accepting: None,
        };
        Ok(Self {
            addr,
            _claim: claim,
            state: Mutex::new(state),
        })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Refuses clients from now on, those not yet accepted included.
    pub(super) fn close(&self) {
        self.state().open = None;
    }

    /// Listens again, if it does not.
    pub(super) fn open(&self) {
        let mut state = self.state();
        if state.open.is_none() {
            state.open = Some(Open::new(self.addr).expect("the port is claimed by this proxy"));
            state.wake();
        }
    }

    /// Gives each client to `admit`, for ever.
    pub(super) async fn accept(&self, admit: impl Fn(TcpStream)) {
        poll_fn(|context| self.poll(context, &admit)).await
    }

    /// Gives the clients that are connected already to `admit`.
    pub(super) fn accept_waiting(&self, admit: impl Fn(TcpStream)) {
        let state = self.state();
        let Some(open) = &state.open else { return };
        while let Ok((client, _)) = open.direct.accept() {
            if client.set_nonblocking(true).is_ok()
                && let Ok(client) = TcpStream::from_std(client)
            {
                admit(client);
            }
        }
    }

    /// Admits under the lock, so that a client is either admitted or still waiting when others look.
    fn poll(&self, context: &mut Context<'_>, admit: &impl Fn(TcpStream)) -> Poll<()> {
        let mut state = self.state();
        state.accepting = Some(context.waker().clone());
        let Some(open) = &state.open else {
            return Poll::Pending;
        };
        while let Poll::Ready(accepted) = open.awaited.poll_accept(context) {
            let Ok((client, _)) = accepted else {
                // A client that has gone, or a shortage of descriptors that may pass: others run before the next try.
                context.waker().wake_by_ref();
                break;
            };
            admit(client);
        }
        Poll::Pending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wake(&mut self) {
        if let Some(waker) = self.accepting.take() {
            waker.wake();
        }
    }
}

impl Open {
    fn new(addr: SocketAddr) -> io::Result<Self> {
        let awaited = bind(addr)?.listen(BACKLOG)?;
        let direct = std::net::TcpListener::from(awaited.as_fd().try_clone_to_owned()?);
        Ok(Self { awaited, direct })
    }
}

/// A socket that shares its address with the others of this user that are bound in this way.
fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(addr)?;
    Ok(socket)
}
