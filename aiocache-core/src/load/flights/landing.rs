//! What a flight brings to those who wait for it.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

/// The result of a load, as its waiters get it.
pub(crate) enum Landing<R> {
    /// A value as the store holds it; each waiter reads its own from it, so values need no `Clone`.
    Value(Arc<R>),
    /// The function returned `None`.
    None,
    /// The function failed, and its error can be shared: a clone for each to clone again.
    Failed(Arc<dyn Any + Send + Sync>),
    /// The load failed, and its error cannot be shared.
    FailedAlone,
    /// The load took too long and was dropped.
    TimedOut(Duration),
    /// There is nothing to share: each waiter runs its own load, at once.
    Alone,
}

impl<R> Clone for Landing<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Value(raw) => Self::Value(Arc::clone(raw)),
            Self::None => Self::None,
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::FailedAlone => Self::FailedAlone,
            Self::TimedOut(after) => Self::TimedOut(*after),
            Self::Alone => Self::Alone,
        }
    }
}
