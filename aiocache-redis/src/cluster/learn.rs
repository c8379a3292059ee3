//! Learning who has which slots: before the first command, and again when something went wrong.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use futures_util::future::select_ok;
use tokio::time::Instant;

use super::map::{self, Range};
use super::{Cluster, slot};
use crate::connection::Connections;
use crate::strays::Over;
use crate::wire::Repeat;

/// The shortest time between two looks at the whole cluster that failing commands cause.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How many of the known nodes are asked at once, beside those of the URL.
const ASKED: usize = 4;

impl Cluster {
    /// The node that has a slot.
    ///
    /// # Errors
    /// `Unavailable` if nobody has it, and what went wrong if no node could be asked or none knows of any slot.
    pub(super) async fn owner(self: &Arc<Self>, slot: u16, until: Instant) -> Result<Arc<Connections>> {
        let known = {
            let map = self.map();
            if let Some(owner) = map.owner(slot) {
                return Ok(Arc::clone(owner));
            }
            !map.nodes().is_empty()
        };
        if !known || self.is_due() {
            self.learn(until).await?;
        }
        let owner = self.map().owner(slot).cloned();
        owner.ok_or_else(|| Error::new(ErrorKind::Unavailable, format!("no node has the slot {slot}")))
    }

    /// All nodes that have slots, one at least.
    ///
    /// # Errors
    /// What went wrong if no node could be asked or none knows of any slot.
    pub(super) async fn nodes(self: &Arc<Self>, until: Instant) -> Result<Vec<Arc<Connections>>> {
        if self.map().nodes().is_empty() {
            self.learn(until).await?;
        }
        Ok(self.map().nodes().to_vec())
    }

    /// Looks at the whole cluster in a task of its own, so that no command waits for it, and not too often.
    pub(super) fn look_again(self: &Arc<Self>) {
        if self.is_due() {
            let cluster = Arc::clone(self);
            tokio::spawn(async move {
                // What fails here fails again for the next command, which reports it.
                drop(cluster.learn(cluster.limits.until()).await);
            });
        }
    }

    /// Asks several nodes and believes the first that knows of slots: who believes one left behind is sent on by the
    /// nodes themselves.
    async fn learn(&self, until: Instant) -> Result<()> {
        let nodes = self.map().nodes().to_vec();
        // Not always the same ones: some may be gone.
        let skip = usize::from(slot::of(format!("{until:?}").as_bytes())) % nodes.len().max(1);
        let known = nodes.iter().cycle().skip(skip).take(ASKED.min(nodes.len()));
        let questions = known.chain(&self.seeds).map(|node| Box::pin(ask(node, until)));
        let (ranges, _) = select_ok(questions).await?;
        let mut map = self.map_mut();
        map.adopt(&ranges, |old, place| match old.node_at(&place.address()) {
            Some(node) => Ok(Arc::clone(node)),
            None => self.connections(place),
        })
    }

    fn is_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.is_none_or(|time| time.elapsed() >= BETWEEN_LOOKS);
        if due {
            *looked = Some(Instant::now());
        }
        due
    }
}

/// # Errors
/// `Unavailable` also for a node that knows of no slots: it was reset or lost its disk, and others may know.
async fn ask(node: &Arc<Connections>, until: Instant) -> Result<Vec<Range>> {
    let command = redis::cmd("CLUSTER").arg("SLOTS").take();
    let answer = node
        .call_until(&command, Over::None, 0, Repeat::Harmless, until)
        .await?;
    let ranges = map::ranges(answer, node.address())?;
    if ranges.is_empty() {
        let message = format!("the node {} knows of no slots", node.address());
        return Err(Error::new(ErrorKind::Unavailable, message));
    }
    Ok(ranges)
}
