//! A key built from a call's arguments, on the stack.

/// A key being built, or built: up to 128 bytes on the stack, more on the heap.
#[derive(Debug)]
pub struct KeyBuf;

/// What can be part of a generated key.
pub trait KeyArg {}
