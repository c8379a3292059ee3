//! All servers of a backend, and the way of a command to the one that holds its key.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aiocache_core::{InRuntime, PerRuntime, Result, StoreWatch};

use crate::command::Command;
use crate::config::Limits;
use crate::connect::Connect;
use crate::job::Ticket;
use crate::key::Key;
use crate::lane::Lane;
use crate::ring::Ring;

/// One of the servers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place(usize);

impl Place {
    pub(crate) const FIRST: Self = Self(0);
}

/// The servers, and each runtime's connections to them.
pub(crate) struct Servers {
    connects: Vec<Arc<Connect>>,
    ring: Ring,
    limits: Limits,
    lanes: Arc<PerRuntime<Vec<Lane>>>,
}

impl Servers {
    pub(crate) fn new(connects: Vec<Connect>, limits: Limits) -> Self {
        let names: Vec<_> = connects
            .iter()
            .map(|connect| format!("{}:{}", connect.host, connect.port))
            .collect();
        Self {
            connects: connects.into_iter().map(Arc::new).collect(),
            ring: Ring::new(&names),
            limits,
            lanes: Arc::default(),
        }
    }

    pub(crate) fn watch(&self, watch: &StoreWatch) {
        for connect in &self.connects {
            // A backend has one cache.
            let _first = connect.watch.set(watch.clone());
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a command to a server.
    pub(crate) async fn call<C: Command>(&self, place: Place, command: C) -> Result<C::Answer> {
        let lanes = self.lanes()?;
        lanes[place.0].submit(command).await?.answer().await
    }

    /// Sends a command to each server at once; the answers have their order.
    pub(crate) async fn call_all<C: Command>(
        &self,
        command: impl Fn() -> C,
    ) -> Result<Vec<Result<C::Answer>>> {
        let lanes = self.lanes()?;
        let mut tickets = Vec::with_capacity(lanes.len());
        for lane in lanes.iter() {
            tickets.push(lane.submit(command()).await);
        }
        Ok(answers(tickets).await)
    }

    /// Sends each server that holds some of `keys` a command, all at once. `command` gets the positions of the keys
    /// that are the server's; they come back beside the answer.
    pub(crate) async fn call_shares<'a, C: Command>(
        &self,
        keys: impl Iterator<Item = &'a Key>,
        command: impl Fn(&[usize]) -> C,
    ) -> Result<Vec<(Vec<usize>, Result<C::Answer>)>> {
        let mut shares = vec![Vec::new(); self.connects.len()];
        for (position, key) in keys.enumerate() {
            shares[self.place(key).0].push(position);
        }
        let lanes = self.lanes()?;
        let (mut asked, mut tickets) = (Vec::new(), Vec::new());
        for (lane, share) in lanes.iter().zip(shares) {
            if !share.is_empty() {
                tickets.push(lane.submit(command(&share)).await);
                asked.push(share);
            }
        }
        Ok(asked.into_iter().zip(answers(tickets).await).collect())
    }

    /// The longest that a command takes: where it goes to several servers, it may wait for each in turn before it is
    /// sent.
    pub(crate) fn longest(&self) -> Duration {
        let servers = u32::try_from(self.connects.len()).unwrap_or(u32::MAX);
        self.limits.deadline.saturating_mul(servers)
    }

    /// How many connections are open to all servers together, of all runtimes.
    pub(crate) fn connections(&self) -> u64 {
        let mut count = 0;
        self.lanes
            .for_each(|lanes| count += lanes.iter().map(Lane::connections).sum::<u64>());
        count
    }

    /// Lets go of every connection, each when what was sent on it is answered.
    pub(crate) fn close(&self) {
        self.lanes.clear();
    }

    /// Where `key` is.
    pub(crate) fn place(&self, key: &Key) -> Place {
        if self.connects.len() == 1 {
            return Place::FIRST;
        }
        Place(self.ring.server(key.hash()))
    }

    fn lanes(&self) -> Result<Arc<InRuntime<Vec<Lane>>>> {
        self.lanes.current(|| {
            let lane = |connect| Lane::new(Arc::clone(connect), self.limits);
            self.connects.iter().map(lane).collect()
        })
    }
}

/// The answers to commands that are under way already.
async fn answers<A>(tickets: Vec<Result<Ticket<A>>>) -> Vec<Result<A>> {
    let mut answers = Vec::with_capacity(tickets.len());
    for ticket in tickets {
        answers.push(match ticket {
            Ok(ticket) => ticket.answer().await,
            Err(error) => Err(error),
        });
    }
    answers
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Servers")
            .field("servers", &self.connects)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
