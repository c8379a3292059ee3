//! The way every command goes: pre hooks, the store, post hooks, all within the timeout.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::Cache;
use crate::backend::Backend;
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::{Command, CommandName, Hook, Outcome};
use crate::ttl::Ttl;

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

    /// Whether a command is nothing but the store's own work: in process, and no plugin listens.
    #[inline]
    pub(crate) fn is_bare(&self) -> bool {
        self.core.capabilities.local && self.extras.plugins.is_empty()
    }

    /// Runs a command. `outcome` tells hooks how it ended.
    pub(crate) async fn run<T>(
        &self,
        command: Command<'_>,
        outcome: impl FnOnce(&T) -> Outcome<'static>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let done = if self.is_bare() {
            work.await
        } else {
            // Boxed, so that a hit in memory does not carry the room that a timer and hooks need.
            Box::pin(self.timed(&command, outcome, work)).await
        };
        done.map_err(|error| {
            let error = error.at(command.name.as_str(), self.core.backend.name(), command.namespace);
            match command.key {
                Some(key) if error.key().is_none() => error.with_key(key),
                _ => error,
            }
        })
    }

    async fn timed<T>(
        &self,
        command: &Command<'_>,
        outcome: impl FnOnce(&T) -> Outcome<'static>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let all = self.hooked(command, outcome, self.through_breaker(command.name, work));
        match self.timeout {
            // A clear deletes in batches, each with the store's own deadline.
            Some(timeout) if command.name != CommandName::Clear => {
                match tokio::time::timeout(timeout, all).await {
                    Ok(done) => done,
                    Err(_) => Err(self.timed_out(timeout)),
                }
            }
            _ => all.await,
        }
    }

    /// Asks the breaker first, and tells it how the store did.
    async fn through_breaker<T>(
        &self,
        command: CommandName,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let breaker = self.core.breaker.as_ref();
        // Connections can be let go whether or not the store answers.
        let Some(breaker) = breaker.filter(|_| command != CommandName::Close) else {
            return work.await;
        };
        breaker.admit()?;
        let done = work.await;
        self.note(done.as_ref().is_err_and(Error::is_transient));
        done
    }

    fn note(&self, failed: bool) {
        if self
            .core
            .breaker
            .as_ref()
            .is_some_and(|breaker| breaker.note(failed))
        {
            self.core.trouble.breaker_opened(&self.core.name);
        }
    }

    fn timed_out(&self, timeout: Duration) -> Error {
        // A handle with less patience than its cache says nothing about the store.
        if Some(timeout) >= self.core.timeout {
            self.note(true);
        }
        let text = format!("no answer within {timeout:?}; a write may have been applied");
        Error::new(ErrorKind::Timeout, text)
    }

    async fn hooked<T>(
        &self,
        command: &Command<'_>,
        outcome: impl FnOnce(&T) -> Outcome<'static>,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        if self.extras.plugins.is_empty() {
            return work.await;
        }
        for plugin in &self.extras.plugins {
            self.guarded(|| plugin.before(command)).await;
        }
        let before = clock::now();
        let done = work.await;
        let took = Duration::from_nanos(clock::now().saturating_sub(before));
        let outcome = match &done {
            Ok(value) => outcome(value),
            Err(error) => Outcome::Failed(error),
        };
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
