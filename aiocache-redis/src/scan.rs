//! Clearing a namespace: a walk over the keys with a prefix.

use std::sync::Arc;

use aiocache_core::{Error, ErrorKind, Result};
use redis::{RedisWrite, Value};

use crate::connection::Connections;
use crate::wire::Repeat;
use crate::{error, reply};

/// How many keys the server looks at per step.
const STEP: u32 = 1000;
/// How often the walk starts anew because the connection was replaced under it.
const MAX_WALKS: u32 = 3;

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
    let mut cursor = b"0".to_vec();
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(STEP);
        let answer = connections.call(&scan, pattern.len(), Repeat::Harmless).await?;
        let mut parts = reply::list(answer)?.into_iter();
        let (Some(next), Some(keys)) = (parts.next(), parts.next()) else {
            return Err(error::strange());
        };
        unlink(connections, prefix, reply::list(keys)?).await?;
        match next {
            Value::BulkString(next) if next == b"0" => return Ok(()),
            Value::BulkString(next) => cursor = next,
            _ => return Err(error::strange()),
        }
    }
}

async fn unlink(connections: &Arc<Connections>, prefix: &[u8], keys: Vec<Value>) -> Result<()> {
    let mut unlink = redis::cmd("UNLINK");
    let (mut found, mut size) = (false, 0);
    for key in keys {
        // Looked at once more: another server's patterns may mean more than those of Redis.
        if let Value::BulkString(key) = key
            && key.starts_with(prefix)
        {
            unlink.write_arg(&key);
            size += key.len();
            found = true;
        }
    }
    if found {
        reply::done(connections.call(&unlink, size, Repeat::Harmless).await?)?;
    }
    Ok(())
}

/// The glob pattern of all keys with a prefix.
fn pattern(prefix: &str) -> Vec<u8> {
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
