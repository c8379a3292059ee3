//! The way every command goes: pre hooks, the store, post hooks, all within the timeout.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use super::Cache;
use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::{Command, CommandName, Hook, Outcome};
use crate::timer;
use crate::trace;
use crate::ttl::Ttl;
use crate::turns;

impl<B: Backend, S> Cache<B, S> {
    /// The command as hooks and errors name it.
    pub(super) fn command<'a>(&'a self, name: CommandName) -> Command<'a> {
        let namespace = self.namespace().unwrap_or_default();
        Command {
            name,
            cache: &self.core.name,
            namespace,
            key: None,
            items: 0,
            ttl: None,
        }
    }

    /// The same for a command of one key.
    pub(super) fn keyed<'a>(&'a self, name: CommandName, key: &'a str, ttl: Option<Ttl>) -> Command<'a> {
        Command {
            key: Some(key),
            items: 1,
            ttl,
            ..self.command(name)
        }
    }

    /// Whether a command is nothing but the store's own work: in process, and nobody listens.
    #[inline]
    pub(crate) fn is_bare(&self) -> bool {
        self.core.watchers.leave_it_bare() && self.extras.plugins.is_empty() && !trace::is_on()
    }

    /// Whether the timeout cannot pass before the store's own deadlines do, so that no timer is needed for it.
    #[inline]
    pub(super) fn is_timed_by_store(&self) -> bool {
        match (self.timeout, self.core.longest) {
            (Some(timeout), Some(longest)) => longest <= timeout,
            (Some(_), None) => false,
            (None, _) => true,
        }
    }

    /// Runs a command. `outcome` tells hooks how it ended.
    ///
    /// The work is made where it is awaited: a future that is handed on is copied each time, and one of a wire is
    /// large.
    pub(crate) async fn run<T, F: Future<Output = Result<T>>>(
        &self,
        command: Command<'_>,
        outcome: impl FnOnce(&T) -> Outcome<'static>,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        if self.core.capabilities.local {
            turns::take().await;
        }
        let done = if self.is_direct(command.name) {
            let done = work().await;
            if let Ok(value) = &done {
                self.tell_of_read(&command, &outcome(value));
            }
            done
        } else {
            // Boxed, so that a hit in memory does not carry the room that a timer and hooks need.
            Box::pin(self.timed(&command, outcome, work)).await
        };
        done.map_err(|error| self.explained(error, &command))
    }

    /// Whether a command has no hooks, is not measured and needs no timer.
    #[inline]
    fn is_direct(&self, command: CommandName) -> bool {
        let needs_no_timer = match command {
            CommandName::Close => false,
            CommandName::Clear => true,
            _ => self.is_timed_by_store(),
        };
        self.extras.plugins.is_empty()
            && !self.is_measured()
            && (self.core.capabilities.local || needs_no_timer)
    }

    #[cold]
    fn explained(&self, error: Error, command: &Command<'_>) -> Error {
        if error.is_transient() || error.kind() == ErrorKind::Server {
            self.core.trouble.command_failed();
        }
        let error = error.at(command.name.as_str(), self.core.backend.name(), command.namespace);
        match command.key {
            Some(key) if error.key().is_none() => error.with_key(key),
            _ => error,
        }
    }

    async fn timed<T, F: Future<Output = Result<T>>>(
        &self,
        command: &Command<'_>,
        outcome: impl FnOnce(&T) -> Outcome<'static>,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        let (since, measured) = (clock::now(), AtomicBool::new(false));
        let all = self.hooked(command, outcome, work, &measured);
        // A clear deletes in batches, each with the store's own deadline. A store in process needs no limit, only a
        // plugin's hooks do.
        let in_process = self.core.capabilities.local && self.extras.plugins.is_empty();
        if command.name == CommandName::Clear || in_process {
            return all.await;
        }
        let done = self.within_timeout(all).await;
        if let Err(error) = &done
            && !measured.load(Ordering::Relaxed)
        {
            // The timeout dropped the work, and with it what measures.
            let took = Duration::from_nanos(clock::now().saturating_sub(since));
            self.measure(command, &Outcome::Failed(error), took);
        }
        done
    }

    /// Asks the store something for the engine itself: within the timeout, and past the hooks.
    pub(crate) async fn quietly<T, F: Future<Output = Result<T>>>(
        &self,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        if self.core.capabilities.local || self.is_timed_by_store() {
            self.ask(work).await
        } else {
            Box::pin(self.within_timeout(self.ask(work))).await
        }
    }

    /// Runs a lock's question to the store: within the timeout, and past the hooks.
    pub(crate) async fn run_unhooked<T, F: Future<Output = Result<T>>>(
        &self,
        name: &'static str,
        key: &str,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        self.run_asking(name, key, || self.ask(work)).await
    }

    /// The same for work that asks the store by itself.
    pub(crate) async fn run_asking<T, F: Future<Output = Result<T>>>(
        &self,
        name: &'static str,
        key: &str,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        let done = if self.core.capabilities.local || self.is_timed_by_store() {
            work().await
        } else {
            self.within_timeout(work()).await
        };
        done.map_err(|error| {
            let namespace = self.namespace().unwrap_or_default();
            error.at(name, self.core.backend.name(), namespace).with_key(key)
        })
    }

    async fn within_timeout<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        match self.timeout {
            Some(timeout) => {
                let done = timer::within(timeout, work).await;
                done.unwrap_or_else(|| Err(timed_out(timeout)))
            }
            None => work.await,
        }
    }

    async fn hooked<T, F: Future<Output = Result<T>>>(
        &self,
        command: &Command<'_>,
        outcome: impl FnOnce(&T) -> Outcome<'static>,
        work: impl FnOnce() -> F,
        measured: &AtomicBool,
    ) -> Result<T> {
        if self.extras.plugins.is_empty() && !self.is_measured() {
            let done = work().await;
            if let Ok(value) = &done {
                self.tell_of_read(command, &outcome(value));
            }
            return done;
        }
        for plugin in &self.extras.plugins {
            self.guarded(|| plugin.before(command)).await;
        }
        let before = clock::now();
        let done = work().await;
        let took = Duration::from_nanos(clock::now().saturating_sub(before));
        let outcome = match &done {
            Ok(value) => outcome(value),
            Err(error) => Outcome::Failed(error),
        };
        self.tell_of_read(command, &outcome);
        self.measure(command, &outcome, took);
        measured.store(true, Ordering::Relaxed);
        for plugin in &self.extras.plugins {
            self.guarded(|| plugin.after(command, &outcome, took)).await;
        }
        done
    }

    /// Runs a hook; a panic in it ends with it.
    async fn guarded<'h>(&self, hook: impl FnOnce() -> Hook<'h>) {
        // A hook that is no `async fn` can panic before it has a future.
        let mut hook = pin!(async { hook().await });
        let caught = poll_fn(
            |cx| match catch_unwind(AssertUnwindSafe(|| hook.as_mut().poll(cx))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(())) => Poll::Ready(false),
                Err(_) => Poll::Ready(true),
            },
        );
        if caught.await {
            self.core.trouble.plugin_panicked(&self.core.name);
        }
    }
}

pub(super) fn timed_out(timeout: Duration) -> Error {
    let text = format!("no answer within {timeout:?}; a write may have been applied");
    Error::new(ErrorKind::Timeout, text)
}
