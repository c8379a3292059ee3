//! The connections of each runtime, and a command's way through one of them.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use aiocache_core::{InRuntime, PerRuntime, Result, StoreWatch};
use tokio::time::{Instant, timeout_at};

use crate::config::Limits;
use crate::connect::Connect;
use crate::deadline::Deadlines;
use crate::error;
use crate::lane::{Lane, Live};
use crate::strays::{Large, Over, Strays};
use crate::wire::{Repeat, Wire};

/// A request over this many bytes goes by the second connection, so that small ones do not stand behind it.
const LARGE: usize = 1 << 20;

/// All connections of a backend to one server.
pub(crate) struct Connections {
    connect: Arc<Connect>,
    limits: Limits,
    sets: Arc<PerRuntime<Set>>,
}

/// The connections of one runtime; its commands wait for no other's tasks.
#[derive(Default)]
struct Set {
    ordinary: Arc<Lane>,
    large: Arc<Lane>,
    deadlines: Arc<Deadlines>,
    strays: Strays,
}

impl Set {
    /// By which connection a request goes.
    fn way<'a>(&'a self, over: Over<'a>, size: usize) -> (&'a Arc<Lane>, Option<Large<'a>>) {
        let generation = || self.large.current().map(|live| live.generation);
        if size > LARGE || self.strays.are_before(over, generation) {
            (&self.large, Some(self.strays.begin(over)))
        } else {
            (&self.ordinary, None)
        }
    }
}

impl Connections {
    pub(crate) fn new(connect: Connect, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            connect: Arc::new(connect),
            limits,
            sets: Arc::default(),
        })
    }

    pub(crate) fn watch(&self, watch: StoreWatch) {
        self.connect.watch(watch);
    }

    /// Where they lead, without credentials.
    pub(crate) fn address(&self) -> &str {
        self.connect.address()
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Sends a request of `size` bytes and waits for its answer, no longer than the deadline. A request that is
    /// harmless to repeat is sent once more if its connection breaks.
    pub(crate) async fn call<W: Wire>(
        &self,
        request: &W,
        over: Over<'_>,
        size: usize,
        repeat: Repeat,
    ) -> Result<W::Answer> {
        let until = self.limits.until();
        self.call_until(request, over, size, repeat, until).await
    }

    /// As [`call`](Self::call), for one request of several that keep one deadline.
    pub(crate) async fn call_until<W: Wire>(
        &self,
        request: &W,
        over: Over<'_>,
        size: usize,
        repeat: Repeat,
        until: Instant,
    ) -> Result<W::Answer> {
        let set = self.set()?;
        let (lane, mut large) = set.way(over, size);
        let mut again = repeat == Repeat::Harmless;
        loop {
            let mut live = match lane.current() {
                Some(live) => live,
                // Boxed: a command that has its connection is not to carry the room for making one.
                None => Box::pin(self.connected(lane, until)).await?,
            };
            if let Some(large) = &mut large {
                large.sent(live.generation);
            }
            let answer = {
                let sent = pin!(request.send(&mut live.link));
                set.deadlines.keep(until, sent).await
            };
            match answer {
                Some(Ok(answer)) => {
                    live.health.answered();
                    if let Some(large) = &mut large {
                        large.answered();
                    }
                    if W::is_misplaced(&answer) {
                        lane.lost(&live);
                    }
                    return Ok(answer);
                }
                Some(Err(cause)) => {
                    lane.lost(&live);
                    if let Some(large) = &mut large {
                        large.ended();
                    }
                    if !std::mem::take(&mut again) {
                        return Err(error::broken(cause, repeat));
                    }
                }
                None => {
                    if live.health.timed_out() {
                        lane.lost(&live);
                    }
                    return Err(error::late(self.limits.deadline, repeat));
                }
            }
        }
    }

    /// A number that is another after each reconnect of this runtime's connection for ordinary commands.
    pub(crate) async fn generation(&self) -> Result<u64> {
        let set = self.set()?;
        let live = self.connected(&set.ordinary, self.limits.until()).await?;
        Ok(live.generation)
    }

    /// How many are open, of all runtimes.
    pub(crate) fn count(&self) -> u64 {
        let mut count = 0;
        self.sets.for_each(|set| {
            count += u64::from(set.ordinary.is_live()) + u64::from(set.large.is_live());
        });
        count
    }

    /// Lets go of every connection; each is closed when what was sent on it is answered.
    pub(crate) fn close(&self) {
        self.sets.clear();
    }

    async fn connected(&self, lane: &Arc<Lane>, until: Instant) -> Result<Live> {
        timeout_at(until, lane.live(&self.connect, self.limits))
            .await
            .unwrap_or_else(|_| Err(error::not_connected(self.limits.deadline)))
    }

    fn set(&self) -> Result<Arc<InRuntime<Set>>> {
        self.sets.current(Set::default)
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("address", &self.address())
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
