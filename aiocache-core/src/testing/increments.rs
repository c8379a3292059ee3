//! Increments of one counter while a server is disturbed, and what their callers were told.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::backend::Backend;
use crate::error::{ErrorKind, Result};

/// Many callers that each add 1 to the same counter, at once.
///
/// Meanwhile a test disturbs the server, and afterwards asks whether the counter is one that the answers
/// [allow](Counted::allows). Dropping this stops those that have no answer yet.
///
/// # Examples
/// ```
/// # use std::sync::Arc;
/// # use aiocache_core::testing::{Counted, Increments};
/// # use aiocache_core::{Backend, MemoryBackend, Object};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> aiocache_core::Result<()> {
/// let backend = Arc::new(MemoryBackend::<Object>::new());
/// let mut told = Counted::default();
/// for _ in 0..3 {
///     let increments = Increments::begin(&backend, "counter", 50);
///     // … here the server is paused for longer than a command may take …
///     told.add(increments.end().await);
/// }
/// assert!(told.allows(backend.increment("counter", 0, None).await?), "{told:?}");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Increments(JoinSet<Result<i64>>);

/// How many increments were answered in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counted {
    /// Those that were done.
    pub acknowledged: i64,
    /// Those of which nobody knows: [`ErrorKind::Unknown`].
    pub unknown: i64,
    /// Those that never reached the store: [`ErrorKind::Unavailable`].
    pub unavailable: i64,
}

impl Increments {
    /// Begins so many increments, each in a task of this runtime.
    ///
    /// # Panics
    /// Outside a runtime of tokio.
    #[must_use]
    pub fn begin(backend: &Arc<impl Backend>, counter: &str, callers: u32) -> Self {
        let counter = Arc::<str>::from(counter);
        let caller = |_| {
            let (backend, counter) = (Arc::clone(backend), Arc::clone(&counter));
            async move { backend.increment(&counter, 1, None).await }
        };
        Self((0..callers).map(caller).collect())
    }

    /// Waits for the answers.
    ///
    /// # Panics
    /// If one is an error of another kind than those two: a caller could not tell from it whether to count again.
    pub async fn end(self) -> Counted {
        let mut counted = Counted::default();
        for answer in self.0.join_all().await {
            match answer.map_err(|error| error.kind()) {
                Ok(_) => counted.acknowledged += 1,
                Err(ErrorKind::Unknown) => counted.unknown += 1,
                Err(ErrorKind::Unavailable) => counted.unavailable += 1,
                Err(kind) => panic!("an increment was answered with {kind:?}"),
            }
        }
        counted
    }
}

impl Counted {
    /// Adds those of another round.
    pub fn add(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.unknown += other.unknown;
        self.unavailable += other.unavailable;
    }

    /// Whether a counter that began at 0 may be this now: all that was acknowledged counts, and nothing counts twice.
    #[must_use]
    pub const fn allows(&self, counter: i64) -> bool {
        self.acknowledged <= counter && counter <= self.acknowledged + self.unknown
    }
}
