//! What a URL may say, checked before anything connects. A URL holds a password, so no message quotes it.

use std::borrow::Cow;
use std::path::PathBuf;

use aiocache_core::{Error, ErrorKind, Result};
use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

const ACCEPTED: &str = "accepted are redis://[user[:password]@]host[:port][/database][?protocol=2], rediss:// with \
     the same and ca_file, cert_file and key_file, redis-cluster://host[:port],host[:port]…, \
     redis-sentinel://host[:port],host[:port]…/master-name[?db=0] and \
     redis+unix:///path/to/socket[?db=0&user=…&pass=…&protocol=2]";
/// The port of sentinels where none is named.
const SENTINEL_PORT: u16 = 26379;

/// What a URL said.
#[derive(Debug)]
pub(crate) struct Target {
    /// The server, the cluster's first nodes, or the sentinels; all with the same settings. At least one.
    pub(crate) hosts: Vec<ConnectionInfo>,
    pub(crate) kind: Kind,
    pub(crate) files: Files,
}

/// What the hosts of a URL are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Node,
    Cluster,
    /// Sentinels, and the name under which they know the master.
    Sentinel(String),
}

/// Where the certificates of a TLS connection are.
#[derive(Debug, Default)]
pub(crate) struct Files {
    pub(crate) ca: Option<PathBuf>,
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
}

/// Reads a URL. The protocol is RESP3 unless it names another.
pub(crate) fn read(url: &str) -> Result<Target> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(refused("it has no scheme"));
    };
    let (base, kind) = kind(scheme)?;
    let (authority, mut tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    if kind == Kind::Node {
        return single(base, &kind, url).map(|(host, files)| Target {
            hosts: vec![host],
            kind,
            files,
        });
    }
    let mut kind = kind;
    if let Kind::Sentinel(name) = &mut kind {
        let path = tail.split(['?', '#']).next().unwrap_or_default();
        *name = master_name(path)?;
        tail = &tail[path.len()..];
    }
    let (login, hosts) = match authority.rsplit_once('@') {
        Some((login, hosts)) => (format!("{login}@"), hosts),
        None => (String::new(), authority),
    };
    let mut found = Vec::new();
    let mut files = Files::default();
    for host in hosts.split(',') {
        let port = match kind {
            Kind::Sentinel(_) if !has_port(host) => format!(":{SENTINEL_PORT}"),
            _ => String::new(),
        };
        let (host, named) = single(base, &kind, &format!("{base}://{login}{host}{port}{tail}"))?;
        if kind == Kind::Cluster && host.redis_settings().db() != 0 {
            return Err(refused("a cluster has database 0 only"));
        }
        found.push(host);
        files = named;
    }
    Ok(Target {
        hosts: found,
        kind,
        files,
    })
}

/// The scheme that one host has, and what the hosts are.
fn kind(scheme: &str) -> Result<(&str, Kind)> {
    let (base, kind) = if let Some(base) = scheme.strip_suffix("-cluster") {
        (base, Kind::Cluster)
    } else if let Some(base) = scheme.strip_suffix("-sentinel") {
        (base, Kind::Sentinel(String::new()))
    } else {
        (scheme, Kind::Node)
    };
    let tcp = matches!(base, "redis" | "valkey" | "rediss" | "valkeys");
    if !tcp && (kind != Kind::Node || !matches!(base, "redis+unix" | "valkey+unix" | "unix")) {
        return Err(refused("its scheme is another"));
    }
    let missing = if is_tls(base) && !cfg!(feature = "tls") {
        Some("tls")
    } else if kind == Kind::Cluster && !cfg!(feature = "cluster") {
        Some("cluster")
    } else if matches!(kind, Kind::Sentinel(_)) && !cfg!(feature = "sentinel") {
        Some("sentinel")
    } else {
        None
    };
    match missing {
        Some(feature) => Err(refused(format!(
            "this build has not the feature {feature} (redis-{feature} of aiocache)"
        ))),
        None => Ok((base, kind)),
    }
}

fn is_tls(scheme: &str) -> bool {
    matches!(scheme, "rediss" | "valkeys")
}

fn has_port(host: &str) -> bool {
    // An IPv6 address has its colons in brackets.
    host.rsplit(']').next().unwrap_or_default().contains(':')
}

fn master_name(path: &str) -> Result<String> {
    let name = path.trim_matches('/');
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if name.is_empty() || !name.bytes().all(good) {
        return Err(refused(
            "after the sentinels has to stand the master's name: /name of letters, digits and ._-",
        ));
    }
    Ok(name.to_owned())
}

/// Reads the URL of one host.
fn single(scheme: &str, kind: &Kind, url: &str) -> Result<(ConnectionInfo, Files)> {
    let Some(parsed) = redis::parse_redis_url(url) else {
        return Err(refused(
            "it cannot be read; in a user name or password write %XX for every character beside letters, \
             digits and -._~",
        ));
    };
    if parsed.fragment().is_some() {
        return Err(refused(
            "it has a # in it; in a password write %23, and certificates are always checked",
        ));
    }
    let mut protocol = ProtocolVersion::RESP3;
    let mut database = None;
    let mut files = Files::default();
    for (name, value) in parsed.query_pairs() {
        let path = || Some(PathBuf::from(&*value));
        match &*name {
            "protocol" => protocol = version(&value)?,
            "db" if matches!(kind, Kind::Sentinel(_)) => database = Some(number(&value)?),
            "db" | "user" | "pass" if scheme.ends_with("unix") => {}
            "ca_file" if is_tls(scheme) => files.ca = path(),
            "cert_file" if is_tls(scheme) => files.certificate = path(),
            "key_file" if is_tls(scheme) => files.key = path(),
            _ => return Err(unknown(&name)),
        }
    }
    let info = parsed.into_connection_info().map_err(|error| {
        // The client's own words without its detail, which may quote the URL.
        let text = error.to_string();
        refused(text.split(" - ").next().unwrap_or_default().to_lowercase())
    })?;
    if info.redis_settings().db() < 0 {
        return Err(refused("its database number is negative"));
    }
    let mut settings = info.redis_settings().clone().set_protocol(protocol);
    if let Some(database) = database {
        settings = settings.set_db(database);
    }
    Ok((info.set_redis_settings(settings), files))
}

fn version(named: &str) -> Result<ProtocolVersion> {
    match named {
        "3" | "resp3" => Ok(ProtocolVersion::RESP3),
        "2" | "resp2" => Ok(ProtocolVersion::RESP2),
        _ => Err(refused("its protocol is neither 2 nor 3")),
    }
}

fn number(database: &str) -> Result<i64> {
    let number = database.parse::<u32>();
    number
        .map(i64::from)
        .map_err(|_| refused("invalid database number"))
}

/// Names the option only, and not what may be a password after a stray `?`.
fn unknown(name: &str) -> Error {
    let known = name
        .chars()
        .all(|character| character.is_ascii_lowercase() || character == '_');
    let name: Cow<'_, str> = if known && name.len() <= 24 {
        name.into()
    } else {
        "…".into()
    };
    refused(format!("it has an unknown option {name}"))
}

fn refused(why: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!("the Redis URL is refused: {why}; {ACCEPTED}"),
    )
}

#[cfg(test)]
mod tests;
