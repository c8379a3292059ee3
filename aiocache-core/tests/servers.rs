//! The throw-away servers of the test kit, held to what they promise.
#![cfg(unix)]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use aiocache_core::testing::{MemcachedServer, RedisServer};

/// Sends the lines and returns all that comes back until the server closes.
fn talk(port: u16, lines: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    stream.write_all(lines.as_bytes())?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    Ok(reply)
}

fn is_listened_to(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}

#[test]
fn a_redis_server_answers_and_is_gone_after_drop() {
    let server = RedisServer::start().unwrap();
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port()));
    assert_eq!(
        talk(server.port(), "PING\r\nQUIT\r\n").unwrap(),
        "+PONG\r\n+OK\r\n"
    );

    let (port, directory) = (server.port(), server.directory().to_owned());
    assert!(directory.is_dir());
    drop(server);
    assert!(!is_listened_to(port));
    assert!(!directory.exists());
}

#[test]
fn a_memcached_server_answers_and_is_gone_after_drop() {
    let server = MemcachedServer::start().unwrap();
    assert_eq!(server.url(), format!("memcached://127.0.0.1:{}", server.port()));
    let reply = talk(server.port(), "set k 0 0 1\r\nv\r\nget k\r\nquit\r\n").unwrap();
    assert_eq!(reply, "STORED\r\nVALUE k 0 1\r\nv\r\nEND\r\n");

    let port = server.port();
    drop(server);
    assert!(!is_listened_to(port));
}

#[test]
fn arguments_reach_the_server_and_the_password_its_url() {
    let server = RedisServer::builder()
        .arg("--requirepass", "secret")
        .start()
        .unwrap();
    assert_eq!(
        server.url(),
        format!("redis://:secret@127.0.0.1:{}", server.port())
    );
    assert!(
        talk(server.port(), "GET k\r\nQUIT\r\n")
            .unwrap()
            .starts_with("-NOAUTH")
    );
}

#[test]
fn a_killed_server_comes_back_empty_on_the_same_port() {
    let mut server = RedisServer::start().unwrap();
    let (port, pid) = (server.port(), server.pid());
    talk(port, "SET k v\r\nQUIT\r\n").unwrap();

    server.kill().unwrap();
    assert!(!is_listened_to(port));
    server.kill().unwrap();

    server.restart().unwrap();
    assert_eq!(server.port(), port);
    assert_ne!(server.pid(), pid);
    assert_eq!(talk(port, "EXISTS k\r\nQUIT\r\n").unwrap(), ":0\r\n+OK\r\n");
}

#[test]
fn a_running_server_can_be_restarted_and_keeps_its_files() {
    let mut server = RedisServer::builder().arg("--appendonly", "yes").start().unwrap();
    talk(server.port(), "SET k v\r\nQUIT\r\n").unwrap();
    server.restart().unwrap();
    assert_eq!(
        talk(server.port(), "GET k\r\nQUIT\r\n").unwrap(),
        "$1\r\nv\r\n+OK\r\n"
    );
}

#[test]
fn a_paused_server_answers_only_once_resumed() {
    let mut server = MemcachedServer::start().unwrap();
    server.pause().unwrap();
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(b"mn\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut reply = [0; 4];
    let error = stream.read_exact(&mut reply).unwrap_err();
    assert!(
        matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
        "{error}"
    );

    server.resume().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"MN\r\n");
}

#[test]
fn a_paused_server_can_be_stopped() {
    let mut server = RedisServer::start().unwrap();
    server.pause().unwrap();
    server.stop().unwrap();
    assert!(!is_listened_to(server.port()));
}

#[test]
fn all_callers_share_the_same_server() {
    let (one, other) = (RedisServer::shared().unwrap(), RedisServer::shared().unwrap());
    assert_eq!(one.pid(), other.pid());
    assert_eq!(
        MemcachedServer::shared().unwrap().pid(),
        MemcachedServer::shared().unwrap().pid()
    );
}

#[test]
fn many_servers_started_at_once_have_ports_of_their_own() {
    let starts: Vec<_> = (0..8).map(|_| thread::spawn(MemcachedServer::start)).collect();
    let servers: Vec<_> = starts
        .into_iter()
        .map(|start| start.join().unwrap().unwrap())
        .collect();
    let mut ports: Vec<u16> = servers.iter().map(MemcachedServer::port).collect();
    ports.sort_unstable();
    ports.dedup();
    assert_eq!(ports.len(), 8);
}

#[test]
fn a_port_taken_meanwhile_is_told_as_such() {
    let mut server = RedisServer::start().unwrap();
    server.kill().unwrap();
    let _other = TcpListener::bind(server.addr()).unwrap();
    assert_eq!(server.restart().unwrap_err().kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn a_server_that_refuses_its_arguments_fails_at_once_with_its_log() {
    let start = Instant::now();
    let error = RedisServer::builder()
        .arg("--no-such-option", "1")
        .start()
        .unwrap_err();
    assert!(error.to_string().contains("no-such-option"), "{error}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_missing_program_is_told_with_the_remedy() {
    let error = RedisServer::builder()
        .program("no-such-server")
        .start()
        .unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert!(error.to_string().contains("scripts/test"), "{error}");
}

/// Runs itself once more as the process that starts a server and aborts.
#[test]
fn an_aborted_process_leaves_no_server_behind() {
    const CHILD: &str = "AIOCACHE_TEST_ABORTS";
    if std::env::var_os(CHILD).is_some() {
        let server = RedisServer::start().unwrap();
        println!("\nserver {} {}", server.port(), server.directory().display());
        std::process::abort();
    }

    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "an_aborted_process_leaves_no_server_behind",
            "--nocapture",
        ])
        .env(CHILD, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let started = lines
        .filter_map(|line| Some(line.strip_prefix("server ")?.to_owned()))
        .next()
        .unwrap();
    let (port, directory) = started.split_once(' ').unwrap();
    assert!(!child.wait().unwrap().success());

    let start = Instant::now();
    while is_listened_to(port.parse().unwrap()) || Path::new(directory).exists() {
        assert!(
            start.elapsed() < Duration::from_secs(10),
            "the server on port {port} outlived its process"
        );
        thread::sleep(Duration::from_millis(10));
    }
}
