//! What a command does to a key.

use super::Wanted;

/// What a command does to one of its keys.
pub(crate) enum Change<R> {
    /// Nothing: the store was not asked to.
    Unasked,
    /// The key holds this afterwards, and the command may be repeated.
    Leaves(Wanted<R>),
    /// It depends on what is there, and must not be repeated.
    Once(Effect),
}

/// What a command that is not repeated does to what is there.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Effect {
    /// Nothing of it is left.
    Replaces,
    /// A part of it is left.
    Adjusts,
}
