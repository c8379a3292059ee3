//! Runs the examples as their users do: as programs, with an environment, judged by what they print.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

/// What a run of an example gave.
#[derive(Debug)]
pub struct Run {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs an example with these variables, and no others that examples look at.
pub fn run(name: &str, environment: &[(&str, &str)]) -> Run {
    let program = EXAMPLES.join(name).with_extension(env::consts::EXE_EXTENSION);
    let mut command = Command::new(&program);
    for variable in ["REDIS_URL", "MEMCACHED_URL", "AIOCACHE_DISABLE"] {
        command.env_remove(variable);
    }
    command.envs(environment.iter().copied());
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let Output {
        status,
        stdout,
        stderr,
    } = output;
    let text = |bytes| String::from_utf8(bytes).expect("examples print UTF-8");
    Run {
        code: status.code(),
        stdout: text(stdout),
        stderr: text(stderr),
    }
}

/// Where the built examples are. They are built here because `cargo test --test …` leaves that out; when they are up
/// to date it takes a moment.
static EXAMPLES: LazyLock<PathBuf> = LazyLock::new(|| {
    let test = env::current_exe().expect("a test knows its own path");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("tests are in target/<profile>/deps");
    if let Some(cargo) = env::var_os("CARGO") {
        let name = match profile.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev",
            Some(name) => name,
        };
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--examples", "--profile", name]);
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        let status = build.status().expect("cargo starts");
        assert!(status.success(), "cargo build --examples: {status}");
    }
    profile.join("examples")
});
