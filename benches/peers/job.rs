//! This program run again, to do one thing with one contender in a process of its own.

use std::io;
use std::process::Command;

use crate::contenders;
use crate::contest::Contender;
use crate::samples::{self, Sample};
use crate::workload::{Record, Value};

/// `--job KIND VALUE CONTENDER NUMBER`.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) contender: String,
    pub(crate) number: usize,
}

impl Job {
    pub(crate) fn new(kind: &str, value: &str, contender: &str, number: usize) -> Self {
        Self {
            kind: kind.to_owned(),
            value: value.to_owned(),
            contender: contender.to_owned(),
            number,
        }
    }

    /// The job that the arguments name, if they do.
    pub(crate) fn from_arguments(arguments: &[String]) -> Option<Self> {
        let [flag, kind, value, contender, number] = arguments else {
            return None;
        };
        (flag == "--job").then(|| Self::new(kind, value, contender, number.parse().expect("a number")))
    }

    fn arguments(&self) -> [String; 5] {
        [
            "--job".to_owned(),
            self.kind.clone(),
            self.value.clone(),
            self.contender.clone(),
            self.number.to_string(),
        ]
    }

    /// The contender to work with.
    pub(crate) fn contender(&self) -> Contender {
        let all = if self.value == Record::NAME {
            contenders::record()
        } else {
            contenders::text()
        };
        all.into_iter()
            .find(|contender| contender.name() == self.contender)
            .expect("the job names a contender")
    }

    /// Runs it in a process of its own, which prints samples.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let program = std::env::current_exe().expect("this program has a path");
        let output = Command::new(program)
            .args(self.arguments())
            .stderr(std::process::Stdio::inherit())
            .output()
            .expect("this program runs again");
        assert!(output.status.success(), "{self:?}");
        samples::parse(&String::from_utf8_lossy(&output.stdout))
    }

    /// Runs it under another program, and gives what that says on its error output.
    pub(crate) fn under(&self, program: &str, options: &[&str]) -> io::Result<String> {
        let output = Command::new(program)
            .args(options)
            .arg(std::env::current_exe()?)
            .args(self.arguments())
            .output()?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// The contenders that have this value, by name.
pub(crate) fn names(value: &str) -> Vec<&'static str> {
    let all = if value == String::NAME {
        contenders::text()
    } else {
        contenders::record()
    };
    all.iter().map(Contender::name).collect()
}
