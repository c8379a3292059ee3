//! As much HTTP as the tests need.

use std::io::{Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The number, such as 200.
    pub status: u16,
    /// The header `X-Cache`.
    pub x_cache: Option<String>,
    /// All after the headers.
    pub body: String,
}

/// Sends a request on a connection of its own. `lines` are headers, each with its end of line.
pub(crate) fn send(address: SocketAddr, method: &str, path: &str, lines: &str, body: &str) -> Result<Answer> {
    let mut connection = TcpStream::connect(address)?;
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    let length = body.len();
    write!(
        connection,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n{lines}\r\n{body}"
    )?;
    let mut text = String::new();
    connection.read_to_string(&mut text)?;
    Ok(answer(&text))
}

fn answer(text: &str) -> Answer {
    let (head, body) = text
        .split_once("\r\n\r\n")
        .expect("headers end with an empty line");
    let status = head.split(' ').nth(1).and_then(|number| number.parse().ok());
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    let mut x_cache = headers.filter(|(name, _)| name.eq_ignore_ascii_case("x-cache"));
    Answer {
        status: status.expect("the first line has a number"),
        x_cache: x_cache.next().map(|(_, value)| value.to_owned()),
        body: body.to_owned(),
    }
}
