//! The locks, counters and thread locals of the load engine and the memory store.
//!
//! They are std's. With `--cfg aiocache_shuttle` they are those of `shuttle`, which runs the same code through many
//! schedules; only the package `schedules` of this repository sets it.

#[cfg(not(aiocache_shuttle))]
pub(crate) use std::{
    sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread_local,
};

#[cfg(aiocache_shuttle)]
pub(crate) use shuttle::{
    sync::{Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockWriteGuard, atomic},
    thread_local,
};
