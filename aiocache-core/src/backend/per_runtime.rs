//! Something that belongs to a tokio runtime, one for each runtime that uses it.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard, Weak};

use tokio::runtime::{Handle, Id};
use tokio::task::AbortHandle;

use crate::error::{Error, ErrorKind, Result};

/// One `T` for each tokio runtime that asks for it, for authors of a backend: its connections.
///
/// A connection is driven by the runtime that made it, and a runtime that is alive but idle drives nothing. So no
/// runtime may use what another made; and what one made goes when it ends, because a later one may have its id.
pub struct PerRuntime<T> {
    /// A list, for there are few and every command looks here.
    slots: RwLock<Slots<T>>,
}

type Slots<T> = Vec<(Id, Arc<InRuntime<T>>)>;

/// What belongs to the runtime that asked; it derefs to the `T`.
pub struct InRuntime<T> {
    value: T,
    /// The task that takes this away when the runtime ends.
    guard: AbortHandle,
}

impl<T> Deref for InRuntime<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Drop for InRuntime<T> {
    fn drop(&mut self) {
        self.guard.abort();
    }
}

impl<T: Send + Sync + 'static> PerRuntime<T> {
    /// Of the current runtime, made by `make` if there is none; `make` may spawn tasks.
    ///
    /// # Errors
    /// `InvalidConfig` outside a tokio runtime.
    pub fn current(self: &Arc<Self>, make: impl FnOnce() -> T) -> Result<Arc<InRuntime<T>>> {
        let runtime = Handle::try_current()
            .map_err(|_| Error::new(ErrorKind::InvalidConfig, "no tokio runtime around the call, and connections need one; make it from a task, or within block_on"))?
            .id();
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = of(&slots, runtime) {
            return Ok(Arc::clone(slot));
        }
        drop(slots);
        Ok(self.insert(runtime, make()))
    }

    /// Takes all away; each is dropped when its last user has dropped it.
    pub fn clear(&self) {
        let slots = std::mem::take(&mut *self.slots_mut());
        drop(slots);
    }

    /// Calls `f` for what each runtime has now, to count it for instance. `f` must not ask for one, nor take any away:
    /// it runs under the lock that these need.
    pub fn for_each(&self, mut f: impl FnMut(&T)) {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        slots.iter().for_each(|(_, slot)| f(slot));
    }

    fn insert(self: &Arc<Self>, runtime: Id, value: T) -> Arc<InRuntime<T>> {
        // Made before the lock is taken: a runtime that is shutting down drops the guard here and now.
        let new = Arc::new_cyclic(|slot| {
            let guard = Guard {
                all: Arc::downgrade(self),
                slot: Weak::clone(slot),
                runtime,
            };
            let task = tokio::spawn(async move {
                let _guard = guard;
                std::future::pending::<()>().await;
            });
            InRuntime {
                value,
                guard: task.abort_handle(),
            }
        });
        let slot = {
            let mut slots = self.slots_mut();
            // Another thread of the runtime may have been first.
            let there = of(&slots, runtime).map(Arc::clone);
            there.unwrap_or_else(|| {
                slots.push((runtime, Arc::clone(&new)));
                Arc::clone(&new)
            })
        };
        if slot.guard.is_finished() {
            self.remove(runtime, &Arc::downgrade(&slot));
        }
        slot
    }
}

impl<T> PerRuntime<T> {
    fn remove(&self, runtime: Id, slot: &Weak<InRuntime<T>>) {
        let mut slots = self.slots_mut();
        // A later runtime may have the same id.
        let place = slots
            .iter()
            .position(|(id, found)| *id == runtime && std::ptr::eq(Arc::as_ptr(found), slot.as_ptr()));
        let removed = place.map(|place| slots.swap_remove(place));
        drop(slots);
        drop(removed);
    }

    fn slots_mut(&self) -> RwLockWriteGuard<'_, Slots<T>> {
        self.slots.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn of<T>(slots: &Slots<T>, runtime: Id) -> Option<&Arc<InRuntime<T>>> {
    let slot = slots.iter().find(|(id, _)| *id == runtime);
    slot.map(|(_, slot)| slot)
}

impl<T> Default for PerRuntime<T> {
    fn default() -> Self {
        Self {
            slots: RwLock::default(),
        }
    }
}

impl<T> fmt::Debug for PerRuntime<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerRuntime").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for InRuntime<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InRuntime").finish_non_exhaustive()
    }
}

/// Takes a slot away when it is dropped with its runtime.
struct Guard<T> {
    all: Weak<PerRuntime<T>>,
    slot: Weak<InRuntime<T>>,
    runtime: Id,
}

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        if let Some(all) = self.all.upgrade() {
            all.remove(self.runtime, &self.slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn runtime() -> Runtime {
        Builder::new_current_thread().build().expect("a runtime")
    }

    #[test]
    fn an_ended_runtime_leaves_nothing_behind() {
        let all = Arc::<PerRuntime<u32>>::default();
        let count = || all.slots.read().expect("no panic").len();
        let (alive, ending) = (runtime(), runtime());
        let ask = async |value| **all.current(|| value).expect("a runtime around it");
        assert_eq!(alive.block_on(ask(1)), 1);
        assert_eq!(ending.block_on(ask(2)), 2);
        assert_eq!(alive.block_on(ask(3)), 1, "the second call makes none");
        assert_eq!(count(), 2);
        drop(ending);
        assert_eq!(count(), 1);

        alive.block_on(async {
            all.clear();
            assert_eq!(count(), 0);
            assert_eq!(ask(4).await, 4);
            tokio::task::yield_now().await;
            assert_eq!(count(), 1, "the guard of the one before took the new one away");
        });
        drop(alive);
        assert_eq!(count(), 0);
    }

    #[test]
    fn for_each_sees_what_every_living_runtime_has() {
        let all = Arc::<PerRuntime<u32>>::default();
        let seen = || {
            let mut seen = Vec::new();
            all.for_each(|value| seen.push(*value));
            seen
        };
        assert!(seen().is_empty());
        let (alive, ending) = (runtime(), runtime());
        for (runtime, value) in [(&alive, 1), (&ending, 2)] {
            let made = runtime.block_on(async { all.current(|| value).map(drop) });
            made.expect("a runtime around it");
        }
        assert_eq!(seen(), [1, 2]);
        drop(ending);
        assert_eq!(seen(), [1]);
        all.clear();
        assert!(seen().is_empty());
    }

    #[test]
    fn outside_a_runtime_it_is_refused() {
        let all = Arc::<PerRuntime<u32>>::default();
        let error = all.current(|| 1).expect_err("no runtime");
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    }
}
