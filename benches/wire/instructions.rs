//! Instructions of one operation, counted by callgrind where it is installed: they decide where time straddles a
//! limit, for noise does not move them.

use std::process::Command;

use super::TASKS;
use super::contenders::{Memcached, Redis};
use super::pairs::round;

/// What is counted, in the order of the report: name, the client alone, the cache.
pub(crate) const COUNTED: [(&str, &str, &str); 4] = [
    ("redis get", "redis-bare-get", "redis-cache-get"),
    ("redis get, 64 tasks", "redis-bare-tasks", "redis-cache-tasks"),
    ("redis multi_get(100)", "redis-bare-mget", "redis-cache-mget"),
    ("memcached get", "memcached-bare-get", "memcached-cache-get"),
];

// Whole rounds of the tasks.
const FEW: usize = 640;
const MANY: usize = 3_200;

/// This program, run again under callgrind to do one thing many times.
pub(crate) struct Job {
    what: String,
    port: u16,
    times: usize,
}

impl Job {
    /// The job that the arguments name, if they do: `--job WHAT PORT TIMES`.
    pub(crate) fn from_arguments(arguments: &[String]) -> Option<Self> {
        let at = arguments.iter().position(|argument| argument == "--job")?;
        let [what, port, times] = arguments.get(at + 1..at + 4)? else {
            return None;
        };
        Some(Self {
            what: what.clone(),
            port: port.parse().ok()?,
            times: times.parse().ok()?,
        })
    }

    pub(crate) async fn run(self) {
        if self.what.starts_with("redis") {
            let redis = Redis::connect(self.port, None).await;
            let each = self.times / TASKS;
            match self.what.as_str() {
                "redis-bare-tasks" => {
                    round(TASKS, each, move || async { drop(redis.bare_get().await) }).await;
                    return;
                }
                "redis-cache-tasks" => {
                    round(TASKS, each, move || async { drop(redis.cache_get().await) }).await;
                    return;
                }
                _ => {}
            }
            for _ in 0..self.times {
                match self.what.as_str() {
                    "redis-bare-get" => drop(redis.bare_get().await),
                    "redis-cache-get" => drop(redis.cache_get().await),
                    "redis-bare-mget" => drop(redis.bare_mget().await),
                    _ => drop(redis.cache_multi_get().await),
                }
            }
        } else {
            let memcached = Memcached::connect(self.port, None).await;
            for _ in 0..self.times {
                match self.what.as_str() {
                    "memcached-bare-get" => drop(memcached.bare_get().await),
                    _ => drop(memcached.cache_get().await),
                }
            }
        }
    }
}

/// Instructions of one operation: alone and through the cache. Empty where valgrind is missing.
pub(crate) fn count(redis: u16, memcached: u16) -> Vec<(f64, f64)> {
    let port = |what: &str| {
        if what.starts_with("redis") {
            redis
        } else {
            memcached
        }
    };
    let both =
        |(_, bare, cache): &(&str, &str, &str)| Some((one(bare, port(bare))?, one(cache, port(cache))?));
    COUNTED.iter().map_while(both).collect()
}

/// The difference between many operations and few, so that starting up does not count.
fn one(what: &str, port: u16) -> Option<f64> {
    let (many, few) = (collected(what, port, MANY)?, collected(what, port, FEW)?);
    Some((many - few) / (MANY - FEW) as f64)
}

fn collected(what: &str, port: u16, times: usize) -> Option<f64> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["--job", what, &port.to_string(), &times.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines()
        .find_map(|line| line.split("Collected :").nth(1)?.trim().parse().ok())
}
