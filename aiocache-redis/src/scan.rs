//! Clearing a namespace: a walk over the keys with a prefix.

use std::sync::Arc;

use aiocache_core::{Error, ErrorKind, Result};
use redis::{RedisWrite, Value};

use crate::connection::Connections;
use crate::strays::Over;
use crate::wire::Repeat;
use crate::{error, reply};

/// How many keys the server looks at per step.
const STEP: u32 = 1000;
/// How often the walk starts anew because the connection was replaced under it.
pub(crate) const MAX_WALKS: u32 = 3;
/// The cursor with which a walk begins, and ends.
pub(crate) const START: &[u8] = b"0";

/// Deletes every key that begins with `prefix`.
///
/// A cursor means something to the server that gave it only, so a walk during which the connection changed is
/// walked again.
pub(crate) async fn clear(connections: &Arc<Connections>, prefix: &str) -> Result<()> {
    let pattern = pattern(prefix);
    for _ in 0..MAX_WALKS {
        let generation = connections.generation().await?;
        walk(connections, prefix.as_bytes(), &pattern).await?;
        if connections.generation().await? == generation {
            return Ok(());
        }
    }
    Err(Error::new(
        ErrorKind::Unavailable,
        "the connection changed under every walk over the keys",
    ))
}

async fn walk(connections: &Arc<Connections>, prefix: &[u8], pattern: &[u8]) -> Result<()> {
    let mut cursor = START.to_vec();
    loop {
        let (next, keys) = step(connections, &cursor, prefix, pattern).await?;
        unlink(connections, &keys).await?;
        if next == START {
            return Ok(());
        }
        cursor = next;
    }
}

/// One step of a walk: the next cursor, and the keys with the prefix that were seen.
pub(crate) async fn step(
    connections: &Arc<Connections>,
    cursor: &[u8],
    prefix: &[u8],
    pattern: &[u8],
) -> Result<(Vec<u8>, Vec<Vec<u8>>)> {
    let mut scan = redis::cmd("SCAN");
    scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(STEP);
    let answer = connections
        .call(&scan, Over::Any, pattern.len(), Repeat::Harmless)
        .await?;
    let mut parts = reply::list(answer)?.into_iter();
    let (Some(Value::BulkString(next)), Some(keys)) = (parts.next(), parts.next()) else {
        return Err(error::strange());
    };
    // Looked at once more: another server's patterns may mean more than those of Redis.
    let keys = reply::list(keys)?.into_iter().filter_map(|key| match key {
        Value::BulkString(key) if key.starts_with(prefix) => Some(key),
        _ => None,
    });
    Ok((next, keys.collect()))
}

async fn unlink(connections: &Arc<Connections>, keys: &[Vec<u8>]) -> Result<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let mut unlink = redis::cmd("UNLINK");
    for key in keys {
        unlink.write_arg(key);
    }
    let size = keys.iter().map(Vec::len).sum();
    reply::done(
        connections
            .call(&unlink, Over::Any, size, Repeat::Harmless)
            .await?,
    )
}

/// The glob pattern of all keys with a prefix.
pub(crate) fn pattern(prefix: &str) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(prefix.len() + 8);
    for &byte in prefix.as_bytes() {
        if matches!(byte, b'*' | b'?' | b'[' | b']' | b'\\' | b'^' | b'-') {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern.push(b'*');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_a_pattern_is_escaped() {
        assert_eq!(pattern("a*?[b]\\^-:ä"), "a\\*\\?\\[b\\]\\\\\\^\\-:ä*".as_bytes());
    }
}
