//! Reading values, each read in one round trip.

use std::sync::Arc;

use aiocache_core::{Entry, Remaining, Result, Version, Want};
use bytes::Bytes;
use redis::{Pipeline, Value};

#[cfg(feature = "cluster")]
use crate::cluster::{Cluster, Part};
use crate::command::{self, one as command_over, several};
use crate::connection::Connections;
use crate::store::Store;
use crate::strays::Over;
use crate::wire::Repeat;
use crate::{error, reply};

/// What was found under a key.
#[derive(Debug)]
pub(crate) struct Found {
    raw: Bytes,
    remaining: Option<Remaining>,
}

impl Found {
    pub(crate) fn entry(&self, want: Want) -> Entry<'_, Bytes> {
        let version = want.version.then(|| Version::bytes(self.raw.clone()));
        Entry::new(&self.raw)
            .with_remaining(self.remaining)
            .with_version(version)
    }

    /// `ttl` is the answer to a `PTTL` that was sent before the value was asked for: if a write comes between, the
    /// new value looks older than it is, never younger. A key that was not there yet is a miss.
    fn new(value: Value, ttl: Option<Value>) -> Result<Option<Self>> {
        let remaining = match ttl {
            Some(ttl) => Some(command::remaining(reply::integer(ttl)?)),
            None => None,
        };
        let raw = reply::bytes(value)?.filter(|_| remaining != Some(Remaining::Missing));
        Ok(raw.map(|raw| Self { raw, remaining }))
    }
}

/// Reads a key.
pub(crate) async fn one(store: &Store, key: &str, want: Want) -> Result<Option<Found>> {
    if !want.remaining {
        let command = command_over("GET", key);
        let value = store
            .call(key.as_bytes(), &command, key.len(), Repeat::Harmless)
            .await?;
        return Found::new(value, None);
    }
    let mut pipeline = Pipeline::with_capacity(2);
    pipeline.add_command(command_over("PTTL", key));
    pipeline.add_command(command_over("GET", key));
    let mut answers = store
        .call(key.as_bytes(), &pipeline, key.len(), Repeat::Harmless)
        .await?;
    match (answers.pop(), answers.pop()) {
        (Some(value), Some(ttl)) => Found::new(value, Some(ttl)),
        _ => Err(error::strange()),
    }
}

/// Reads several keys; the answers have their order.
pub(crate) async fn many(store: &Store, keys: &[&str], want: Want) -> Result<Vec<Option<Found>>> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    match store {
        Store::Node(node) => many_of_node(node, keys, want).await,
        #[cfg(feature = "cluster")]
        Store::Cluster(cluster) => many_of_cluster(store, cluster, keys, want).await,
    }
}

async fn many_of_node(node: &Arc<Connections>, keys: &[&str], want: Want) -> Result<Vec<Option<Found>>> {
    let size = keys.iter().map(|key| key.len()).sum();
    let (values, ttls) = if want.remaining {
        let mut pipeline = Pipeline::with_capacity(keys.len() + 1);
        for key in keys {
            pipeline.add_command(command_over("PTTL", key));
        }
        pipeline.add_command(several("MGET", keys));
        let mut ttls = node.call(&pipeline, Over::None, size, Repeat::Harmless).await?;
        (ttls.pop().ok_or_else(error::strange)?, ttls)
    } else {
        let command = several("MGET", keys);
        let values = node.call(&command, Over::None, size, Repeat::Harmless).await?;
        (values, Vec::new())
    };
    let values = reply::list(values)?;
    if values.len() != keys.len() {
        return Err(error::strange());
    }
    let mut ttls = ttls.into_iter();
    values
        .into_iter()
        .map(|value| Found::new(value, ttls.next()))
        .collect()
}

#[cfg(feature = "cluster")]
async fn many_of_cluster(
    store: &Store,
    cluster: &Arc<Cluster>,
    keys: &[&str],
    want: Want,
) -> Result<Vec<Option<Found>>> {
    if want.remaining {
        // Key by key, so that a node that sends one on never puts a ttl behind its value.
        let reads = keys.iter().map(|key| one(store, key, want));
        return futures_util::future::join_all(reads).await.into_iter().collect();
    }
    // MGET, which takes what is no string for nothing, as on a single server.
    let parts = keys
        .iter()
        .map(|key| Part::new(key.as_bytes(), command_over("MGET", key), key.len()));
    let answers = cluster.batch(parts.collect(), Over::None).await;
    answers
        .into_iter()
        .map(|answer| {
            let value = reply::list(answer?)?.pop().ok_or_else(error::strange)?;
            Found::new(value, None)
        })
        .collect()
}
