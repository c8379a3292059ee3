//! Throw-away servers: each test, or each test program, has its own, on a port of its own, with no state before.

use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use self::guard::Guard;

mod builder;
mod guard;
mod software;

pub use builder::ServerBuilder;
pub use software::{Answer, Memcached, Redis, Software};

/// A throw-away Redis server.
///
/// # Examples
/// ```no_run
/// use aiocache_core::testing::RedisServer;
///
/// # fn main() -> std::io::Result<()> {
/// let mut server = RedisServer::builder().arg("--requirepass", "secret").start()?;
/// println!("{}", server.url());
/// server.kill()?;
/// server.restart()?; // on the same port
/// # Ok(())
/// # }
/// ```
#[cfg(unix)]
pub type RedisServer = Server<Redis>;

/// A throw-away memcached server.
#[cfg(unix)]
pub type MemcachedServer = Server<Memcached>;

/// How long a server may take to answer, or to end after SIGTERM.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one question to the server may take.
const ONE_QUESTION: Duration = Duration::from_secs(1);
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(5);

/// A server on a free port of 127.0.0.1 that lives as long as this value.
///
/// It keeps its files in a new directory of its own. Dropping it kills the server, reaps it and removes the
/// directory; so does the end of the process in any other way, a SIGKILL included, because a small shell beside
/// the server waits for that. Only a SIGKILL of that shell leaves the server behind.
///
/// Starting and stopping block the thread for some milliseconds.
#[cfg(unix)]
#[derive(Debug)]
pub struct Server<S> {
    guard: Guard,
    /// While the server is down, nobody else gets its port.
    _claim: Option<TcpSocket>,
    port: u16,
    pid: u32,
    arguments: Vec<String>,
    software: PhantomData<S>,
}

impl<S: Software> Server<S> {
    /// Starts a server and returns once it answers.
    ///
    /// # Errors
    /// `NotFound` if the program is not installed; the message tells what to do. `TimedOut` if it does not answer
    /// within 10 seconds, `Other` if it ends before; both carry the last lines of its log.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Starts a server with options of its own.
    pub fn builder() -> ServerBuilder<S> {
        ServerBuilder::new()
    }

    /// The URL for clients, with the password given to `--requirepass`, as it is.
    #[must_use]
    pub fn url(&self) -> String {
        S::url(self.port, &self.arguments)
    }

    /// The port, the same for the whole life of this value.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, for instance to put a [`FaultProxy`](super::FaultProxy) in front of it.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The process id of the server that was started last.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The server's working directory. What it writes there outlives [`restart`](Self::restart).
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.guard.directory()
    }

    /// The last lines that the server wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        self.guard.log()
    }

    /// Ends the server with SIGKILL and returns once it is gone. Does nothing if it is gone already.
    ///
    /// # Errors
    /// If the shell that guards the server is gone, as for all the methods below.
    pub fn kill(&mut self) -> io::Result<()> {
        self.guard.signal("KILL")?;
        self.wait_for_end().map(drop)
    }

    /// Asks the server to end, with SIGTERM, and returns once it is gone; after 10 seconds it is killed.
    ///
    /// # Errors
    /// As [`kill`](Self::kill).
    pub fn stop(&mut self) -> io::Result<()> {
        self.guard.signal("TERM")?;
        self.guard.signal("CONT")?;
        if self.wait_for_end()? { Ok(()) } else { self.kill() }
    }

    /// Starts the server again on the same port, with the same options, and returns once it answers.
    ///
    /// A server that still runs is stopped first.
    ///
    /// # Errors
    /// As [`start`](Self::start), and `AddrInUse` if another process has taken the port in between. On Linux it has to ask
    /// for this very one.
    pub fn restart(&mut self) -> io::Result<()> {
        self.stop()?;
        self.launch()
    }

    /// Stops the server's clock with SIGSTOP: connections stay open and are taken, and nothing is answered. Returns
    /// once all of its threads stand still, where the system tells (Linux).
    ///
    /// # Errors
    /// As [`kill`](Self::kill).
    pub fn pause(&mut self) -> io::Result<()> {
        self.guard.signal("STOP")?;
        let start = Instant::now();
        // On a busy machine a thread may go on answering for a while.
        while !guard::stands_still(self.pid) && start.elapsed() < PATIENCE {
            thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Lets a paused server go on, with SIGCONT. It answers what came in meanwhile.
    ///
    /// # Errors
    /// As [`kill`](Self::kill).
    pub fn resume(&mut self) -> io::Result<()> {
        self.guard.signal("CONT").map(drop)
    }

    fn start_on(
        program: &Path,
        (port, claim): (u16, Option<TcpSocket>),
        options: &[String],
    ) -> io::Result<Self> {
        let mut arguments = S::arguments(port);
        arguments.extend_from_slice(options);
        let guard = Guard::new(program, &arguments)?;
        let mut server = Self {
            guard,
            _claim: claim,
            port,
            pid: 0,
            arguments,
            software: PhantomData,
        };
        server.launch()?;
        Ok(server)
    }

    fn launch(&mut self) -> io::Result<()> {
        self.pid = self.guard.launch()?;
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match ask::<S>(self.addr(), &self.arguments, self.pid) {
                Answer::Ready => return Ok(()),
                Answer::Stranger => return Err(self.failure(io::ErrorKind::AddrInUse, "lost its port")),
                Answer::NotYet if !self.guard.signal("0")? => {
                    let free = TcpListener::bind(self.addr()).is_ok();
                    let kind = if free {
                        io::ErrorKind::Other
                    } else {
                        io::ErrorKind::AddrInUse
                    };
                    return Err(self.failure(kind, "ended before it answered"));
                }
                Answer::NotYet => thread::sleep(BETWEEN_QUESTIONS),
            }
        }
        Err(self.failure(io::ErrorKind::TimedOut, "does not answer"))
    }

    /// False if the server still runs after [`PATIENCE`].
    fn wait_for_end(&mut self) -> io::Result<bool> {
        let start = Instant::now();
        while self.guard.signal("0")? {
            if start.elapsed() > PATIENCE {
                return Ok(false);
            }
            thread::sleep(BETWEEN_QUESTIONS);
        }
        Ok(true)
    }

    fn failure(&self, kind: io::ErrorKind, what: &str) -> io::Error {
        io::Error::new(
            kind,
            format!(
                "{} on port {} {what}; its log:\n{}",
                S::PROGRAM,
                self.port,
                self.log()
            ),
        )
    }
}

impl Server<Redis> {
    /// The one Redis server of this process, started by the first call and ended with the process.
    ///
    /// Tests keep out of each other's way by namespaces. It cannot be killed or paused, being shared.
    ///
    /// # Errors
    /// As [`start`](Self::start), the same for every caller.
    pub fn shared() -> io::Result<&'static Self> {
        static SERVER: OnceLock<io::Result<RedisServer>> = OnceLock::new();
        shared(&SERVER)
    }
}

impl Server<Memcached> {
    /// The one memcached server of this process, started by the first call and ended with the process.
    ///
    /// Tests keep out of each other's way by namespaces. It cannot be killed or paused, being shared.
    ///
    /// # Errors
    /// As [`start`](Self::start), the same for every caller.
    pub fn shared() -> io::Result<&'static Self> {
        static SERVER: OnceLock<io::Result<MemcachedServer>> = OnceLock::new();
        shared(&SERVER)
    }
}

fn shared<S: Software>(server: &'static OnceLock<io::Result<Server<S>>>) -> io::Result<&'static Server<S>> {
    server
        .get_or_init(Server::start)
        .as_ref()
        .map_err(|error| io::Error::new(error.kind(), error.to_string()))
}

fn ask<S: Software>(addr: SocketAddr, arguments: &[String], pid: u32) -> Answer {
    let ask = || -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&addr, ONE_QUESTION)?;
        stream.set_read_timeout(Some(ONE_QUESTION))?;
        stream.write_all(&S::question(arguments))?;
        let mut text = Vec::new();
        stream.read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    ask().map_or(Answer::NotYet, |text| S::answer(&text, pid))
}
