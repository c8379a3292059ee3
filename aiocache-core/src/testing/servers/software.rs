//! What there is to know about a program in order to start it: its arguments, its URL, and whether it answers.

/// A program that [`Server`](super::Server) can start on a loopback port.
///
/// Implement it to give the tests of another backend servers of the same kind.
#[cfg(unix)]
pub trait Software {
    /// The program's name, as found in `PATH`; also the name of the package that has it.
    const PROGRAM: &'static str;

    /// The arguments that make the program listen on this port of 127.0.0.1, in the foreground, keeping nothing.
    ///
    /// The builder's own arguments follow them.
    fn arguments(port: u16) -> Vec<String>;

    /// The bytes to send so that the server tells its process id and then closes the connection.
    fn question(arguments: &[String]) -> Vec<u8>;

    /// Whether this answer means that the process `pid` is ready, and not a stranger on its port.
    fn answer(text: &str, pid: u32) -> Answer;

    /// The URL that clients take. `arguments` are all those that the program was started with.
    fn url(port: u16, arguments: &[String]) -> String;
}

/// What an answer to [`Software::question`] tells.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The server that was started answers, and takes commands.
    Ready,
    /// Not yet; ask again.
    NotYet,
    /// Another process has the port.
    Stranger,
}

/// `redis-server`.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
pub struct Redis;

impl Software for Redis {
    const PROGRAM: &'static str = "redis-server";

    fn arguments(port: u16) -> Vec<String> {
        let port = port.to_string();
        let list = [
            "--bind",
            "127.0.0.1",
            "--port",
            &port,
            "--save",
            "",
            "--appendonly",
            "no",
        ];
        list.map(str::to_owned).to_vec()
    }

    fn question(arguments: &[String]) -> Vec<u8> {
        let mut question = password(arguments).map_or_else(String::new, |password| {
            format!("*2\r\n$4\r\nAUTH\r\n${}\r\n{password}\r\n", password.len())
        });
        question.push_str("INFO\r\nQUIT\r\n");
        question.into_bytes()
    }

    fn answer(text: &str, pid: u32) -> Answer {
        let ready = text.lines().any(|line| line == "loading:0");
        compare(
            text.lines().find_map(|line| line.strip_prefix("process_id:")),
            pid,
            ready,
        )
    }

    fn url(port: u16, arguments: &[String]) -> String {
        let login = password(arguments).map_or_else(String::new, |password| format!(":{password}@"));
        format!("redis://{login}127.0.0.1:{port}")
    }
}

/// `memcached`.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
pub struct Memcached;

impl Software for Memcached {
    const PROGRAM: &'static str = "memcached";

    fn arguments(port: u16) -> Vec<String> {
        let port = port.to_string();
        // The user counts only when root starts it, which memcached refuses to do without one.
        ["-l", "127.0.0.1", "-p", &port, "-U", "0", "-u", "root"]
            .map(str::to_owned)
            .to_vec()
    }

    fn question(_: &[String]) -> Vec<u8> {
        b"stats\r\nquit\r\n".to_vec()
    }

    fn answer(text: &str, pid: u32) -> Answer {
        compare(
            text.lines().find_map(|line| line.strip_prefix("STAT pid ")),
            pid,
            true,
        )
    }

    fn url(port: u16, _: &[String]) -> String {
        format!("memcached://127.0.0.1:{port}")
    }
}

fn compare(found: Option<&str>, pid: u32, ready: bool) -> Answer {
    match found.map(str::parse::<u32>) {
        Some(Ok(found)) if found != pid => Answer::Stranger,
        Some(Ok(_)) if ready => Answer::Ready,
        _ => Answer::NotYet,
    }
}

/// The last value given to `--requirepass`, as the server itself reads it.
fn password(arguments: &[String]) -> Option<&str> {
    let at = arguments
        .iter()
        .rposition(|argument| argument == "--requirepass")?;
    arguments.get(at + 1).map(String::as_str)
}
