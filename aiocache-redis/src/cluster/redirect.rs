//! What a node says of a command that is not for it, and did not do.

use redis::{ServerError, ServerErrorKind, Value};

/// Where to go instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// The slot has another owner from now on.
    Moved(Place),
    /// This key is at another node already; the slot is on its way.
    Ask(Place),
    /// The slot is on its way, and the command's keys are on both sides of it.
    Later,
    /// The cluster has no owner for the slot.
    Down,
}

/// The address of a node. The host is empty where it is the one of the node that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Redirect {
    pub(crate) fn of(answer: &Value) -> Option<Self> {
        let Value::ServerError(refusal) = answer else {
            return None;
        };
        match refusal.kind()? {
            ServerErrorKind::Moved => place(refusal).map(Self::Moved),
            ServerErrorKind::Ask => place(refusal).map(Self::Ask),
            ServerErrorKind::TryAgain => Some(Self::Later),
            ServerErrorKind::ClusterDown => Some(Self::Down),
            _ => None,
        }
    }
}

/// Reads `3999 host:port`.
fn place(refusal: &ServerError) -> Option<Place> {
    let (_, address) = refusal.details()?.split_once(' ')?;
    let (host, port) = address.trim().rsplit_once(':')?;
    Some(Place {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: port.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_read_from_the_servers_words() {
        let read = |wire: &str| Redirect::of(&redis::parse_redis_value(wire.as_bytes()).expect("valid RESP"));
        let place = |host: &str, port| Place {
            host: host.to_owned(),
            port,
        };
        for (wire, redirect) in [
            (
                "-MOVED 3999 127.0.0.1:6381\r\n",
                Some(Redirect::Moved(place("127.0.0.1", 6381))),
            ),
            ("-MOVED 3999 :6381\r\n", Some(Redirect::Moved(place("", 6381)))),
            ("-ASK 1 ::1:6381\r\n", Some(Redirect::Ask(place("::1", 6381)))),
            ("-TRYAGAIN Multiple keys\r\n", Some(Redirect::Later)),
            ("-CLUSTERDOWN Hash slot not served\r\n", Some(Redirect::Down)),
            ("-MOVED nonsense\r\n", None),
            ("-ERR syntax error\r\n", None),
            ("+OK\r\n", None),
        ] {
            assert_eq!(read(wire), redirect, "{wire}");
        }
    }
}
