//! A small shell that owns one server and ends it when this process ends, however it ends.

use std::fs::{self, DirBuilder};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// Reads one order a line and answers each with a line: `launch` with the server's process id, a signal with the
/// exit status of `kill`. The end of the orders is the end of this process, by drop, exit, abort or SIGKILL alike.
///
/// `jobs` makes every shell reap a server that ended, so that signal 0 tells a zombie from a living one.
const SCRIPT: &str = r#"
trap : HUP INT TERM
directory=$1
shift
while read -r order; do
    jobs >/dev/null
    if [ "$order" = launch ]; then
        "$@" </dev/null >>"$directory/log" 2>&1 &
        server=$!
        echo "$server"
    else
        kill -"$order" "$server" 2>/dev/null
        echo "$?"
    fi
done
kill -KILL "$server" 2>/dev/null
wait
rm -rf -- "$directory"
"#;

/// How much of the server's log an error carries.
const LOG_LINES: usize = 20;

/// Whether no thread of a process runs; taken for true where the system does not tell.
pub(super) fn stands_still(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return true;
    };
    let states = threads
        .flatten()
        .map(|thread| fs::read_to_string(thread.path().join("stat")));
    // The state follows the name, which is in parentheses and may have others in it.
    states.flatten().all(|stat| {
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with(['T', 't', 'Z', 'X']))
    })
}

/// The shell, the directory it will remove and the way to talk to it.
#[derive(Debug)]
pub(super) struct Guard {
    shell: Child,
    answers: BufReader<ChildStdout>,
    directory: PathBuf,
}

impl Guard {
    /// Starts the shell in a new directory; the server is started by [`launch`](Self::launch).
    pub(super) fn new(program: &Path, arguments: &[String]) -> io::Result<Self> {
        let directory = new_directory()?;
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "aiocache-server-guard"])
            .arg(&directory)
            .arg(program)
            .args(arguments)
            .current_dir(&directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C ends the test process, and only then, in order, the server.
            .process_group(0)
            .spawn()
            .inspect_err(|_| drop(fs::remove_dir(&directory)))?;
        let answers = BufReader::new(shell.stdout.take().expect("stdout is piped above"));
        Ok(Self {
            shell,
            answers,
            directory,
        })
    }

    /// Starts the server and returns its process id.
    pub(super) fn launch(&mut self) -> io::Result<u32> {
        let answer = self.order("launch")?;
        answer
            .parse()
            .map_err(|_| io::Error::other(format!("the server's guard answered {answer:?}")))
    }

    /// Sends the server a signal, named as in `kill -STOP`; false when there is no such process any more.
    pub(super) fn signal(&mut self, name: &str) -> io::Result<bool> {
        Ok(self.order(name)? == "0")
    }

    /// Where the server runs and writes; removed with the guard.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The last lines that the server wrote to its standard output and error.
    pub(super) fn log(&self) -> String {
        let log = fs::read(self.directory.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    fn order(&mut self, order: &str) -> io::Result<String> {
        let orders = self
            .shell
            .stdin
            .as_mut()
            .expect("stdin is piped and only `wait` closes it");
        orders.write_all(format!("{order}\n").as_bytes())?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            return Err(io::Error::other("the server's guard has ended"));
        }
        Ok(answer.trim_end().to_owned())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // `wait` closes the shell's stdin, on which it kills and reaps the server and removes the directory.
        drop(self.shell.wait());
    }
}

/// Makes an empty directory that only this user can enter.
fn new_directory() -> io::Result<PathBuf> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory = std::env::temp_dir().join(format!("aiocache-{}-{number}", process::id()));
        match DirBuilder::new().mode(0o700).create(&directory) {
            Ok(()) => return Ok(directory),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
