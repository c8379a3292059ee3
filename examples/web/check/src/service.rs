//! A service that runs as long as its test.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::http::{Answer, send};

/// A service on a free port. Dropping it ends it.
#[derive(Debug)]
pub struct Service {
    process: Mutex<Child>,
    address: SocketAddr,
}

impl Service {
    /// Starts a program that takes its port from `PORT` and prints its address first.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn start(program: &str) -> Self {
        let mut command = Command::new(program);
        command
            .env("PORT", "0")
            .env_remove("AIOCACHE_DISABLE")
            .stdout(Stdio::piped());
        let mut process = command.spawn().expect("the service starts");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("it is piped");
        let read = BufReader::new(stdout).read_line(&mut line);
        let address = line.trim().strip_prefix("http://").map(str::parse);
        let Some(Ok(address)) = address else {
            process.kill().expect("it can be ended");
            panic!("its address was expected, not {line:?} ({read:?})");
        };
        let process = Mutex::new(process);
        Self { process, address }
    }

    /// `GET` of a path.
    ///
    /// # Panics
    /// If no answer comes, as all requests here.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, "", "")
    }

    /// `GET` of a path with a header `Cache-Control`.
    #[must_use]
    pub fn get_with(&self, path: &str, cache_control: &str) -> Answer {
        let header = format!("Cache-Control: {cache_control}\r\n");
        self.request("GET", path, &header, "")
    }

    /// `PUT` of JSON.
    #[must_use]
    pub fn put(&self, path: &str, json: &str) -> Answer {
        self.request("PUT", path, "", json)
    }

    /// `DELETE` of a path.
    #[must_use]
    pub fn delete(&self, path: &str) -> Answer {
        self.request("DELETE", path, "", "")
    }

    /// A number from the page of statistics.
    ///
    /// # Panics
    /// If it is not there.
    #[must_use]
    pub fn statistic(&self, name: &str) -> u64 {
        let page = self.get("/statistics").body;
        let found = page.lines().find_map(|line| line.trim().strip_prefix(name));
        let number = found.and_then(|number| number.trim().parse().ok());
        number.unwrap_or_else(|| panic!("{name} is not in {page}"))
    }

    /// Does what ctrl-c does, and waits for the end.
    ///
    /// # Panics
    /// If it goes on.
    #[must_use]
    pub fn interrupt(&self) -> ExitStatus {
        let mut process = self.process.lock().expect("no panic under the lock");
        let mut kill = Command::new("kill");
        kill.args(["-INT", &process.id().to_string()]);
        assert!(kill.status().expect("there is a kill").success());
        let begun = Instant::now();
        loop {
            if let Some(status) = process.try_wait().expect("it is a child") {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it goes on");
            sleep(Duration::from_millis(10));
        }
    }

    fn request(&self, method: &str, path: &str, lines: &str, body: &str) -> Answer {
        send(self.address, method, path, lines, body)
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let process = self.process.get_mut();
        let process = process.unwrap_or_else(std::sync::PoisonError::into_inner);
        let _gone = process.kill();
        let _gone = process.wait();
    }
}
