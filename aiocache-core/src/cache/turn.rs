//! Commands in their turn, where failed writes are repeated; where they are not, each asks the store and that is all.

use std::future::Future;
use std::iter::repeat_with;
use std::time::Duration;

use super::Cache;
use crate::backend::Backend;
use crate::error::Result;
use crate::recovery::{Change, Clearing, Effect, Turn, Wanted};

impl<B: Backend, S> Cache<B, S> {
    /// What is to be kept of a value that is about to be written, if it is kept at all.
    pub(crate) fn kept(&self, raw: &B::Raw, ttl: Option<Duration>) -> Option<Wanted<B::Raw>> {
        let recovers = self.core.recovery.is_some();
        recovers.then(|| Wanted::value(raw, ttl))
    }

    /// Writes these keys, and repeats that if the store does not answer; `kept` is what each of them is to hold.
    pub(crate) async fn ask_to_write<T, F: Future<Output = Result<T>>>(
        &self,
        keys: &[&str],
        kept: impl IntoIterator<Item = Wanted<B::Raw>>,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        let changes = kept.into_iter().map(Change::Leaves).collect();
        let turn = self.turn(keys, changes).await;
        let done = self.ask(work).await;
        turn.into_iter().for_each(|turn| turn.ended(&done, |_| true));
        done
    }

    /// Begins to write these keys, once it is known whether that is still right: nothing is kept of a key before
    /// [`Turn::asks`].
    pub(crate) async fn turn_to_ask<'a>(&'a self, keys: &[&str]) -> Option<Turn<'a, B>> {
        let changes = repeat_with(|| Change::Unasked).take(keys.len());
        self.turn(keys, changes.collect()).await
    }

    async fn turn<'a>(&'a self, keys: &[&str], changes: Vec<Change<B::Raw>>) -> Option<Turn<'a, B>> {
        let recovery = self.core.recovery.as_ref()?;
        // Boxed, so that a write without recovery does not carry the room.
        Some(Box::pin(Turn::begin(&self.core, recovery, keys, changes)).await)
    }

    /// Notes what the store is asked to write.
    pub(crate) fn asks_to_write(
        &self,
        turn: &mut Option<Turn<'_, B>>,
        place: usize,
        raw: &B::Raw,
        ttl: Option<Duration>,
    ) {
        if let Some(turn) = turn {
            turn.asks(place, Change::Leaves(Wanted::value(raw, ttl)));
        }
    }

    /// Deletes these keys, likewise.
    pub(crate) async fn ask_to_delete<T, F: Future<Output = Result<T>>>(
        &self,
        keys: &[&str],
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        let kept = repeat_with(|| Wanted::Nothing).take(keys.len());
        self.ask_to_write(keys, kept, work).await
    }

    /// Does what depends on what is there, and is not to be repeated. `applied` says whether an answer means that it
    /// was done, which has this effect.
    pub(crate) async fn ask_to_change<T, F: Future<Output = Result<T>>>(
        &self,
        key: &str,
        effect: Effect,
        applied: impl FnOnce(&T) -> bool,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        let Some(recovery) = &self.core.recovery else {
            return self.ask(work).await;
        };
        Box::pin(async {
            let turn = loop {
                self.catch_up(&[key]).await?;
                if let Some(turn) = Turn::begin_on_top(&self.core, recovery, key, effect).await {
                    break turn;
                }
            };
            let done = self.ask(work).await;
            turn.ended(&done, applied);
            done
        })
        .await
    }

    /// Clears what begins with `prefix`.
    pub(super) async fn ask_to_clear<F: Future<Output = Result<()>>>(
        &self,
        prefix: &str,
        work: impl FnOnce() -> F,
    ) -> Result<()> {
        let Some(recovery) = &self.core.recovery else {
            return self.ask(work).await;
        };
        let clearing = Clearing::begin(&self.core, recovery, prefix).await;
        let done = self.ask(work).await;
        clearing.ended(&done);
        done
    }

    /// Brings the store up to the last commands of these keys, before they are read.
    #[inline]
    pub(crate) async fn catch_up(&self, keys: &[&str]) -> Result<()> {
        match &self.core.recovery {
            Some(recovery) if !recovery.is_empty() => Box::pin(self.core.catch_up(keys)).await,
            _ => Ok(()),
        }
    }
}
