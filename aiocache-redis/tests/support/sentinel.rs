//! A master with a replica and three sentinels for one test.

use std::time::{Duration, Instant};

use aiocache_core::Backend;
use aiocache_core::testing::{Answer, RedisServer, Server, Software};
use aiocache_redis::RedisBackend;
use tokio::time::sleep;

use super::cluster::text;

/// After this time without an answer the sentinels take a master for dead.
pub(crate) const DOWN_AFTER: Duration = Duration::from_millis(300);

pub(crate) struct Watched {
    pub(crate) master: RedisServer,
    pub(crate) replica: RedisServer,
    pub(crate) sentinels: Vec<Server<Sentinel>>,
    password: Option<&'static str>,
}

/// `redis-server --sentinel`, which keeps what it learns in a file of its own.
#[derive(Debug)]
pub(crate) struct Sentinel;

impl Software for Sentinel {
    const PROGRAM: &'static str = "sh";

    fn arguments(port: u16) -> Vec<String> {
        let start =
            format!("echo > conf; exec redis-server conf --sentinel --bind 127.0.0.1 --port {port} \"$@\"");
        vec!["-c".to_owned(), start, "sentinel".to_owned()]
    }

    fn question(_: &[String]) -> Vec<u8> {
        // Sentinels know no QUIT; they close on what is no protocol.
        b"INFO\r\n*x\r\n".to_vec()
    }

    fn answer(text: &str, pid: u32) -> Answer {
        let mut lines = text.lines();
        match lines.find_map(|line| line.strip_prefix("process_id:")) {
            Some(found) if found == pid.to_string() => Answer::Ready,
            Some(_) => Answer::Stranger,
            None => Answer::NotYet,
        }
    }

    fn url(port: u16, _: &[String]) -> String {
        format!("redis://127.0.0.1:{port}")
    }
}

impl Watched {
    pub(crate) async fn start(password: Option<&'static str>) -> Self {
        let start = |more: &[&str]| {
            let mut server = RedisServer::builder().args(["--repl-diskless-sync-delay", "0"]);
            if let Some(password) = password {
                server = server
                    .arg("--requirepass", password)
                    .arg("--masterauth", password);
            }
            let started = server.args(more.iter().copied()).start();
            started.expect("redis-server starts")
        };
        let master = start(&[]);
        let replica = start(&["--replicaof", &format!("127.0.0.1 {}", master.port())]);
        let sentinels = (0..3).map(|_| Server::start().expect("redis-server starts as a sentinel"));
        let watched = Self {
            sentinels: sentinels.collect(),
            master,
            replica,
            password,
        };
        watched.watch().await;
        watched
    }

    /// The URL of the whole, without a password.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> = self
            .sentinels
            .iter()
            .map(|server| server.addr().to_string())
            .collect();
        format!("redis-sentinel://{}/main", hosts.join(","))
    }

    /// What a server answers to a command of words.
    pub(crate) async fn ask<S: Software>(&self, server: &Server<S>, command: &str) -> String {
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        let mut builder = RedisBackend::builder(super::url_of(server.addr()));
        if let Some(password) = self.password.filter(|_| S::PROGRAM != Sentinel::PROGRAM) {
            builder = builder.password(password);
        }
        let redis = builder.build().expect("a good URL");
        let start = Instant::now();
        loop {
            match redis.raw(&words).await {
                Ok(answer) => return text(answer),
                // A server that is made a replica cuts its clients off.
                Err(error) if error.is_transient() && start.elapsed() < Duration::from_secs(2) => {
                    sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{command}: {error}"),
            }
        }
    }

    async fn watch(&self) {
        let port = self.master.port();
        let down_after = DOWN_AFTER.as_millis();
        for sentinel in &self.sentinels {
            let monitor = format!("SENTINEL MONITOR main 127.0.0.1 {port} 2");
            self.ask(sentinel, &monitor).await;
            let set = format!("SENTINEL SET main down-after-milliseconds {down_after} failover-timeout 2000");
            self.ask(sentinel, &set).await;
            if let Some(password) = self.password {
                self.ask(sentinel, &format!("SENTINEL SET main auth-pass {password}"))
                    .await;
            }
        }
        let start = Instant::now();
        for sentinel in &self.sentinels {
            let wanted = ["num-other-sentinels 2", "num-slaves 1", "flags master"];
            loop {
                let told = self.ask(sentinel, "SENTINEL MASTER main").await;
                if wanted.iter().all(|line| told.contains(line)) {
                    break;
                }
                assert!(start.elapsed() < Duration::from_secs(30), "{told}");
                sleep(Duration::from_millis(50)).await;
            }
        }
        // A sentinel that has not heard of the replica itself knows of none that could take over.
        let known = self.sentinels.first().expect("three");
        while !self
            .ask(known, "SENTINEL REPLICAS main")
            .await
            .contains("master-link-status ok")
        {
            assert!(start.elapsed() < Duration::from_secs(30), "no replica is known");
            sleep(Duration::from_millis(10)).await;
        }
        while !self
            .ask(&self.master, "INFO replication")
            .await
            .contains("state=online")
        {
            assert!(start.elapsed() < Duration::from_secs(30), "no replica comes up");
            sleep(Duration::from_millis(50)).await;
        }
    }
}
