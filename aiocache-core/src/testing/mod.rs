//! The test kit: throw-away servers and the conformance suite for backends.

pub mod cases;
mod conformance;
mod fixture;
mod sample;

pub use conformance::{run_case, run_concurrent_case};
pub use fixture::Fixture;
pub use sample::Sample;
