//! What a URL may say, checked before anything connects. A URL may hold a password, so no message quotes it.

use aiocache_core::{Error, Result};

use crate::config::invalid;
use crate::connect::Login;

const ACCEPTED: &str = "accepted is memcached://[user:password@]host[:port][,host[:port]…][?clearable_namespaces=true], \
     with an IPv6 address in brackets";
const PORT: u16 = 11211;

/// A server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

/// What a URL says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) addresses: Vec<Address>,
    pub(crate) login: Option<Login>,
    pub(crate) clearable: bool,
}

/// Reads a URL, or a server without a scheme.
pub(crate) fn read(url: &str) -> Result<Read> {
    let rest = match url.split_once("://") {
        Some(("memcached", rest)) => rest,
        Some(_) => return Err(refused("its scheme is another")),
        None => url,
    };
    let (login, hosts) = match rest.rsplit_once('@') {
        Some((login, hosts)) => (Some(read_login(login)?), hosts),
        None => (None, rest),
    };
    let (hosts, clearable) = match hosts.split_once('?') {
        Some((hosts, "clearable_namespaces=true")) => (hosts, true),
        Some((hosts, "clearable_namespaces=false")) => (hosts, false),
        Some(_) => return Err(refused("it has another option than clearable_namespaces")),
        None => (hosts, false),
    };
    let hosts = hosts.strip_suffix('/').unwrap_or(hosts);
    if hosts.contains(['/', '#']) {
        return Err(refused(
            "it has a path; in a user name or password write %2F and %23",
        ));
    }
    let addresses = hosts.split(',').map(read_address).collect::<Result<_>>()?;
    Ok(Read {
        addresses,
        login,
        clearable,
    })
}

fn read_address(text: &str) -> Result<Address> {
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest
            .split_once(']')
            .ok_or_else(|| refused("a bracket is missing"))?;
        (host, port.strip_prefix(':').or((!port.is_empty()).then_some("x")))
    } else {
        match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        }
    };
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    if host.is_empty() || !host.chars().all(is_host) {
        return Err(refused("a host is missing or cannot be one"));
    }
    let port = match port.map(str::parse) {
        None => PORT,
        Some(Ok(port)) if port > 0 => port,
        Some(_) => return Err(refused("a port is no number from 1 to 65535")),
    };
    Ok(Address {
        host: host.to_ascii_lowercase(),
        port,
    })
}

fn read_login(text: &str) -> Result<Login> {
    let (username, password) = text
        .split_once(':')
        .ok_or_else(|| refused("a user name needs a password"))?;
    Ok(Login {
        username: unescape(username)?,
        password: unescape(password)?,
    })
}

/// Replaces each `%XX` by its byte.
fn unescape(text: &str) -> Result<String> {
    let wrong = || refused("a % in its user name or password is not followed by two hex digits of UTF-8");
    let mut bytes = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2).ok_or_else(wrong)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        bytes.push(u8::from_str_radix(digits, 16).map_err(|_| wrong())?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

fn refused(why: &str) -> Error {
    invalid(format!("the memcached URL is refused: {why}; {ACCEPTED}"))
}

#[cfg(test)]
mod tests {
    use aiocache_core::ErrorKind;

    use super::*;

    fn address(host: &str, port: u16) -> Address {
        Address {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn servers_and_ports_are_read() {
        for (url, addresses) in [
            ("memcached://localhost", vec![address("localhost", 11211)]),
            ("memcached://A.example:1/", vec![address("a.example", 1)]),
            (
                "memcached://a:1,b,[::1]:2",
                vec![address("a", 1), address("b", 11211), address("::1", 2)],
            ),
            ("10.0.0.1:7", vec![address("10.0.0.1", 7)]),
            ("[fe80::1]", vec![address("fe80::1", 11211)]),
        ] {
            let read = read(url).expect(url);
            assert_eq!(
                read,
                Read {
                    addresses,
                    login: None,
                    clearable: false,
                },
                "{url}"
            );
        }
    }

    #[test]
    fn the_option_is_read() {
        for (url, clearable) in [
            ("memcached://a,b:1?clearable_namespaces=true", true),
            ("memcached://u:p@a/?clearable_namespaces=true", true),
            ("memcached://a?clearable_namespaces=false", false),
        ] {
            assert_eq!(read(url).expect(url).clearable, clearable, "{url}");
        }
    }

    #[test]
    fn a_login_is_read_and_unescaped() {
        let login = read("memcached://us%20er:p%40ss:w@a").expect("a good URL").login;
        let login = login.expect("a login");
        assert_eq!(
            (login.username.as_str(), login.password.as_str()),
            ("us er", "p@ss:w")
        );
        assert!(!format!("{login:?}").contains("p@ss"));
    }

    #[test]
    fn a_bad_url_is_told_why_and_never_quoted() {
        for (url, why) in [
            ("", "host is missing"),
            ("memcached://", "host is missing"),
            ("memcached://a,,b", "host is missing"),
            ("redis://s3cret@a", "scheme"),
            ("memcached://s3cret@a", "needs a password"),
            ("memcached://u:s3cret%4@a", "hex digits"),
            ("memcached://u:s3cret%ff@a", "hex digits"),
            ("memcached://a:0", "port"),
            ("memcached://a:99999", "port"),
            ("memcached://a:", "port"),
            ("memcached://[::1", "bracket"),
            ("memcached://[::1]7", "port"),
            ("memcached://a/s3cret", "path"),
            ("memcached://a?s3cret=1", "option"),
            ("memcached://a?clearable_namespaces=s3cret", "option"),
            ("memcached://a b", "cannot be one"),
        ] {
            let error = read(url).expect_err(url);
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{url}");
            assert!(text.contains(why), "{url}: {text}");
            assert!(text.contains("memcached://[user"), "{text}");
            assert!(!format!("{text}{error:?}").contains("s3cret"), "{text}");
        }
    }
}
