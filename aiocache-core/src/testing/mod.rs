//! The test kit: throw-away servers, a fault proxy, and the conformance suite for backends.

pub mod cases;
mod conformance;
mod fixture;
#[cfg(unix)]
mod proxy;
mod sample;
#[cfg(unix)]
mod servers;
mod together;

pub use conformance::{run_case, run_concurrent_case};
pub use fixture::Fixture;
#[cfg(unix)]
pub use proxy::{Direction, Fault, FaultProxy};
pub use sample::Sample;
#[cfg(unix)]
pub use servers::{Answer, Memcached, MemcachedServer, Redis, RedisServer, Server, ServerBuilder, Software};
pub use together::Together;
