//! Options of a throw-away server, and the search for its program and its port.

use std::io;
use std::marker::PhantomData;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use tokio::net::TcpSocket;

use super::{Server, Software};

/// How many ports are tried when other processes are quicker to take them.
const PORTS: usize = 8;

/// Options of a [`Server`].
#[cfg(unix)]
#[derive(Debug, Clone)]
#[must_use]
pub struct ServerBuilder<S> {
    program: String,
    arguments: Vec<String>,
    software: PhantomData<S>,
}

impl<S: Software> ServerBuilder<S> {
    pub(super) fn new() -> Self {
        Self {
            program: S::PROGRAM.to_owned(),
            arguments: Vec::new(),
            software: PhantomData,
        }
    }

    /// Adds an option with its value: `.arg("--requirepass", "secret")`, `.arg("-I", "8m")`.
    ///
    /// It comes after the arguments that every server gets, and so overrides them. Paths are relative to the
    /// server's own directory.
    pub fn arg(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.args([name.into(), value.into()])
    }

    /// Adds arguments as they are.
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Starts another program that takes the same arguments, by name or by absolute path.
    pub fn program(mut self, program: impl Into<String>) -> Self {
        self.program = program.into();
        self
    }

    /// Starts the server and returns once it answers.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start(self) -> io::Result<Server<S>> {
        let program = find(&self.program)?;
        let mut tried = 0;
        loop {
            tried += 1;
            match Server::start_on(&program, claim()?, &self.arguments) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && tried < PORTS => {}
                result => return result,
            }
        }
    }
}

/// A free port, and on Linux what keeps it: a socket that is bound and never listens. Who asks for any port is given
/// another one then, and a server, which asks for this one and shares its address as this does, may listen on it.
/// Elsewhere it may not, and the port is free for everybody.
fn claim() -> io::Result<(u16, Option<TcpSocket>)> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
    let port = socket.local_addr()?.port();
    Ok((port, cfg!(target_os = "linux").then_some(socket)))
}

fn find(program: &str) -> io::Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // An absolute program replaces the folder it is joined to.
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file());
    found.ok_or_else(|| {
        let message =
            format!("{program} is not installed: run scripts/test, or install the package {program}");
        io::Error::new(io::ErrorKind::NotFound, message)
    })
}
