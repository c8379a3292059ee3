//! A throw-away server, and short forms of what the tests ask a backend.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod proxy;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use aiocache_core::{Backend, Want};
use aiocache_redis::RedisBackend;
use bytes::Bytes;

/// A `redis-server` on a port of its own; killed when dropped.
pub(crate) struct RedisServer {
    port: u16,
    arguments: Vec<String>,
    process: Child,
}

impl RedisServer {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("an address").port();
        drop(free);
        let process = launch(port, &arguments);
        Self {
            port,
            arguments,
            process,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("a running server");
        self.process.wait().expect("an ended server");
    }

    pub(crate) fn restart(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        self.process = launch(self.port, &self.arguments);
    }

    pub(crate) fn pause(&self) {
        self.signal("STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(status.expect("kill runs").success());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn launch(port: u16, arguments: &[String]) -> Child {
    let process = Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .args(arguments)
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed");
    let start = Instant::now();
    while !answers(port) {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "redis-server does not answer"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    process
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    // With a password set the answer is an error, and an answer all the same.
    stream.write_all(b"PING\r\n").is_ok() && stream.read(&mut [0; 16]).is_ok_and(|read| read > 0)
}

pub(crate) fn backend(server: &RedisServer) -> RedisBackend {
    RedisBackend::connect(server.url()).expect("a good URL")
}

pub(crate) async fn get(backend: &RedisBackend, key: &str) -> aiocache_core::Result<Option<Bytes>> {
    backend.read(key, Want::VALUE, |entry| entry.raw.clone()).await
}

pub(crate) fn bytes(text: impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(text.as_ref())
}
