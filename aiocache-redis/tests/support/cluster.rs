//! A cluster for one test: three nodes with a third of the slots each, and replicas if wanted.

use std::time::{Duration, Instant};

use aiocache_core::testing::RedisServer;
use aiocache_core::{Backend, Reply};
use aiocache_redis::RedisBackend;
use tokio::time::sleep;

use super::port;

/// The nodes with slots; those after the third are replicas of the first ones.
pub(crate) struct Nodes {
    pub(crate) servers: Vec<RedisServer>,
}

/// The deadline of [`connect`].
pub(crate) const DEADLINE: Duration = Duration::from_millis(400);

pub(crate) fn connect(nodes: &Nodes) -> RedisBackend {
    RedisBackend::builder(nodes.url())
        .deadline(DEADLINE)
        .build()
        .expect("a good URL")
}

pub(crate) fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

pub(crate) fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// A slot on its way from one node to another.
pub(crate) struct Moving {
    slot: String,
    from: usize,
    to: usize,
}

const SLOTS: [(u16, u16); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];

impl Nodes {
    pub(crate) async fn start(replicas: usize) -> Self {
        let servers: Vec<_> = (0..3 + replicas).map(|_| node()).collect();
        let nodes = Self { servers };
        for (number, (first, last)) in SLOTS.iter().enumerate() {
            nodes
                .ask(number, &format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1))
                .await;
            nodes
                .ask(number, &format!("CLUSTER ADDSLOTSRANGE {first} {last}"))
                .await;
        }
        for number in 1..nodes.servers.len() {
            nodes.meet(number).await;
        }
        let all = nodes.servers.len();
        nodes.wait_for(&format!("cluster_known_nodes:{all}")).await;
        for number in 3..all {
            let master = nodes.ask(number - 3, "CLUSTER MYID").await;
            nodes.ask(number, &format!("CLUSTER REPLICATE {master}")).await;
        }
        nodes.wait_for("cluster_state:ok").await;
        if replicas > 0 {
            let start = Instant::now();
            while !nodes.ask(0, "INFO replication").await.contains("state=online") {
                assert!(start.elapsed() < Duration::from_secs(20), "no replica comes up");
                sleep(Duration::from_millis(50)).await;
            }
        }
        nodes
    }

    /// One more node, without any slot; its number.
    pub(crate) async fn add(&mut self) -> usize {
        let number = self.servers.len();
        self.servers.push(node());
        self.meet(number).await;
        self.wait_for(&format!("cluster_known_nodes:{}", number + 1))
            .await;
        self.wait_for("cluster_state:ok").await;
        number
    }

    async fn meet(&self, number: usize) {
        let bus = self.ask(number, "CONFIG GET cluster-port").await;
        let bus = bus.split_whitespace().last().expect("a port").to_owned();
        let port = self.servers[number].port();
        self.ask(0, &format!("CLUSTER MEET 127.0.0.1 {port} {bus}")).await;
    }

    /// The URL of the whole.
    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> = self
            .servers
            .iter()
            .map(|server| server.addr().to_string())
            .collect();
        format!("redis-cluster://{}", hosts.join(","))
    }

    /// What one node answers to a command of words.
    pub(crate) async fn ask(&self, number: usize, command: &str) -> String {
        let words: Vec<&[u8]> = command.split(' ').map(str::as_bytes).collect();
        let answer = self.direct(number).raw(&words).await;
        text(answer.unwrap_or_else(|error| panic!("{command}: {error}")))
    }

    /// A connection to one node only.
    pub(crate) fn direct(&self, number: usize) -> RedisBackend {
        RedisBackend::connect(super::url(&self.servers[number])).expect("a good URL")
    }

    /// The keys that each of the first three nodes has.
    pub(crate) async fn sizes(&self) -> [u64; 3] {
        let mut sizes = [0; 3];
        for (number, size) in sizes.iter_mut().enumerate() {
            *size = self.ask(number, "DBSIZE").await.parse().expect("a number");
        }
        sizes
    }

    /// Opens the slot of a key at both nodes; its keys are where they were.
    pub(crate) async fn begin_move(&self, key: &str, to: usize) -> Moving {
        let slot = self.ask(0, &format!("CLUSTER KEYSLOT {key}")).await;
        let from = owner(self, key).await;
        for (node, direction, other) in [(to, "IMPORTING", from), (from, "MIGRATING", to)] {
            let other = self.ask(other, "CLUSTER MYID").await;
            self.ask(node, &format!("CLUSTER SETSLOT {slot} {direction} {other}"))
                .await;
        }
        Moving { slot, from, to }
    }

    /// Takes one key along.
    pub(crate) async fn migrate(&self, moving: &Moving, key: &str) {
        let port = self.servers[moving.to].port();
        self.ask(moving.from, &format!("MIGRATE 127.0.0.1 {port} {key} 0 5000"))
            .await;
    }

    /// Gives the slot to its new node.
    pub(crate) async fn end_move(&self, Moving { slot, from, to }: Moving) {
        let id = self.ask(to, "CLUSTER MYID").await;
        for node in [to, from] {
            self.ask(node, &format!("CLUSTER SETSLOT {slot} NODE {id}")).await;
        }
    }

    async fn wait_for(&self, line: &str) {
        let start = Instant::now();
        for number in 0..self.servers.len() {
            while !self.ask(number, "CLUSTER INFO").await.contains(line) {
                assert!(start.elapsed() < Duration::from_secs(20), "no {line}");
                sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// The number of the node that has a key.
pub(crate) async fn owner(nodes: &Nodes, key: &str) -> usize {
    let slot: u16 = nodes
        .ask(0, &format!("CLUSTER KEYSLOT {key}"))
        .await
        .parse()
        .expect("a slot");
    let found = SLOTS
        .iter()
        .position(|(first, last)| (*first..=*last).contains(&slot));
    found.expect("every slot is in a range")
}

fn node() -> RedisServer {
    loop {
        let started = RedisServer::builder()
            .args(["--cluster-enabled", "yes", "--cluster-node-timeout", "500"])
            .args([
                "--cluster-require-full-coverage",
                "no",
                "--repl-diskless-sync-delay",
                "0",
            ])
            // It is 10,000 above the port by default, which free ports are too high for.
            .arg("--cluster-port", port().to_string())
            .start();
        match started {
            Ok(server) => return server,
            // Another took the port of the bus in between.
            Err(error) if error.to_string().contains("in use") => {}
            Err(error) => panic!("{error}"),
        }
    }
}

pub(crate) fn text(reply: Reply) -> String {
    match reply {
        Reply::Text(text) => text,
        Reply::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Reply::Integer(number) => number.to_string(),
        Reply::List(list) => list.into_iter().map(text).collect::<Vec<_>>().join(" "),
        Reply::Map(pairs) => pairs
            .into_iter()
            .map(|(name, value)| format!("{} {}", text(name), text(value)))
            .collect::<Vec<_>>()
            .join(" "),
        other => format!("{other:?}"),
    }
}
