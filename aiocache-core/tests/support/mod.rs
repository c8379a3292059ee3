//! A store that is as small as a store can be, right or wrong on demand.

pub(crate) mod flaw;
pub(crate) mod reference;
