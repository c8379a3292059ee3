//! What it runs on, and which versions of what.

use std::process::Command;

/// The versions that Cargo chose for this very program.
const LOCK: &str = include_str!("Cargo.lock");
const PEERS: [&str; 8] = [
    "cached",
    "foyer",
    "fred",
    "hitbox-fn",
    "moka",
    "quick_cache",
    "redis",
    "tokio",
];

/// `cached 4.1.0, foyer 0.22.6, …`.
pub(crate) fn versions() -> String {
    let version = |name: &str| {
        let package = LOCK.split("[[package]]").find(|package| {
            let name = format!("name = \"{name}\"");
            package.lines().any(|line| line == name)
        })?;
        let line = package.lines().find(|line| line.starts_with("version = "))?;
        Some(format!("{name} {}", line.split('"').nth(1)?))
    };
    let all: Vec<String> = PEERS.into_iter().filter_map(version).collect();
    all.join(", ")
}

/// Processor, memory, compiler, servers.
pub(crate) fn description() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1))
        .unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kilobytes = memory.lines().find_map(|line| {
        line.strip_prefix("MemTotal:")?
            .split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
    });
    let gigabytes = kilobytes.unwrap_or(0) / 1024 / 1024;
    let compiler = first_words("rustc", 2);
    let redis = first_words("redis-server", 3);
    format!("{cores} cores of {model}, {gigabytes} GiB; {compiler}; {redis}")
}

/// Processes that ran or waited for a processor, on average over the last minute.
pub(crate) fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// What a program says of its version, without its build.
fn first_words(program: &str, words: usize) -> String {
    let output = Command::new(program).arg("--version").output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_else(|_| format!("no {program}"));
    text.split_whitespace().take(words).collect::<Vec<_>>().join(" ")
}
