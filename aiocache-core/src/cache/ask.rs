//! Questions to the store, under its breaker.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::run::timed_out;
use super::{Cache, Core};
use crate::backend::Backend;
use crate::breaker::{Admission, Asking, Breaker, Tried};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::events::EventKind;
use crate::timer;

/// The longest that a store is tried where nobody says how long its commands may take.
const MAX_TRY: Duration = Duration::from_secs(5);

impl<B: Backend, S> Cache<B, S> {
    /// Asks the store, if the breaker lets it, and tells the breaker how it did. Nothing but the store's own work
    /// belongs in here: what goes wrong on this side says nothing about the store.
    pub(crate) async fn ask<T, F: Future<Output = Result<T>>>(&self, work: impl FnOnce() -> F) -> Result<T> {
        let asking = match self.core.admitted() {
            None => {
                let done = work().await;
                if done.is_ok() {
                    self.core.answered();
                }
                return done;
            }
            Some(Ok(asking)) => asking,
            Some(Err(refusal)) => {
                // A caller that does nothing but ask would keep a runtime of one thread from trying the store.
                tokio::task::consume_budget().await;
                return Err(refusal);
            }
        };
        // A caller that goes before the store's own deadline has little patience, and says nothing about the store.
        let unanswered = (!self.is_timed_by_store()).then(|| Unanswered {
            core: &self.core,
            asking,
            since: clock::now(),
        });
        let done = work().await;
        std::mem::forget(unanswered);
        self.core.noted(asking, &done);
        done
    }
}

impl<B: Backend> Core<B> {
    /// Lets a question to the store pass, or refuses it; `None` where there is no breaker.
    fn admitted(self: &Arc<Self>) -> Option<Result<Asking>> {
        let breaker = self.breaker.as_ref()?;
        Some(match breaker.admit() {
            Admission::Ask(asking) => Ok(asking),
            // In the background, so that it costs no caller anything.
            Admission::Try if !self.try_store(breaker) => Ok(breaker.asking()),
            Admission::Try | Admission::Refuse => Err(breaker.refusal()),
        })
    }

    /// Asks the store something that no caller waits for: under the breaker, and within the longest that it may take.
    pub(crate) async fn ask_unbidden<T, F: Future<Output = Result<T>>>(
        self: &Arc<Self>,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        let asking = self.admitted().transpose()?;
        let most = self.longest_try();
        let done = timer::within(most, work()).await;
        let done = done.unwrap_or_else(|| Err(timed_out(most)));
        if let Some(asking) = asking {
            self.noted(asking, &done);
        }
        done
    }

    /// The longest that a question may take which no caller's timeout ends.
    pub(crate) fn longest_try(&self) -> Duration {
        self.capabilities.deadline.or(self.timeout).unwrap_or(MAX_TRY)
    }

    fn noted<T>(self: &Arc<Self>, asking: Asking, done: &Result<T>) {
        let failure = done.as_ref().err().filter(|error| error.is_transient());
        self.note(asking, failure.map(Error::kind));
        if failure.is_none() {
            self.answered();
        }
    }

    fn note(&self, asking: Asking, failure: Option<ErrorKind>) {
        let Some(breaker) = &self.breaker else { return };
        let Some(kind) = failure else {
            if breaker.answered() {
                self.watchers.tell_of_store(EventKind::BreakerClosed, None);
            }
            self.trouble.is_back(&self.name);
            return;
        };
        if breaker.failed(asking, kind) {
            self.trouble.left_alone(&self.name);
            self.watchers.tell_of_store(EventKind::BreakerOpened, None);
        }
    }

    /// Asks the store in a task whether it answers; false where the caller has to: there is no runtime for a task, or
    /// none that runs it.
    fn try_store(self: &Arc<Self>, breaker: &Breaker) -> bool {
        let Ok(runtime) = Handle::try_current() else {
            return false;
        };
        match breaker.tasks.next() {
            Tried::ByTask => {
                runtime.spawn(Try::new(Arc::clone(self)).run());
                true
            }
            Tried::Soon => true,
            Tried::ByCaller => false,
        }
    }
}

/// A task that tries the store.
struct Try<B: Backend> {
    core: Arc<Core<B>>,
    has_begun: bool,
    has_ended: bool,
}

impl<B: Backend> Try<B> {
    const fn new(core: Arc<Core<B>>) -> Self {
        Self {
            core,
            has_begun: false,
            has_ended: false,
        }
    }

    async fn run(mut self) {
        self.has_begun = true;
        let core = &self.core;
        let Some(breaker) = &core.breaker else { return };
        breaker.tasks.begun();
        let answer = timer::within(core.longest_try(), core.backend.ping()).await;
        // A store that refuses is there. If it does not answer, it is tried again after the pause.
        if answer.is_some_and(|answer| !answer.is_err_and(|error| error.is_transient())) && breaker.answered()
        {
            core.watchers.tell_of_store(EventKind::BreakerClosed, None);
            core.answered();
        }
        self.has_ended = true;
    }
}

impl<B: Backend> Drop for Try<B> {
    fn drop(&mut self) {
        if !self.has_ended
            && let Some(breaker) = &self.core.breaker
        {
            breaker.tasks.lost(self.has_begun);
        }
    }
}

/// A question that was dropped before its answer. That counts as a failure of the store if it had as long as the
/// cache grants it; a caller with less patience says nothing about the store.
struct Unanswered<'a, B: Backend> {
    core: &'a Core<B>,
    asking: Asking,
    since: u64,
}

impl<B: Backend> Drop for Unanswered<'_, B> {
    fn drop(&mut self) {
        let waited = Duration::from_nanos(clock::now().saturating_sub(self.since));
        if self.core.timeout.is_some_and(|timeout| waited >= timeout) {
            self.core.note(self.asking, Some(ErrorKind::Timeout));
        }
    }
}
