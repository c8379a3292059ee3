//! Which node has which slots.

use std::sync::Arc;

use aiocache_core::Result;
use redis::Value;

use super::redirect::Place;
use super::slot::SLOTS;
use crate::connection::Connections;
use crate::{error, reply};

/// The nodes that have keys of their own, those that are about to get a slot included, and who has which slot.
#[derive(Default)]
pub(super) struct Map {
    /// One for each slot, or none at all before the first look.
    owners: Vec<Option<Arc<Connections>>>,
    nodes: Vec<Arc<Connections>>,
    /// Counts what changed.
    pub(super) changes: u64,
}

/// Slots from first to last, and their owner.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    first: u16,
    last: u16,
    owner: Place,
}

impl Map {
    pub(super) fn owner(&self, slot: u16) -> Option<&Arc<Connections>> {
        self.owners.get(usize::from(slot))?.as_ref()
    }

    pub(super) fn nodes(&self) -> &[Arc<Connections>] {
        &self.nodes
    }

    pub(super) fn node_at(&self, address: &str) -> Option<&Arc<Connections>> {
        self.nodes.iter().find(|node| node.address() == address)
    }

    /// The node at an address, from now on the same one for all.
    pub(super) fn node_or(
        &mut self,
        address: &str,
        node: impl FnOnce() -> Result<Arc<Connections>>,
    ) -> Result<Arc<Connections>> {
        if let Some(known) = self.node_at(address) {
            return Ok(Arc::clone(known));
        }
        let node = node()?;
        self.nodes.push(Arc::clone(&node));
        self.changes += 1;
        Ok(node)
    }

    /// Notes a new owner of one slot, one of the nodes.
    pub(super) fn move_slot(&mut self, slot: u16, owner: &Arc<Connections>) {
        let Some(place) = self.owners.get_mut(usize::from(slot)) else {
            return;
        };
        if place.as_ref().is_some_and(|known| Arc::ptr_eq(known, owner)) {
            return;
        }
        *place = Some(Arc::clone(owner));
        self.changes += 1;
    }

    /// Takes over what a node said of the whole cluster. `node` gives the connections to a place, the same ones for
    /// the same place.
    pub(super) fn adopt(
        &mut self,
        ranges: &[Range],
        mut node: impl FnMut(&Self, &Place) -> Result<Arc<Connections>>,
    ) -> Result<()> {
        let mut new = Self {
            owners: vec![None; usize::from(SLOTS)],
            nodes: Vec::new(),
            changes: self.changes,
        };
        for range in ranges {
            let address = range.owner.address();
            let owner = match new.node_at(&address) {
                Some(owner) => Arc::clone(owner),
                None => {
                    let owner = node(self, &range.owner)?;
                    new.nodes.push(Arc::clone(&owner));
                    owner
                }
            };
            new.owners[usize::from(range.first)..=usize::from(range.last)].fill(Some(owner));
        }
        let same = |(old, new): (&Option<Arc<Connections>>, &Option<Arc<Connections>>)| match (old, new) {
            (Some(old), Some(new)) => Arc::ptr_eq(old, new),
            (old, new) => old.is_none() && new.is_none(),
        };
        let unchanged =
            self.owners.len() == new.owners.len() && self.owners.iter().zip(&new.owners).all(same);
        if !unchanged {
            new.changes += 1;
            *self = new;
        }
        Ok(())
    }
}

impl Place {
    /// As connections name theirs.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

/// Reads the answer to `CLUSTER SLOTS` of the node at `asked`.
pub(super) fn ranges(answer: Value, asked: &str) -> Result<Vec<Range>> {
    reply::list(answer)?
        .into_iter()
        .map(|range| self::range(range, asked))
        .collect()
}

fn range(answer: Value, asked: &str) -> Result<Range> {
    let mut parts = reply::list(answer)?.into_iter();
    let mut slot = || -> Result<u16> {
        let number = reply::integer(parts.next().ok_or_else(error::strange)?)?;
        let slot = u16::try_from(number).ok().filter(|&slot| slot < SLOTS);
        slot.ok_or_else(error::strange)
    };
    let (first, last) = (slot()?, slot()?);
    if first > last {
        return Err(error::strange());
    }
    let owner = reply::list(parts.next().ok_or_else(error::strange)?)?;
    let (Some(host), Some(Value::Int(port))) = (owner.first(), owner.get(1)) else {
        return Err(error::strange());
    };
    // Nothing, or a question mark, stands for the host that was asked.
    let host = reply::text(host).filter(|host| !host.is_empty() && *host != "?");
    Ok(Range {
        first,
        last,
        owner: Place {
            host: host.map_or_else(|| host_of(asked), str::to_owned),
            port: u16::try_from(*port).map_err(|_| error::strange())?,
        },
    })
}

/// The host in an address.
pub(super) fn host_of(address: &str) -> String {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    host.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(wire: &str) -> Result<Vec<Range>> {
        ranges(
            redis::parse_redis_value(wire.as_bytes()).expect("valid RESP"),
            "asked:1",
        )
    }

    #[test]
    fn ranges_are_read_with_and_without_a_host() {
        let own = |first, last, host: &str, port| Range {
            first,
            last,
            owner: Place {
                host: host.to_owned(),
                port,
            },
        };
        let wire =
            "*2\r\n*3\r\n:0\r\n:5\r\n*2\r\n$1\r\na\r\n:7000\r\n*3\r\n:6\r\n:16383\r\n*2\r\n_\r\n:7001\r\n";
        let found = read(wire).expect("ranges");
        assert_eq!(found, [own(0, 5, "a", 7000), own(6, 16_383, "asked", 7001)]);
    }

    #[test]
    fn nonsense_is_an_error_and_no_panic() {
        for wire in [
            "+OK\r\n",
            "*1\r\n+OK\r\n",
            "*1\r\n*2\r\n:0\r\n:5\r\n",
            "*1\r\n*3\r\n:5\r\n:0\r\n*2\r\n$1\r\na\r\n:1\r\n",
            "*1\r\n*3\r\n:0\r\n:16384\r\n*2\r\n$1\r\na\r\n:1\r\n",
            "*1\r\n*3\r\n:-1\r\n:3\r\n*2\r\n$1\r\na\r\n:1\r\n",
            "*1\r\n*3\r\n:0\r\n:3\r\n*2\r\n$1\r\na\r\n:70000\r\n",
            "*1\r\n*3\r\n:0\r\n:3\r\n*1\r\n$1\r\na\r\n",
        ] {
            read(wire).expect_err(wire);
        }
    }
}
