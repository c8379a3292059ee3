//! The test kit: throw-away servers and the conformance suite for backends.

#[cfg(unix)]
mod proxy;
#[cfg(unix)]
mod servers;

#[cfg(unix)]
pub use proxy::{Direction, Fault, FaultProxy};
#[cfg(unix)]
pub use servers::{Answer, Memcached, MemcachedServer, Redis, RedisServer, Server, ServerBuilder, Software};
