//! The example serves the metrics of its cache.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Ends the example with the test.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

fn page(port: u16) -> std::io::Result<String> {
    let mut connection = TcpStream::connect(("127.0.0.1", port))?;
    write!(
        connection,
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    let mut page = String::new();
    connection.read_to_string(&mut page)?;
    Ok(page)
}

#[test]
fn prometheus_reads_requests_loads_and_sizes() {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = free.local_addr().expect("an address").port();
    drop(free);
    let mut child = Command::new(env!("CARGO_BIN_EXE_aiocache-example-metrics"))
        .env("PORT", port.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example starts");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    let service = Service(child);
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("it says where it listens");
    assert_eq!(line, format!("http://127.0.0.1:{port}/metrics\n"));

    let wanted = [
        r#"aiocache_requests_total{cache="users",command="get",outcome="hit"}"#,
        r#"aiocache_keys_total{cache="users",outcome="miss"}"#,
        r#"aiocache_loads_total{cache="users",outcome="finished"}"#,
        r#"aiocache_loads_total{cache="users",outcome="failed"}"#,
        r#"aiocache_load_duration_seconds_bucket{cache="users",le="0.1"}"#,
        r#"aiocache_entries{cache="users"}"#,
        "# HELP aiocache_requests_total Commands, by name and outcome",
    ];
    let begun = Instant::now();
    loop {
        let page = page(port).unwrap_or_default();
        let missing: Vec<_> = wanted.iter().filter(|line| !page.contains(**line)).collect();
        if missing.is_empty() {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "{missing:#?} not in {page}"
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    drop(service);
}
