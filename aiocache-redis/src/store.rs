//! Where commands go: to one server, or to the node of a cluster that has the key.

use std::fmt;
use std::sync::Arc;

use aiocache_core::{Result, StoreWatch};
use redis::{Cmd, Value};
use tokio::time::Instant;

#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::config::Limits;
use crate::connection::Connections;
use crate::strays::Over;
use crate::wire::{Repeat, Wire};

/// One server or a cluster.
#[derive(Clone)]
pub(crate) enum Store {
    /// A server, or the master that sentinels name.
    Node(Arc<Connections>),
    #[cfg(feature = "cluster")]
    Cluster(Arc<Cluster>),
}

impl Store {
    pub(crate) fn limits(&self) -> Limits {
        match self {
            Self::Node(node) => node.limits(),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.limits(),
        }
    }

    pub(crate) fn watch(&self, watch: StoreWatch) {
        match self {
            Self::Node(node) => node.watch(watch),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.watch(watch),
        }
    }

    /// Sends a request over one key, of `size` bytes. See [`Connections::call`].
    pub(crate) async fn call<W: Wire>(
        &self,
        key: &[u8],
        request: &W,
        size: usize,
        repeat: Repeat,
    ) -> Result<W::Answer> {
        let until = self.limits().until();
        self.call_until(key, request, size, repeat, until).await
    }

    /// As [`call`](Self::call), for one request of several that keep one deadline.
    pub(crate) async fn call_until<W: Wire>(
        &self,
        key: &[u8],
        request: &W,
        size: usize,
        repeat: Repeat,
        until: Instant,
    ) -> Result<W::Answer> {
        match self {
            Self::Node(node) => {
                node.call_until(request, Over::key(key), size, repeat, until)
                    .await
            }
            // Boxed: a single server's command is not to carry the room for following one from node to node.
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => Box::pin(cluster.call_until(key, request, size, repeat, until)).await,
        }
    }

    /// Sends a command without a key to every server that has keys of its own.
    pub(crate) async fn call_every(&self, command: &Cmd) -> Result<Vec<Value>> {
        match self {
            Self::Node(node) => Ok(vec![node.call(command, Over::Any, 0, Repeat::Harmless).await?]),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.call_every(command).await,
        }
    }

    /// Sends a command without a key to every server, and gives the first answer that is no failure.
    pub(crate) async fn call_any(&self, command: &Cmd) -> Result<Value> {
        match self {
            Self::Node(node) => node.call(command, Over::None, 0, Repeat::Harmless).await,
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.call_any(command).await,
        }
    }

    /// How many connections are open.
    pub(crate) fn connections(&self) -> u64 {
        match self {
            Self::Node(node) => node.count(),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.count(),
        }
    }

    pub(crate) fn close(&self) {
        match self {
            Self::Node(node) => node.close(),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.close(),
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => node.fmt(f),
            #[cfg(feature = "cluster")]
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}
