//! What the engine reads: it never fails the caller.

use super::{NoneRule, Outcome};
use crate::backend::{Backend, Entry, Want};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::events::EventKind;
use crate::plugin::{Command, CommandName, Outcome as CommandOutcome};
use crate::serializer::Load;
use crate::trouble::Asked;
use crate::ttl::Ttl;
use crate::turns;

/// Where a value is: its key as stored, and the namespace in it for hooks and logs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) key: &'a str,
    pub(crate) namespace: &'a str,
}

/// What a read found.
#[derive(Debug)]
pub(crate) enum Found<V> {
    Value(V),
    /// A cached `None`.
    None,
    Nothing,
    /// Something that is no `V`, and why.
    Undecodable(Error),
    /// The store does not answer.
    Failed(Error),
}

/// What is made of what a read found.
pub(super) trait Answer: Send {
    /// That of a miss.
    fn nothing() -> Self;
    /// That of a store which does not answer.
    fn failed(error: Error) -> Self;
    /// Whether there is something to return.
    fn is_hit(&self) -> bool;
    /// Why what is there does not decode.
    fn undecodable(&self) -> Option<&Error>;
}

impl<V: Send> Answer for Found<V> {
    fn nothing() -> Self {
        Self::Nothing
    }

    fn failed(error: Error) -> Self {
        Self::Failed(error)
    }

    fn is_hit(&self) -> bool {
        matches!(self, Self::Value(_) | Self::None)
    }

    fn undecodable(&self) -> Option<&Error> {
        match self {
            Self::Undecodable(error) => Some(error),
            Self::Value(_) | Self::None | Self::Nothing | Self::Failed(_) => None,
        }
    }
}

impl<B: Backend, S> Cache<B, S> {
    /// How many leads and writes near the key have ended; not asked in memory, where looking again costs less.
    pub(super) fn sample(&self, key: &str) -> Option<u64> {
        (!self.core.capabilities.local).then(|| self.core.flights.ended(key))
    }

    /// Reads as the command `get`, hooks included.
    pub(crate) async fn look<K>(&self, at: At<'_>) -> Found<K::Value>
    where
        K: Outcome,
        K::Value: Send,
        K::None: NoneRule<S, B::Raw>,
        S: Load<K::Value, B::Raw> + Send + Sync,
    {
        self.look_for(at, Want::VALUE, |entry| self.decode::<_, K::None>(entry))
            .await
    }

    /// The same, with what else a policy wants to know of the entry.
    pub(super) async fn look_for<T: Answer>(
        &self,
        at: At<'_>,
        want: Want,
        decode: impl FnOnce(&Entry<'_, B::Raw>) -> T + Send,
    ) -> T {
        let read = if self.is_bare() {
            // The hot path: nothing to time, to tell or to break.
            turns::take().await;
            let read = self.read(at, want, decode).await;
            if let Ok(found) = &read {
                let kind = if found.is_hit() {
                    EventKind::Hit
                } else {
                    EventKind::Miss
                };
                self.core.counts.note(kind, 1);
            }
            read
        } else {
            // Boxed, so that a hit in process does not carry the room that a command needs.
            Box::pin(self.read_as_command(at, want, decode)).await
        };
        read.unwrap_or_else(|error| {
            self.core.trouble.failed(self.name(), Asked::Read, &error);
            T::failed(error)
        })
    }

    async fn read_as_command<T: Answer>(
        &self,
        at: At<'_>,
        want: Want,
        decode: impl FnOnce(&Entry<'_, B::Raw>) -> T + Send,
    ) -> Result<T> {
        let outcome = |found: &T| CommandOutcome::Read {
            hits: usize::from(found.is_hit()),
        };
        let command = self.command_at(CommandName::Get, at, None);
        self.run(command, outcome, || async {
            self.catch_up(&[at.key]).await?;
            self.ask(|| self.read(at, want, decode)).await
        })
        .await
    }

    /// Reads once more, past the hooks: one call is one hit or one miss.
    pub(super) async fn look_again<K>(&self, at: At<'_>) -> Found<K::Value>
    where
        K: Outcome,
        K::Value: Send,
        K::None: NoneRule<S, B::Raw>,
        S: Load<K::Value, B::Raw> + Send + Sync,
    {
        self.look_again_for(at, Want::VALUE, |entry| self.decode::<_, K::None>(entry))
            .await
    }

    /// The same, with what else a policy wants to know of the entry.
    pub(super) async fn look_again_for<T: Answer>(
        &self,
        at: At<'_>,
        want: Want,
        decode: impl FnOnce(&Entry<'_, B::Raw>) -> T + Send,
    ) -> T {
        self.quietly(|| self.read(at, want, decode))
            .await
            .unwrap_or_else(T::failed)
    }

    async fn read<T: Answer>(
        &self,
        at: At<'_>,
        want: Want,
        decode: impl FnOnce(&Entry<'_, B::Raw>) -> T + Send,
    ) -> Result<T> {
        let found = self
            .core
            .backend
            .read(at.key, want, |entry| decode(&entry))
            .await?;
        if !self.core.capabilities.local {
            self.core.trouble.answered(self.name(), Asked::Read);
        }
        self.note_undecodable(&found);
        Ok(found.unwrap_or_else(T::nothing))
    }

    /// Says what does not decode. After the read: the log is the user's code, and a store in process reads under a lock.
    pub(super) fn note_undecodable<'f, T: Answer + 'f>(&self, found: impl IntoIterator<Item = &'f T>) {
        for error in found.into_iter().filter_map(T::undecodable) {
            self.core.trouble.undecodable(self.name(), error);
        }
    }

    /// Tells a value from a cached `None` and from what cannot be read.
    pub(super) fn decode<V, N>(&self, entry: &Entry<'_, B::Raw>) -> Found<V>
    where
        N: NoneRule<S, B::Raw>,
        S: Load<V, B::Raw>,
    {
        if N::is_none(&self.serializer, entry.raw) {
            return Found::None;
        }
        match self.serializer.load(entry.raw) {
            Ok(value) => Found::Value(value),
            Err(error) => Found::Undecodable(error),
        }
    }

    /// Takes a value away that does not decode, if it is still that value.
    pub(super) async fn remove_undecodable<V, N>(&self, key: &str)
    where
        N: NoneRule<S, B::Raw>,
        S: Load<V, B::Raw> + Send + Sync,
    {
        if !self.core.capabilities.compare {
            return;
        }
        let backend = &self.core.backend;
        let spoilt = |entry: Entry<'_, B::Raw>| {
            let decodes = N::is_none(&self.serializer, entry.raw) || self.serializer.load(entry.raw).is_ok();
            if decodes { None } else { entry.version }
        };
        // The load follows in any case, so a failure here only leaves the value for its result to replace.
        let read = || backend.read(key, Want::VERSION, spoilt);
        if let Ok(Some(Some(version))) = self.quietly(read).await {
            let _removed = self.quietly(|| backend.compare_and_delete(key, &version)).await;
        }
    }

    pub(super) fn command_at<'a>(&'a self, name: CommandName, at: At<'a>, ttl: Option<Ttl>) -> Command<'a> {
        Command {
            name,
            cache: self.name(),
            namespace: at.namespace,
            key: Some(at.key),
            items: 1,
            ttl,
        }
    }
}
