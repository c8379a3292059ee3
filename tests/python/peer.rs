//! A Python process that answers commands.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use aiocache::{Codec, JsonSerializer};
use serde::{Deserialize, Serialize};

pub(crate) struct Python {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Answer<T> {
    ok: Option<T>,
    error: Option<String>,
}

impl Python {
    /// Starts one for the store of this kind, if there is a Python for it. An empty namespace is none.
    pub(crate) fn start(kind: &str, port: u16, serializer: &str, namespace: &str) -> Option<Self> {
        let Some(python) = std::env::var_os("AIOCACHE_PYTHON") else {
            println!("SKIPPED: AIOCACHE_PYTHON names no Python with aiocache; scripts/test makes one");
            return None;
        };
        let mut process = Command::new(python)
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/peer.py"))
            .args([kind, &port.to_string(), serializer, namespace])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("AIOCACHE_PYTHON names a Python");
        let requests = process.stdin.take().expect("piped");
        let answers = BufReader::new(process.stdout.take().expect("piped"));
        Some(Self {
            process,
            requests,
            answers,
        })
    }

    /// Sends a command with its other fields as JSON, and gives the answer.
    pub(crate) fn ask<T: for<'d> Deserialize<'d> + Serialize>(
        &mut self,
        command: &str,
        fields: &str,
    ) -> Option<T> {
        let answer = self.exchange(command, fields);
        assert_eq!(answer.error, None);
        answer.ok
    }

    /// The error with which a command fails.
    pub(crate) fn refuses(&mut self, command: &str, fields: &str) -> String {
        let answer = self.exchange::<bool>(command, fields);
        answer.error.expect("an error")
    }

    fn exchange<T: for<'d> Deserialize<'d>>(&mut self, command: &str, fields: &str) -> Answer<T> {
        writeln!(self.requests, "{{\"command\": \"{command}\", {fields}}}").expect("Python reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("Python answers");
        JsonSerializer.decode(line.as_bytes()).expect("JSON of that type")
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}
