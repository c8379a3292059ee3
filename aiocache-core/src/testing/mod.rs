//! The test kit.
//!
//! For tests of services: [`Recorder`] and [`Chaos`] in front of a backend, [`paused`] time, the assertions
//! [`assert_hit`], [`assert_loaded`], [`assert_there`] and [`assert_absent`], throw-away servers, and a proxy that
//! disturbs their connections. For authors of a backend: the conformance suite,
//! [`backend_conformance!`](crate::backend_conformance); a [`Storm`] of callers and [`Increments`] of a counter to hold
//! against faults; and [`runtimes`] that share a backend. For both: [`undisturbed`] runs of what is measured by the clock
//! of the wall.

mod asserts;
pub mod cases;
mod chaos;
mod clock;
mod conformance;
mod fixture;
mod increments;
mod intercept;
// What is public in these modules says so again: re-exported by another crate, an item is documented with what stands at
// its definition alone.
#[cfg(unix)]
mod proxy;
mod recorder;
pub mod runtimes;
mod sample;
#[cfg(unix)]
mod servers;
mod storm;
mod together;
mod undisturbed;

pub use asserts::{assert_absent, assert_hit, assert_loaded, assert_source, assert_there};
pub use chaos::Chaos;
pub use clock::{pass, paused};
pub use conformance::{run_case, run_concurrent_case};
pub use fixture::Fixture;
pub use increments::{Counted, Increments};
pub use intercept::{Call, Intercept, Intercepted, Verdict};
#[cfg(unix)]
pub use proxy::{Direction, Fault, FaultProxy};
pub use recorder::{Recorded, Recorder};
pub use sample::Sample;
#[cfg(unix)]
pub use servers::{Answer, Memcached, MemcachedServer, Redis, RedisServer, Server, ServerBuilder, Software};
pub use storm::{Storm, StormReport};
pub use together::Together;
pub use undisturbed::{Missed, in_time, in_time_beyond, undisturbed, undisturbed_blocking, while_awake};
