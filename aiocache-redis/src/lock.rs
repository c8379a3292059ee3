//! Locks, each with its fencing token.

use std::time::Duration;

use aiocache_core::{Locked, Result, Version};
use bytes::Bytes;
use redis::Value;

use crate::store::Store;
use crate::wire::Repeat;
use crate::{command, reply, script};

/// What stands behind the name of a lock in the key that keeps its last fencing token.
const FENCE: &str = "-fence";

/// The key of a lock's last fencing token, on the same node of a cluster as the lock: under the lock's hash tag, or
/// with the lock's name for one. None for a name with a `}` and no hash tag, which cannot be one.
pub(crate) fn fence_key(key: &str) -> Option<String> {
    let tag = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(tag, _)| tag);
    match tag {
        Some(tag) if !tag.is_empty() => Some(format!("{key}{FENCE}")),
        _ if key.contains('}') => None,
        _ => Some(format!("{{{key}}}{FENCE}")),
    }
}

/// Takes a lock if nobody has it, in one step with its fencing token. The keys are those of the two.
pub(crate) async fn fenced(store: &Store, keys: [&str; 2], token: &str, lease: Duration) -> Result<Locked> {
    let lease = command::milliseconds(lease).to_string();
    let arguments = [token.as_bytes(), lease.as_bytes()];
    let answer = script::LOCK
        .run(store, &keys, &arguments, Repeat::Harmful)
        .await?;
    if answer == Value::Nil {
        return Ok(Locked::Refused);
    }
    let fencing = reply::integer(answer)?;
    Ok(Locked::taken(u64::try_from(fencing).ok()))
}

/// The version of a lock with this token: its bytes, so there is nothing to read.
pub(crate) fn version(token: &str) -> Version {
    Version::bytes(Bytes::copy_from_slice(token.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fencing_token_is_kept_on_the_node_of_its_lock() {
        for (lock, fence) in [
            ("ns:key-lock", Some("{ns:key-lock}-fence")),
            ("{user:1}:key-lock", Some("{user:1}:key-lock-fence")),
            ("a{b-lock", Some("{a{b-lock}-fence")),
            ("a}b-lock", None),
            ("{}b-lock", None),
        ] {
            assert_eq!(fence_key(lock).as_deref(), fence);
        }
    }
}
