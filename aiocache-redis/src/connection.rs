//! The connections of each runtime, and a command's way through one of them.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard, Weak};

use aiocache_core::{Error, ErrorKind, Result};
use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout_at};

use crate::config::Limits;
use crate::connect::Connect;
use crate::error;
use crate::lane::{Lane, Live};
use crate::wire::{Repeat, Wire};

/// A request over this many bytes goes by the second connection, so that small ones do not stand behind it.
const LARGE: usize = 1 << 20;
/// All connections of a backend.
pub(crate) struct Connections {
    connect: Arc<Connect>,
    limits: Limits,
    sets: RwLock<HashMap<Id, Arc<RuntimeSet>>>,
}

/// The connections of one runtime; its commands wait for no other's tasks.
struct RuntimeSet {
    ordinary: Arc<Lane>,
    large: Arc<Lane>,
    /// The task that takes this set away when the runtime ends.
    guard: AbortHandle,
}

impl Drop for RuntimeSet {
    fn drop(&mut self) {
        self.guard.abort();
    }
}

impl Connections {
    pub(crate) fn new(connect: Connect, limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            connect: Arc::new(connect),
            limits,
            sets: RwLock::default(),
        })
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
        self: &Arc<Self>,
        request: &W,
        size: usize,
        repeat: Repeat,
    ) -> Result<W::Answer> {
        self.call_until(request, size, repeat, Instant::now() + self.limits.deadline)
            .await
    }

    /// As [`call`](Self::call), for one request of several that keep one deadline.
    pub(crate) async fn call_until<W: Wire>(
        self: &Arc<Self>,
        request: &W,
        size: usize,
        repeat: Repeat,
        until: Instant,
    ) -> Result<W::Answer> {
        let set = self.set()?;
        let lane = if size > LARGE { &set.large } else { &set.ordinary };
        let mut again = repeat == Repeat::Harmless;
        loop {
            let mut live = self.live(lane, until).await?;
            match timeout_at(until, request.send(&mut live.link)).await {
                Ok(Ok(answer)) => {
                    live.health.answered();
                    if W::is_misplaced(&answer) {
                        lane.lost(&live);
                    }
                    return Ok(answer);
                }
                Ok(Err(cause)) => {
                    lane.lost(&live);
                    if !std::mem::take(&mut again) {
                        return Err(error::broken(cause, repeat));
                    }
                }
                Err(_) => {
                    if live.health.timed_out() {
                        lane.lost(&live);
                    }
                    return Err(error::late(self.limits.deadline, repeat));
                }
            }
        }
    }

    /// A number that is another after each reconnect of this runtime's connection for ordinary commands.
    pub(crate) async fn generation(self: &Arc<Self>) -> Result<u64> {
        let set = self.set()?;
        let until = Instant::now() + self.limits.deadline;
        Ok(self.live(&set.ordinary, until).await?.generation)
    }

    /// Lets go of every connection; each is closed when what was sent on it is answered.
    pub(crate) fn close(&self) {
        let sets = std::mem::take(&mut *self.sets_mut());
        drop(sets);
    }

    async fn live(&self, lane: &Arc<Lane>, until: Instant) -> Result<Live> {
        // No timer on the usual way.
        if let Some(live) = lane.current() {
            return Ok(live);
        }
        timeout_at(until, lane.live(&self.connect, self.limits))
            .await
            .unwrap_or_else(|_| Err(error::not_connected(self.limits.deadline)))
    }

    fn set(self: &Arc<Self>) -> Result<Arc<RuntimeSet>> {
        let runtime = Handle::try_current()
            .map_err(|_| {
                Error::new(
                    ErrorKind::InvalidConfig,
                    "Redis needs a tokio runtime around the call",
                )
            })?
            .id();
        let sets = self.sets.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(set) = sets.get(&runtime) {
            return Ok(Arc::clone(set));
        }
        drop(sets);
        Ok(self.add_set(runtime))
    }

    fn add_set(self: &Arc<Self>, runtime: Id) -> Arc<RuntimeSet> {
        // Made before the lock is taken: a runtime that is shutting down drops the guard here and now.
        let new = Arc::new_cyclic(|set| {
            let guard = Guard {
                connections: Arc::downgrade(self),
                set: set.clone(),
                runtime,
            };
            let task = tokio::spawn(async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            });
            RuntimeSet {
                ordinary: Arc::default(),
                large: Arc::default(),
                guard: task.abort_handle(),
            }
        });
        let set = Arc::clone(self.sets_mut().entry(runtime).or_insert_with(|| Arc::clone(&new)));
        if set.guard.is_finished() {
            self.remove(runtime, &Arc::downgrade(&set));
        }
        set
    }

    fn remove(&self, runtime: Id, set: &Weak<RuntimeSet>) {
        let mut sets = self.sets_mut();
        // A later runtime may have the same id.
        let removed = match sets.get(&runtime) {
            Some(found) if std::ptr::eq(Arc::as_ptr(found), set.as_ptr()) => sets.remove(&runtime),
            _ => None,
        };
        drop(sets);
        drop(removed);
    }

    fn sets_mut(&self) -> RwLockWriteGuard<'_, HashMap<Id, Arc<RuntimeSet>>> {
        self.sets.write().unwrap_or_else(PoisonError::into_inner)
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

/// Takes a set away when it is dropped with its runtime.
struct Guard {
    connections: Weak<Connections>,
    set: Weak<RuntimeSet>,
    runtime: Id,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(connections) = self.connections.upgrade() {
            connections.remove(self.runtime, &self.set);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn an_ended_runtime_leaves_no_set_behind() {
        let info = crate::url::read("redis://127.0.0.1:1")
            .expect("a good URL")
            .hosts
            .remove(0);
        let connect = Connect::new(info, None).expect("good settings");
        let connections = Connections::new(connect, Limits::default());
        let count = || connections.sets.read().expect("no panic").len();
        let runtime = || {
            Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime")
        };
        let use_it = || async {
            connections
                .call(&redis::cmd("PING"), 0, Repeat::Harmless)
                .await
                .expect_err("nobody there");
        };

        let (alive, ending) = (runtime(), runtime());
        alive.block_on(use_it());
        ending.block_on(use_it());
        assert_eq!(count(), 2);
        drop(ending);
        assert_eq!(count(), 1);

        alive.block_on(async {
            connections.close();
            assert_eq!(count(), 0);
            use_it().await;
            tokio::task::yield_now().await;
            assert_eq!(count(), 1, "the guard of the closed set took the new one away");
        });
        drop(alive);
        assert_eq!(count(), 0);
    }
}
