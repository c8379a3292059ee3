//! Commands as they are written on the wire.

use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Remaining, Result};
use redis::Cmd;

/// The longest ttl that is sent, a thousand years: servers refuse a time whose sum with their clock overflows.
const MAX_TTL: Duration = Duration::from_secs(1_000 * 31_557_600);

/// Commands that change the connection for all its users or hold it up; each ends at a space or the name's end.
const NOT_SHARED: &[&str] = &[
    "AUTH",
    "BLMOVE",
    "BLMPOP",
    "BLPOP",
    "BRPOP",
    "BRPOPLPUSH",
    "BZMPOP",
    "BZPOPMAX",
    "BZPOPMIN",
    "CLIENT REPLY",
    "CLIENT TRACKING",
    "DISCARD",
    "EXEC",
    "HELLO",
    "MONITOR",
    "MULTI",
    "PSUBSCRIBE",
    "PSYNC",
    "PUNSUBSCRIBE",
    "QUIT",
    "READONLY",
    "READWRITE",
    "RESET",
    "SELECT",
    "SSUBSCRIBE",
    "SUBSCRIBE",
    "SUNSUBSCRIBE",
    "SYNC",
    "UNSUBSCRIBE",
    "UNWATCH",
    "WAIT",
    "WAITAOF",
    "WATCH",
];

/// A command over one key.
pub(crate) fn one(name: &str, key: &str) -> Cmd {
    let mut command = Cmd::with_capacity(2, name.len() + key.len());
    command.arg(name).arg(key);
    command
}

/// A command over one key of any bytes.
#[cfg(feature = "cluster")]
pub(crate) fn one_raw(name: &str, key: &[u8]) -> Cmd {
    let mut command = Cmd::with_capacity(2, name.len() + key.len());
    command.arg(name).arg(key);
    command
}

/// What a command of the user's is most likely about; a cluster sends it on if that was no key.
pub(crate) fn likely_key<'a>(arguments: &[&'a [u8]]) -> &'a [u8] {
    let name = arguments.first().copied().unwrap_or_default();
    let scripts: &[&[u8]] = &[
        b"EVAL",
        b"EVALSHA",
        b"EVAL_RO",
        b"EVALSHA_RO",
        b"FCALL",
        b"FCALL_RO",
    ];
    let is_script = scripts.iter().any(|script| name.eq_ignore_ascii_case(script));
    arguments
        .get(if is_script { 3 } else { 1 })
        .copied()
        .unwrap_or_default()
}

/// A command over several keys.
pub(crate) fn several(name: &str, keys: &[&str]) -> Cmd {
    let size = keys.iter().map(|key| key.len()).sum::<usize>() + name.len();
    let mut command = Cmd::with_capacity(1 + keys.len(), size);
    command.arg(name).arg(keys);
    command
}

/// `SET`, with a ttl if there is one.
pub(crate) fn set(key: &str, value: &[u8], ttl: Option<Duration>) -> Cmd {
    let mut command = Cmd::with_capacity(5, key.len() + value.len() + 32);
    command.arg("SET").arg(key).arg(value);
    if let Some(ttl) = ttl {
        command.arg("PX").arg(milliseconds(ttl));
    }
    command
}

/// A ttl as Redis counts: rounded up, so that it is never 0, and no longer than servers take.
pub(crate) fn milliseconds(ttl: Duration) -> u64 {
    let rounded = ttl.min(MAX_TTL).as_nanos().div_ceil(1_000_000);
    u64::try_from(rounded).expect("a thousand years fit").max(1)
}

/// What `PTTL` answered.
pub(crate) fn remaining(answer: i64) -> Remaining {
    match u64::try_from(answer) {
        Ok(left) => Remaining::For(Duration::from_millis(left)),
        Err(_) if answer == -1 => Remaining::Never,
        Err(_) => Remaining::Missing,
    }
}

/// Any command, as the user wrote it.
///
/// # Errors
/// `Unsupported` for no command at all, and for one that would change or hold up the shared connection.
pub(crate) fn any(arguments: &[&[u8]]) -> Result<Cmd> {
    let Some(name) = arguments.first().filter(|name| !name.is_empty()) else {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "the first argument has to be a command",
        ));
    };
    let second = arguments.get(1).copied().unwrap_or_default();
    let is = |text: &str| match text.split_once(' ') {
        Some((first, then)) => {
            name.eq_ignore_ascii_case(first.as_bytes()) && second.eq_ignore_ascii_case(then.as_bytes())
        }
        None => name.eq_ignore_ascii_case(text.as_bytes()),
    };
    let blocks = name.len() >= 5
        && name[..5].eq_ignore_ascii_case(b"XREAD")
        && arguments
            .iter()
            .any(|argument| argument.eq_ignore_ascii_case(b"BLOCK"));
    if blocks || NOT_SHARED.iter().any(|text| is(text)) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "this command needs a connection of its own; all commands of a cache share one",
        ));
    }
    let mut command = Cmd::with_capacity(arguments.len(), arguments.iter().map(|part| part.len()).sum());
    for &argument in arguments {
        command.arg(argument);
    }
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ttl_is_rounded_up_and_bounded() {
        for (ttl, wanted) in [
            (Duration::ZERO, 1),
            (Duration::from_nanos(1), 1),
            (Duration::from_micros(1001), 2),
            (Duration::from_millis(900), 900),
            (Duration::MAX, 31_557_600_000_000),
        ] {
            assert_eq!(milliseconds(ttl), wanted, "{ttl:?}");
        }
    }

    #[test]
    fn commands_that_change_the_shared_connection_are_refused() {
        for arguments in [
            &[&b"multi"[..]][..],
            &[b"SELECT", b"1"],
            &[b"client", b"Reply", b"OFF"],
            &[b"XREADGROUP", b"GROUP", b"g", b"c", b"BLOCK", b"0"],
            &[],
            &[b""],
        ] {
            let error = any(arguments).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
        for arguments in [
            &[&b"CLIENT"[..], b"LIST"][..],
            &[b"XREAD", b"STREAMS", b"s", b"0"],
            &[b"GET", b"multi"],
        ] {
            assert!(any(arguments).is_ok());
        }
    }
}
