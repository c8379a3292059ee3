//! Writing and deleting many keys, in one round trip to each server.

use std::time::Duration;

use aiocache_core::Result;
use bytes::Bytes;
use redis::{Cmd, Pipeline, RedisWrite, Value};

#[cfg(feature = "cluster")]
use crate::cluster::Part;
use crate::command::{self, several};
use crate::store::Store;
use crate::strays::Over;
use crate::wire::Repeat;
use crate::{error, reply};

/// Writes pairs, at least one.
pub(crate) async fn many(store: &Store, pairs: &[(&str, Bytes)], ttl: Option<Duration>) -> Result<()> {
    let answers: Vec<Result<Value>> = match store {
        Store::Node(node) => {
            let size = pairs.iter().map(|(key, raw)| key.len() + raw.len()).sum();
            if ttl.is_none() {
                return reply::done(
                    node.call(&mset(pairs, size), Over::Any, size, Repeat::Harmless)
                        .await?,
                );
            }
            let mut pipeline = Pipeline::with_capacity(pairs.len());
            for (key, raw) in pairs {
                pipeline.add_command(command::set(key, raw, ttl));
            }
            let answers = node.call(&pipeline, Over::Any, size, Repeat::Harmless).await?;
            answers.into_iter().map(Ok).collect()
        }
        #[cfg(feature = "cluster")]
        Store::Cluster(cluster) => {
            let parts = pairs.iter().map(|(key, raw)| {
                let command = command::set(key, raw, ttl);
                Part::new(key.as_bytes(), command, key.len() + raw.len())
            });
            cluster.batch(parts.collect(), Over::Any).await
        }
    };
    for (index, answer) in answers.into_iter().enumerate() {
        answer
            .and_then(reply::done)
            .map_err(|error| error.with_index(index))?;
    }
    Ok(())
}

/// Deletes keys, at least one, and counts those that were there.
pub(crate) async fn delete_many(store: &Store, keys: &[&str]) -> Result<u64> {
    let count = match store {
        Store::Node(node) => {
            let size = keys.iter().map(|key| key.len()).sum();
            let command = several("DEL", keys);
            reply::integer(node.call(&command, Over::Any, size, Repeat::Harmless).await?)?
        }
        #[cfg(feature = "cluster")]
        Store::Cluster(cluster) => {
            let parts = keys
                .iter()
                .map(|key| Part::new(key.as_bytes(), command::one("DEL", key), key.len()));
            let mut count = 0;
            for answer in cluster.batch(parts.collect(), Over::Any).await {
                count += reply::integer(answer?)?;
            }
            count
        }
    };
    u64::try_from(count).map_err(|_| error::strange())
}

fn mset(pairs: &[(&str, Bytes)], size: usize) -> Cmd {
    let mut command = Cmd::with_capacity(1 + 2 * pairs.len(), size);
    command.arg("MSET");
    for (key, raw) in pairs {
        command.arg(*key).write_arg(raw);
    }
    command
}
