//! How a load ended.

use crate::scope::Source;

/// How a load ended.
#[derive(Debug)]
pub enum Settled<R> {
    /// With this answer.
    Done(R, Source),
    /// It failed. A caller with an old value serves that, and gets nothing here.
    Failed(Option<R>),
}
