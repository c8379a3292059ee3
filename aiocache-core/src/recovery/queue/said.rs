//! What the queue is told, and what it says.

use std::sync::Arc;

use super::Wanted;
use crate::error::Error;

/// How a command of a key ended.
pub(in crate::recovery) enum Ended<R> {
    Applied,
    /// It was done, and left a part of what was there.
    Adjusted,
    /// It changed nothing.
    Refused,
    /// The store did not answer; this is what the key is to hold.
    Unclear(Wanted<R>),
}

/// How a replay ended.
#[derive(Debug)]
pub(in crate::recovery) enum Replayed {
    Done,
    /// Something else is to be tried in its place.
    Changed,
    /// The store did not answer.
    Failed(Error),
}

/// What there is to do before a key is read.
pub(in crate::recovery) enum Look<R> {
    /// Nothing is queued.
    Nothing,
    /// The key's replay is the caller's, who has to end it.
    Claimed(Claimed<R>),
    /// Somebody writes the key, or replays.
    Busy(Tried),
}

/// The right to replay a key.
pub(in crate::recovery) struct Claimed<R> {
    pub(in crate::recovery) key: Arc<str>,
    /// The number of this replay among all.
    pub(in crate::recovery) replay: u64,
    /// The number of what it repeats.
    pub(in crate::recovery) number: u64,
    pub(in crate::recovery) wanted: Wanted<R>,
}

/// How often a key was tried in vain, and why.
pub(in crate::recovery) struct Tried {
    pub(in crate::recovery) times: u64,
    pub(in crate::recovery) error: Option<Error>,
}
