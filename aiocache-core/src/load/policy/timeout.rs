//! What a call answers when its load takes too long.

use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::load::{Hooks, Outcome};

/// An error that can say of itself that a load took too long.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot say that a load took too long",
    note = "give `on_timeout`, or implement `From<aiocache::Error>` for `{Self}`"
)]
pub trait SaysTimeout {
    /// The error of a load that took longer than this.
    fn timed_out(after: Duration) -> Self;
}

#[diagnostic::do_not_recommend]
impl<E: From<Error>> SaysTimeout for E {
    fn timed_out(after: Duration) -> Self {
        let message = format!(
            "the load took longer than its `hard_timeout` of {after:?} and was dropped; `on_timeout` gives an answer in \
             place of this error"
        );
        Self::from(Error::new(ErrorKind::Timeout, message))
    }
}

/// Answers with the function's own error, made of the cache's.
#[derive(Debug, Clone, Copy, Default)]
pub struct FromTimeout;

impl<K: Outcome<Rest: SaysTimeout>> Hooks<K> for FromTimeout {
    fn timed_out(&self, after: Duration) -> Option<K::Return> {
        Some(K::rest(K::Rest::timed_out(after)))
    }
}
