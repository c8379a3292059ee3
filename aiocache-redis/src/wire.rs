//! What goes over a wire in one piece: a command, or several at once.

use redis::{Cmd, Pipeline, RedisResult, Value};

use crate::connect::Link;
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

    fn is_read_only(answer: &Self::Answer) -> bool;
}

impl Wire for Cmd {
    type Answer = Value;

    async fn send(&self, link: &mut Link) -> RedisResult<Value> {
        link.send_packed_command(self).await
    }

    fn is_read_only(answer: &Value) -> bool {
        reply::is_read_only(answer)
    }
}

impl Wire for Pipeline {
    type Answer = Vec<Value>;

    async fn send(&self, link: &mut Link) -> RedisResult<Vec<Value>> {
        link.send_packed_commands(self, 0, self.len()).await
    }

    fn is_read_only(answers: &Vec<Value>) -> bool {
        answers.iter().any(reply::is_read_only)
    }
}
