//! What this crate writes Python's aiocache reads, and the other way round.
//!
//! Needs a Python with `aiocache[redis,memcached,msgpack]==0.12.3`, named by `AIOCACHE_PYTHON`; `scripts/test` makes
//! one. Without it the tests print SKIPPED.

mod memcached;
mod peer;
mod redis;
mod values;
