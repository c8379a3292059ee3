//! The load engine and the memory store of `aiocache-core`, run under many schedules of their tasks and threads.
//!
//! The code under test is the crate's own: with `--cfg aiocache_shuttle` its locks, counters and thread locals are
//! those of `shuttle`. Without that cfg there is nothing here to run. `scripts/test` has the command.
