//! The commands of the whole store.

use super::Cache;
use super::commands::done;
use super::run::timed_out;
use crate::backend::{Backend, Reply};
use crate::error::{Error, ErrorKind, Result};
use crate::plugin::{CommandName, Outcome};
use crate::timer;

/// Commands of the whole store.
impl<B: Backend, S> Cache<B, S> {
    /// Deletes every key of this handle's namespace. Without one it empties a store that only this process has.
    ///
    /// The timeout does not hold for it: it goes in batches, each under the store's own deadline.
    ///
    /// # Errors
    /// [`ErrorKind::NoNamespace`] without a namespace on a store that others share,
    /// [`ErrorKind::Unsupported`] where the store cannot, and those of a failing store.
    ///
    /// # Cancel safety
    /// A call that is dropped has deleted some of the keys: clear again.
    pub async fn clear(&self) -> Result<()> {
        if self.is_off() {
            return Ok(());
        }
        let prefix = self.prefix();
        let work = || async {
            if prefix.is_empty() && !self.core.capabilities.private {
                return Err(Error::new(
                    ErrorKind::NoNamespace,
                    "this would empty a store that others share; use a namespace, or clear_all",
                ));
            }
            let clearing = self.core.flights.clearing(prefix).await;
            let clear = || self.core.backend.clear(prefix);
            let cleared = self.ask_to_clear(prefix, clear).await;
            clearing.ended().await;
            cleared
        };
        self.run(self.command(CommandName::Clear), done, work).await
    }

    /// Empties the whole store, whatever the namespace and whoever else uses it.
    ///
    /// # Errors
    /// Those of a failing store.
    ///
    /// # Cancel safety
    /// A call that is dropped may have emptied the store or not, or parts of it.
    #[doc(alias("flush", "invalidate_all"))]
    pub async fn clear_all(&self) -> Result<()> {
        if self.is_off() {
            return Ok(());
        }
        let work = || async {
            let clearing = self.core.flights.clearing("").await;
            let clear = || self.core.backend.clear_all();
            let cleared = self.ask_to_clear("", clear).await;
            clearing.ended().await;
            cleared
        };
        self.run(self.command(CommandName::ClearAll), done, work).await
    }

    /// Sends a command of the store's own, such as `&[b"OBJECT", b"ENCODING", b"key"]` to Redis. No namespace is
    /// added. When the cache is switched off, the answer is [`Reply::Nil`].
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] in memory, [`ErrorKind::Server`] if the store refuses, and those of a failing
    /// store.
    ///
    /// # Cancel safety
    /// A call that is dropped may have been applied or not; the next command is not disturbed.
    pub async fn raw(&self, arguments: &[&[u8]]) -> Result<Reply> {
        if self.is_off() {
            return Ok(Reply::Nil);
        }
        let command = self.command(CommandName::Raw);
        self.run(
            command,
            |_| Outcome::Done,
            || self.ask(|| self.core.backend.raw(arguments)),
        )
        .await
    }

    /// Makes one round trip to the store; for readiness checks.
    ///
    /// # Errors
    /// Those of a failing store.
    ///
    /// # Cancel safety
    /// Dropping the call changes nothing.
    pub async fn ping(&self) -> Result<()> {
        if self.is_off() {
            return Ok(());
        }
        self.run(self.command(CommandName::Ping), done, || {
            self.ask(|| self.core.backend.ping())
        })
        .await
    }

    /// Waits for stores in the background, tries once more what waits to be repeated, and lets go of connections once
    /// what was sent is answered, all within the timeout. A command after it connects again.
    ///
    /// Where failed writes are repeated, connections close after half of the timeout at the latest, whatever still waits.
    ///
    /// # Errors
    /// [`ErrorKind::Timeout`] if the stores take longer than that, and those of a failing store.
    ///
    /// # Cancel safety
    /// A call that is dropped waits for nothing; what was under way goes on, and connections may stay open.
    pub async fn close(&self) -> Result<()> {
        let work = || async {
            if self.core.recovery.is_none() {
                self.core.background.idle().await;
                return self.core.backend.close().await;
            }
            // What waits to be repeated may take for ever, and leaves time to close what is there to be closed.
            let most = self
                .timeout
                .map_or_else(|| self.core.most_wait(), |most| most / 2);
            // Boxed, for it holds a replay, and every call would be as large as that.
            let calm = Box::pin(async {
                self.core.background.idle().await;
                self.core.replay_all(0, None).await;
            });
            let calm = timer::within(most, calm).await;
            self.core.backend.close().await?;
            calm.ok_or_else(|| timed_out(most))
        };
        self.run(self.command(CommandName::Close), done, work).await
    }
}
