//! Commands on one connection to a Redis on this machine, and Python's libraries for the record.

pub(crate) mod clients;
mod server;

use clients::Clients;
use server::Server;

use crate::contest::{self, Unit};
use crate::options::Options;
use crate::python;
use crate::samples::Sample;
use crate::table::count;
use crate::workload;

pub(crate) const OPERATIONS: [&str; 3] = ["get", "set", "multi_get(100)"];
const TASKS: usize = 64;

pub(crate) fn what(operation: &str) -> String {
    format!("Redis, {operation}")
}

pub(crate) fn throughput() -> String {
    format!("Redis, get, {}", count(TASKS, "task"))
}

/// Each command in one task, and `get` in 64.
pub(crate) fn run(options: &Options) -> Vec<Sample> {
    let server = Server::start();
    let runtime = contest::runtime();
    let mut samples = runtime.block_on(async {
        let clients = Clients::connect(server.port()).await;
        let mut samples = Vec::new();
        for operation in OPERATIONS {
            let what = what(operation);
            let contenders = clients.contenders(operation);
            let calls = if operation.starts_with("multi") {
                500
            } else {
                2_000
            };
            let streams = workload::ascending(0, 1, calls);
            let measured = contest::rounds(
                options.rounds(),
                (&what, "1 task"),
                Unit::Nanoseconds,
                &contenders,
                |_| (contest::tenth(&streams), streams.clone()),
            );
            samples.extend(measured.await);
        }
        let throughput = throughput();
        let streams = workload::ascending(0, TASKS, options.calls() / 4);
        let contenders = clients.contenders("get");
        let measured = contest::rounds(
            options.rounds(),
            (&throughput, "one connection"),
            Unit::PerSecond,
            &contenders,
            |_| (contest::tenth(&streams), streams.clone()),
        );
        samples.extend(measured.await);
        samples
    });
    samples.extend(python::run(options, server.port()));
    samples
}
