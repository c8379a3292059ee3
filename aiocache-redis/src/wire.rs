//! What goes over a wire in one piece: a command, or several at once.

use redis::{Cmd, Pipeline, RedisResult, Value};

#[cfg(feature = "cluster")]
use crate::cluster::Redirect;
use crate::connect::Link;
#[cfg(feature = "cluster")]
use crate::error;
use crate::reply;

/// Whether a command may be sent again when its connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Twice leaves the store as once does.
    Harmless,
    /// Twice may do more than once.
    Harmful,
}

/// What goes over a wire in one piece.
pub(crate) trait Wire: Sync {
    type Answer: Send;

    fn send(&self, link: &mut Link) -> impl Future<Output = RedisResult<Self::Answer>> + Send;

    fn is_misplaced(answer: &Self::Answer) -> bool;

    /// Where a node of a cluster sends the request on to.
    #[cfg(feature = "cluster")]
    fn redirect(answer: &Self::Answer) -> Option<Redirect>;

    /// The request for a node that is about to get the slot.
    #[cfg(feature = "cluster")]
    fn asking(&self) -> Pipeline;

    /// The answer to the request among those to [`asking`](Self::asking).
    #[cfg(feature = "cluster")]
    fn asked(answers: Vec<Value>) -> aiocache_core::Result<Self::Answer>;
}

impl Wire for Cmd {
    type Answer = Value;

    async fn send(&self, link: &mut Link) -> RedisResult<Value> {
        link.send_packed_command(self).await
    }

    fn is_misplaced(answer: &Value) -> bool {
        reply::is_misplaced(answer)
    }

    #[cfg(feature = "cluster")]
    fn redirect(answer: &Value) -> Option<Redirect> {
        Redirect::of(answer)
    }

    #[cfg(feature = "cluster")]
    fn asking(&self) -> Pipeline {
        asking([self])
    }

    #[cfg(feature = "cluster")]
    fn asked(answers: Vec<Value>) -> aiocache_core::Result<Value> {
        asked(answers).pop().ok_or_else(error::strange)
    }
}

impl Wire for Pipeline {
    type Answer = Vec<Value>;

    async fn send(&self, link: &mut Link) -> RedisResult<Vec<Value>> {
        link.send_packed_commands(self, 0, self.len()).await
    }

    fn is_misplaced(answers: &Vec<Value>) -> bool {
        answers.iter().any(reply::is_misplaced)
    }

    #[cfg(feature = "cluster")]
    fn redirect(answers: &Vec<Value>) -> Option<Redirect> {
        answers.iter().find_map(Redirect::of)
    }

    #[cfg(feature = "cluster")]
    fn asking(&self) -> Pipeline {
        asking(self.cmd_iter())
    }

    #[cfg(feature = "cluster")]
    fn asked(answers: Vec<Value>) -> aiocache_core::Result<Vec<Value>> {
        Ok(asked(answers))
    }
}

#[cfg(feature = "cluster")]
fn asking<'a>(commands: impl IntoIterator<Item = &'a Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    for command in commands {
        pipeline.cmd("ASKING").add_command(command.clone());
    }
    pipeline
}

/// Every second answer: those before are to `ASKING`.
#[cfg(feature = "cluster")]
fn asked(answers: Vec<Value>) -> Vec<Value> {
    answers.into_iter().skip(1).step_by(2).collect()
}
