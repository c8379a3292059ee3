//! Reading answers: each form a command may have, and the general one of `raw`.

use aiocache_core::{Error, Reply, Result};
use bytes::Bytes;
use redis::{ServerErrorKind, ToRedisArgs, Value};

use crate::error;

/// A command that answers with anything but an error.
pub(crate) fn done(value: Value) -> Result<()> {
    match value {
        Value::ServerError(refusal) => Err(error::server(&refusal)),
        _ => Ok(()),
    }
}

/// A whole number.
pub(crate) fn integer(value: Value) -> Result<i64> {
    match value {
        Value::Int(number) => Ok(number),
        other => Err(unexpected(other)),
    }
}

/// The value of a counter, from `INCRBY` as a number and from a script as text.
pub(crate) fn counter(value: Value) -> Result<i64> {
    match value {
        Value::Int(number) => Ok(number),
        Value::BulkString(bytes) => std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| text.parse().ok())
            .ok_or_else(error::strange),
        Value::ServerError(refusal) => Err(error::counting(&refusal)),
        other => Err(unexpected(other)),
    }
}

/// A value or nothing, without a copy.
pub(crate) fn bytes(value: Value) -> Result<Option<Bytes>> {
    match value {
        Value::BulkString(bytes) => Ok(Some(bytes.into())),
        Value::Nil => Ok(None),
        other => Err(unexpected(other)),
    }
}

/// A word.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
pub(crate) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

/// Several answers in one.
pub(crate) fn list(value: Value) -> Result<Vec<Value>> {
    match value {
        Value::Array(values) | Value::Set(values) => Ok(values),
        other => Err(unexpected(other)),
    }
}

/// Whether the server does not know the script that was named by its hash.
pub(crate) fn is_unknown_script(value: &Value) -> bool {
    matches!(value, Value::ServerError(refusal) if refusal.kind() == Some(ServerErrorKind::NoScript))
}

/// Whether the server has become a replica, so that this connection leads to the wrong one.
pub(crate) fn is_misplaced(value: &Value) -> bool {
    use ServerErrorKind::{MasterDown, ReadOnly};
    matches!(value, Value::ServerError(refusal) if matches!(refusal.kind(), Some(ReadOnly | MasterDown)))
}

/// Any answer, as `raw` gives it.
pub(crate) fn any(value: Value) -> Result<Reply> {
    Ok(match value {
        Value::Nil => Reply::Nil,
        Value::Int(number) => Reply::Integer(number),
        Value::Boolean(truth) => Reply::Integer(truth.into()),
        Value::BulkString(bytes) => Reply::Bytes(bytes.into()),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Reply::Text(text),
        Value::Okay => Reply::Text("OK".to_owned()),
        Value::Double(number) => Reply::Text(number.to_string()),
        Value::Array(values) | Value::Set(values) | Value::Push { data: values, .. } => {
            Reply::List(values.into_iter().map(any).collect::<Result<_>>()?)
        }
        Value::Map(pairs) => Reply::Map(
            pairs
                .into_iter()
                .map(|(key, value)| Ok((any(key)?, any(value)?)))
                .collect::<Result<_>>()?,
        ),
        Value::Attribute { data, .. } => any(*data)?,
        Value::ServerError(refusal) => return Err(error::server(&refusal)),
        // Its type depends on a feature of the client that any crate in the build may turn on; both write text.
        Value::BigNumber(number) => Reply::Text(
            number
                .to_redis_args()
                .iter()
                .map(|digits| String::from_utf8_lossy(digits))
                .collect(),
        ),
        _ => return Err(error::strange()),
    })
}

fn unexpected(value: Value) -> Error {
    match value {
        Value::ServerError(refusal) => error::server(&refusal),
        _ => error::strange(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(wire: &[u8]) -> Result<Reply> {
        any(redis::parse_redis_value(wire).expect("valid RESP"))
    }

    #[test]
    fn every_form_of_resp3_has_a_reply() {
        let text = |text: &str| Reply::Text(text.to_owned());
        for (wire, reply) in [
            (&b"_\r\n"[..], Reply::Nil),
            (b"$-1\r\n", Reply::Nil),
            (b":-7\r\n", Reply::Integer(-7)),
            (b"#t\r\n", Reply::Integer(1)),
            (
                b"$2\r\n\xff\x00\r\n",
                Reply::Bytes(Bytes::from_static(b"\xff\x00")),
            ),
            (b"+OK\r\n", text("OK")),
            (b"=7\r\ntxt:abc\r\n", text("abc")),
            (b",1.5\r\n", text("1.5")),
            (
                b"(3492890328409238509324850943850943825024385\r\n",
                text("3492890328409238509324850943850943825024385"),
            ),
            (b"~1\r\n:1\r\n", Reply::List(vec![Reply::Integer(1)])),
            (
                b"*1\r\n*1\r\n:1\r\n",
                Reply::List(vec![Reply::List(vec![Reply::Integer(1)])]),
            ),
            (
                b"%1\r\n+a\r\n:1\r\n",
                Reply::Map(vec![(text("a"), Reply::Integer(1))]),
            ),
        ] {
            assert_eq!(parsed(wire).expect("a reply"), reply);
        }
    }

    #[test]
    fn an_error_inside_a_list_is_an_error() {
        let error = parsed(b"*2\r\n:1\r\n-WRONGTYPE Operation against a key\r\n").expect_err("an error");
        assert_eq!(error.kind(), aiocache_core::ErrorKind::Server);
    }
}
