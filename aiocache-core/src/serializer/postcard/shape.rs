//! The fingerprint of a type's shape, which a value and its type have to agree on.

use std::fmt;

/// How many containers are looked into; a type may contain itself without end.
const LEVELS: u8 = 8;

/// What is being described. The numbers are stored, as part of fingerprints.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(super) enum Kind {
    Bool = 1,
    I8 = 2,
    I16 = 3,
    I32 = 4,
    I64 = 5,
    I128 = 6,
    U8 = 7,
    U16 = 8,
    U32 = 9,
    U64 = 10,
    U128 = 11,
    F32 = 12,
    F64 = 13,
    Char = 14,
    Text = 15,
    Bytes = 16,
    None = 17,
    Some = 18,
    Unit = 19,
    UnitStruct = 20,
    Newtype = 21,
    EmptySeq = 22,
    Seq = 23,
    Tuple = 24,
    TupleStruct = 25,
    Map = 26,
    Struct = 27,
    Enum = 28,
    UnitVariant = 29,
    NewtypeVariant = 30,
    TupleVariant = 31,
    StructVariant = 32,
}

/// The description so far, as a hash (FNV-1a, 64 bits).
#[derive(Debug)]
pub(super) struct Shape {
    hash: u64,
    levels: u8,
    /// Whether a field was left out of the value (`skip_serializing_if`).
    pub(super) left_out: bool,
}

impl Shape {
    pub(super) fn new(version: u32) -> Self {
        let mut shape = Self {
            hash: 0xcbf2_9ce4_8422_2325,
            levels: LEVELS,
            left_out: false,
        };
        shape.add(&version.to_le_bytes());
        shape
    }

    pub(super) const fn fingerprint(&self) -> u64 {
        self.hash
    }

    pub(super) fn kind(&mut self, kind: Kind) {
        self.add(&[kind as u8]);
    }

    pub(super) fn name(&mut self, name: &str) {
        self.add(name.as_bytes());
        // No UTF-8 text has this byte, so two names are never one longer name.
        self.add(&[0xff]);
    }

    pub(super) fn number(&mut self, number: u32) {
        self.add(&number.to_le_bytes());
    }

    pub(super) fn length(&mut self, length: usize) {
        self.add(&(length as u64).to_le_bytes());
    }

    /// Goes one container further in.
    ///
    /// # Errors
    /// [`Stopped`] if it is far enough.
    pub(super) fn enter(&mut self) -> Result<(), Stopped> {
        self.levels = self.levels.checked_sub(1).ok_or(Stopped)?;
        Ok(())
    }

    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// Ends a description as soon as it is complete; what comes after is not looked at.
#[derive(Debug)]
pub(super) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shape is known")
    }
}

impl std::error::Error for Stopped {}

impl serde::ser::Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl serde::de::Error for Stopped {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}
