//! A cluster: each key's command goes to the node that has the key's slot, through the same connections, with the
//! same deadline and the same word on what was done as for a single server.
//!
//! The client's own cluster connection is not used: it repeats a command whose connection broke, and a counter that
//! is repeated may count twice.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result, StoreWatch};
use futures_util::future::{join_all, select_ok};
use redis::{Cmd, ConnectionInfo, Value};
use tokio::time::{Instant, sleep, timeout_at};

use self::map::Map;
use self::redirect::Place;
use crate::config::Limits;
use crate::connect::{Connect, Watch, moved_to};
use crate::connection::Connections;
use crate::strays::Over;
use crate::wire::{Repeat, Wire};

mod batch;
mod clear;
mod learn;
mod map;
mod redirect;
mod slot;

pub(crate) use batch::Part;
pub(crate) use redirect::Redirect;

/// How often one command is sent on to another node.
const MAX_HOPS: u32 = 8;
/// The pause before a command whose keys are on their way is tried again.
const ON_THE_WAY: Duration = Duration::from_millis(10);

/// A cluster and the connections to its nodes.
pub(crate) struct Cluster {
    /// The nodes of the URL, which may have names where the cluster tells addresses.
    seeds: Vec<Arc<Connections>>,
    like: ConnectionInfo,
    client_name: Option<String>,
    limits: Limits,
    watch: Watch,
    map: RwLock<Map>,
    /// When somebody last began to look at the whole cluster.
    looked: Mutex<Option<Instant>>,
}

/// What to do with a command next.
enum Way {
    Plain(Arc<Connections>),
    Asking(Arc<Connections>),
}

impl Cluster {
    /// # Errors
    /// `InvalidConfig` for no host, a database, and what the client takes amiss.
    pub(crate) fn new(
        hosts: Vec<ConnectionInfo>,
        client_name: Option<String>,
        limits: Limits,
    ) -> Result<Arc<Self>> {
        let invalid = |message| Error::new(ErrorKind::InvalidConfig, message);
        let like = hosts
            .first()
            .ok_or_else(|| invalid("a cluster needs a host"))?
            .clone();
        if like.redis_settings().db() != 0 {
            return Err(invalid("a cluster has database 0 only"));
        }
        let watch = Watch::default();
        let seeds = hosts.into_iter().map(|host| {
            let connect = Connect::new(host, client_name.clone())?.without_data();
            Ok(Connections::new(connect.watched_by(&watch), limits))
        });
        Ok(Arc::new(Self {
            seeds: seeds.collect::<Result<_>>()?,
            like,
            client_name,
            limits,
            watch,
            map: RwLock::default(),
            looked: Mutex::default(),
        }))
    }

    pub(crate) fn watch(&self, watch: StoreWatch) {
        // A backend has one cache.
        let _first = self.watch.set(watch);
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a request over the one key, wherever it is. See [`Connections::call_until`].
    pub(crate) async fn call_until<W: Wire>(
        self: &Arc<Self>,
        key: &[u8],
        request: &W,
        size: usize,
        repeat: Repeat,
        until: Instant,
    ) -> Result<W::Answer> {
        self.follow(slot::of(key), request, Over::key(key), size, repeat, until)
            .await
    }

    /// Sends a command to every node that has slots, and waits for all.
    pub(crate) async fn call_every(self: &Arc<Self>, command: &Cmd) -> Result<Vec<Value>> {
        let until = self.limits.until();
        let nodes = self.nodes(until).await?;
        let calls = nodes
            .iter()
            .map(|node| node.call_until(command, Over::Any, 0, Repeat::Harmless, until));
        let answers = join_all(calls).await.into_iter();
        answers.map(|answer| self.noticed(answer)).collect()
    }

    /// Sends a command to every node that has slots, and gives the first answer that is no failure.
    pub(crate) async fn call_any(self: &Arc<Self>, command: &Cmd) -> Result<Value> {
        let until = self.limits.until();
        let nodes = self.nodes(until).await?;
        let calls = nodes
            .iter()
            .map(|node| Box::pin(node.call_until(command, Over::None, 0, Repeat::Harmless, until)));
        let first = select_ok(calls).await;
        self.noticed(first.map(|(answer, _)| answer))
    }

    /// How many connections are open, those by which the hosts of the URL are asked about the whole included.
    pub(crate) fn count(&self) -> u64 {
        let map = self.map();
        let all = map.nodes().iter().chain(&self.seeds);
        all.map(|node| node.count()).sum()
    }

    /// Lets go of every connection.
    pub(crate) fn close(&self) {
        for node in self.map().nodes().iter().chain(&self.seeds) {
            node.close();
        }
    }

    /// Follows a command from node to node. A node that sends it on has not done it.
    async fn follow<W: Wire>(
        self: &Arc<Self>,
        slot: u16,
        request: &W,
        over: Over<'_>,
        size: usize,
        repeat: Repeat,
        until: Instant,
    ) -> Result<W::Answer> {
        let mut way = Way::Plain(self.owner(slot, until).await?);
        for _ in 0..MAX_HOPS {
            let (answer, node) = match way {
                Way::Plain(node) => (node.call_until(request, over, size, repeat, until).await, node),
                Way::Asking(node) => {
                    let asking = request.asking();
                    let answers = node.call_until(&asking, over, size, repeat, until).await;
                    (answers.and_then(W::asked), node)
                }
            };
            let answer = self.noticed(answer)?;
            way = match W::redirect(&answer) {
                None => return Ok(answer),
                Some(Redirect::Down) => {
                    self.look_again();
                    return Ok(answer);
                }
                Some(Redirect::Moved(place)) => Way::Plain(self.moved(slot, place, &node)?),
                Some(Redirect::Ask(place)) => Way::Asking(self.node_at(place, &node)?),
                Some(Redirect::Later) => {
                    if timeout_at(until, sleep(ON_THE_WAY)).await.is_err() {
                        return Ok(answer);
                    }
                    Way::Plain(self.owner(slot, until).await?)
                }
            };
        }
        Err(Error::new(
            ErrorKind::Unavailable,
            format!("sent on {MAX_HOPS} times from node to node"),
        ))
    }

    /// A failure may mean that another node took over.
    fn noticed<T>(self: &Arc<Self>, answer: Result<T>) -> Result<T> {
        if answer.is_err() {
            self.look_again();
        }
        answer
    }

    fn moved(self: &Arc<Self>, slot: u16, place: Place, from: &Connections) -> Result<Arc<Connections>> {
        let owner = self.node_at(place, from)?;
        self.map_mut().move_slot(slot, &owner);
        self.look_again();
        Ok(owner)
    }

    fn node_at(&self, mut place: Place, from: &Connections) -> Result<Arc<Connections>> {
        if place.host.is_empty() {
            place.host = map::host_of(from.address());
        }
        let address = place.address();
        let known = self.map().node_at(&address).cloned();
        match known {
            Some(node) => Ok(node),
            None => self.map_mut().node_or(&address, || self.connections(&place)),
        }
    }

    fn connections(&self, place: &Place) -> Result<Arc<Connections>> {
        let address = moved_to(self.like.addr(), place.host.clone(), place.port);
        let connect = Connect::new(self.like.clone().set_addr(address), self.client_name.clone())?;
        Ok(Connections::new(connect.watched_by(&self.watch), self.limits))
    }

    fn map(&self) -> RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn map_mut(&self) -> RwLockWriteGuard<'_, Map> {
        self.map.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seeds: Vec<_> = self.seeds.iter().map(|seed| seed.address()).collect();
        f.debug_struct("Cluster")
            .field("addresses", &seeds)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
