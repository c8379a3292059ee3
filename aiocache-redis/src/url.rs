//! What a URL may say, checked before anything connects. A URL holds a password, so no message quotes it.

use aiocache_core::{Error, ErrorKind, Result};
use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

const ACCEPTED: &str = "accepted are redis://[user[:password]@]host[:port][/database][?protocol=2] and \
     redis+unix:///path/to/socket[?db=0&user=…&pass=…&protocol=2]";

/// Reads a URL. The protocol is RESP3 unless it names another.
pub(crate) fn read(url: &str) -> Result<ConnectionInfo> {
    let Some((scheme, _)) = url.split_once("://") else {
        return Err(refused("it has no scheme"));
    };
    let options: &[&str] = match scheme {
        "redis" | "valkey" => &["protocol"],
        "redis+unix" | "valkey+unix" | "unix" => &["protocol", "db", "user", "pass"],
        "rediss" | "valkeys" => return Err(refused("TLS is not among the schemes of this build")),
        _ => return Err(refused("its scheme is another")),
    };
    let Some(parsed) = redis::parse_redis_url(url) else {
        return Err(refused(
            "it cannot be read; in a user name or password write %XX for every character beside letters, \
             digits and -._~",
        ));
    };
    if parsed.fragment().is_some() {
        return Err(refused("it has a # in it; in a password write %23"));
    }
    if let Some((name, _)) = parsed
        .query_pairs()
        .find(|(name, _)| !options.contains(&name.as_ref()))
    {
        // The name only: the value may be a password.
        let known = name
            .chars()
            .all(|character| character.is_ascii_lowercase() || character == '_');
        let name = if known && name.len() <= 24 {
            name
        } else {
            "…".into()
        };
        return Err(refused(format!("it has an unknown option {name}")));
    }
    let named = parsed.query_pairs().find(|(name, _)| name == "protocol");
    let protocol = protocol(named.as_ref().map(|(_, value)| value.as_ref()))?;
    let info = parsed.into_connection_info().map_err(|error| {
        // The client's own words without its detail, which may quote the URL.
        let text = error.to_string();
        refused(text.split(" - ").next().unwrap_or_default().to_lowercase())
    })?;
    if info.redis_settings().db() < 0 {
        return Err(refused("its database number is negative"));
    }
    let settings = info.redis_settings().clone().set_protocol(protocol);
    Ok(info.set_redis_settings(settings))
}

fn protocol(named: Option<&str>) -> Result<ProtocolVersion> {
    match named {
        None | Some("3" | "resp3") => Ok(ProtocolVersion::RESP3),
        Some("2" | "resp2") => Ok(ProtocolVersion::RESP2),
        Some(_) => Err(refused("its protocol is neither 2 nor 3")),
    }
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!("the Redis URL is refused: {why}; {ACCEPTED}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_url_is_told_why_and_never_quoted() {
        for (url, why) in [
            ("", "no scheme"),
            ("s3cret@localhost:6379", "no scheme"),
            ("http://:s3cret@localhost", "scheme is another"),
            ("rediss://:s3cret@localhost", "TLS"),
            ("redis://", "missing hostname"),
            ("redis://:s3cret@0.0.0.0", "wildcard"),
            ("redis://:s3cret@localhost:99999", "cannot be read"),
            ("redis://:s3cret#x@localhost", "cannot be read"),
            ("redis://localhost/0#s3cret", "%23"),
            ("redis://:s3cret@localhost/one", "invalid database number"),
            ("redis://:s3cret@localhost/-1", "negative"),
            ("redis://localhost?protocol=s3cret", "neither 2 nor 3"),
            ("redis://localhost?pool=s3cret", "unknown option pool"),
            ("redis://localhost?s3cret=1", "unknown option …"),
            ("redis+unix://", "missing path"),
        ] {
            let error = read(url).expect_err(url);
            let text = error.to_string();
            assert_eq!(error.kind(), ErrorKind::InvalidConfig, "{url}");
            assert!(text.contains(why), "{url}: {text}");
            assert!(text.contains("redis://[user"), "{text}");
            assert!(!format!("{text}{error:?}").contains("s3cret"), "{text}");
        }
    }

    #[test]
    fn resp3_is_spoken_unless_the_url_says_otherwise() {
        for (url, protocol) in [
            ("redis://localhost", ProtocolVersion::RESP3),
            ("redis://localhost?protocol=2", ProtocolVersion::RESP2),
            (
                "redis+unix:///tmp/socket?db=2&protocol=resp3",
                ProtocolVersion::RESP3,
            ),
        ] {
            assert_eq!(read(url).expect(url).redis_settings().protocol(), protocol);
        }
    }

    #[test]
    fn credentials_and_database_are_read() {
        let info = read("redis://user:p%23ss@example.org:7000/3").expect("a good URL");
        let settings = info.redis_settings();
        assert_eq!(settings.username(), Some("user"));
        assert_eq!(settings.password(), Some("p#ss"));
        assert_eq!(settings.db(), 3);
    }
}
