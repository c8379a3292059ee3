//! The commands that are sent to one server, in the dialect that it knows.

use std::future::Future;

use aiocache_core::Result;

use crate::connection::Connection;
use crate::error::{Fault, Repeat};
use crate::key::Key;
use crate::orphans::Touched;

mod reading;
mod whole;
mod writing;

pub(crate) use reading::{Exists, Get, Ttl, get};
pub(crate) use whole::{Flush, Line, NewGeneration, Ping};
pub(crate) use writing::{Condition, Count, Delete, DeleteIf, Set, SetIf, Touch, set};

/// A command, or several in one round trip.
pub(crate) trait Command: Send + Sync + 'static {
    type Answer: Send + 'static;

    const REPEAT: Repeat;

    /// Which keys it writes.
    fn touched(&self) -> Touched;

    /// Writes of which keys it must not overtake, whose caller does not wait any more.
    fn follows(&self) -> Touched {
        self.touched()
    }

    /// The keys that it is about; none for one about the whole server.
    fn keys(&self) -> impl Iterator<Item = &Key>;

    /// Runs it to its end on a connection that nobody else uses. The inner error is an answer: the connection is
    /// in step.
    fn run(&self, link: &mut Connection) -> impl Future<Output = Result<Result<Self::Answer>, Fault>> + Send;
}
