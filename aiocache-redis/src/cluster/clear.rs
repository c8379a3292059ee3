//! Clearing a namespace on every node.

use std::sync::Arc;

use aiocache_core::{Error, ErrorKind, Result};
use futures_util::future::join_all;

use super::{Cluster, Part};
use crate::command::one_raw;
use crate::connection::Connections;
use crate::strays::Over;
use crate::{reply, scan};

impl Cluster {
    /// Deletes every key that begins with `prefix`. A walk during which slots or connections changed is walked again.
    pub(crate) async fn clear(self: &Arc<Self>, prefix: &str) -> Result<()> {
        let pattern = scan::pattern(prefix);
        for _ in 0..scan::MAX_WALKS {
            let nodes = self.nodes(self.limits.until()).await?;
            let changes = self.map().changes;
            let walks = nodes
                .iter()
                .map(|node| self.walk(node, prefix.as_bytes(), &pattern));
            let mut undisturbed = true;
            // All of them, so that a node that fails costs its own share.
            for walk in join_all(walks).await {
                undisturbed &= self.noticed(walk)?;
            }
            if undisturbed && self.map().changes == changes {
                return Ok(());
            }
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            "the cluster changed under every walk over the keys",
        ))
    }

    /// Says whether it was the same connection from beginning to end.
    async fn walk(self: &Arc<Self>, node: &Arc<Connections>, prefix: &[u8], pattern: &[u8]) -> Result<bool> {
        let generation = node.generation().await?;
        let mut cursor = scan::START.to_vec();
        loop {
            let (next, keys) = scan::step(node, &cursor, prefix, pattern).await?;
            let unlinks = keys
                .iter()
                .map(|key| Part::new(key, one_raw("UNLINK", key), key.len()));
            // By slot, not to this node: a key may have moved since it was seen.
            for answer in self.batch(unlinks.collect(), Over::Any).await {
                reply::done(answer?)?;
            }
            if next == scan::START {
                return Ok(node.generation().await? == generation);
            }
            cursor = next;
        }
    }
}
