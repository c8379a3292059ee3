//! Locks over a cache's store: [`RedLock`], which one owner has for a time, and [`OptimisticLock`], which refuses a
//! write over a change.
//!
//! Both save work. Neither is for what must never be done twice: a store that evicts, restarts or fails over loses
//! locks.

mod guard;
mod held;
mod optimistic;
mod pace;
mod queue;
mod redlock;
#[cfg(test)]
mod tests;

pub use guard::LockGuard;
pub use optimistic::{OptimisticLock, Snapshot};
pub(crate) use pace::Pace;
pub(crate) use queue::Locks;
pub use redlock::RedLock;
