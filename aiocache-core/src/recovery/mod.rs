//! Failed writes and deletes, kept and repeated once the store answers.
//!
//! What is promised is that the last command of each key wins, whatever is repeated and whenever. It rests on three
//! rules, all kept under the one lock of [`Queue`]:
//!
//! 1. Every write and delete of a key begins with a number, and ends as applied, refused or unclear. An unclear one is
//!    queued, unless one with a higher number was applied or is queued; an applied one takes out what has a lower number.
//!    So what is queued for a key is never older than what the store is known to have done.
//! 2. A key is replayed only while no command of it is under way: the claim is refused between the beginning and the end
//!    of each. A replay therefore never runs beside a command that began before it.
//! 3. A command that begins during a replay waits for the replay's end before it asks the store. A replay therefore never
//!    runs beside a command that began after it either.
//!
//! The wait of rule 3 has an end, for the runtime of a replay may stand still. After it the replay's claim is taken away,
//! so that nobody else waits for it. A replay that wrote and ends without its claim has a delete of the key queued,
//! whatever it says: a miss is right in any order. The task that tries in the background is replaced likewise if it gives
//! no sign of life.
//!
//! A reader of a key with something queued replays that first, and fails as a read of a failing store does if that fails.
//! So nothing older than the last command is served. Commands that depend on what is there, such as an increment, do the
//! same, and are then commands as above, though never queued: repeated after a lost answer they would be done twice. One that
//! changes a part of what is there, such as an increment or a new ttl, says nothing about an older command that ends as
//! unclear after it: whatever order the two had, a delete of the key is queued.

mod change;
mod drive;
mod queue;
mod replay;
mod settings;
mod turn;
mod wanted;

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

pub(crate) use self::change::{Change, Effect};
use self::queue::Queue;
pub use self::settings::RecoverySettings;
pub(crate) use self::turn::{Clearing, Turn};
pub(crate) use self::wanted::Wanted;
use crate::backend::Raw;
use crate::sync::{Mutex, MutexGuard};

/// What one cache repeats.
pub(crate) struct Recovery<R> {
    settings: RecoverySettings,
    queue: Mutex<Queue<R>>,
    /// How many keys have something queued, for those who look whether there is anything at all.
    queued: AtomicUsize,
    /// Until when the task that tries in the background counts as alive; 0 if there is none.
    driven_until: AtomicU64,
    /// How often the store answered while something was queued.
    answers: AtomicU64,
    /// Wakes those who wait for the end of a replay or of a command.
    changed: Notify,
    /// Wakes the task that tries in the background.
    wake: Notify,
}

/// What came of a change of the queue.
struct Changed<T, R> {
    came: T,
    /// How many commands were lost by it.
    lost: u64,
    /// A value may run a user's code when it goes, and that may panic: so it goes where no lock is held, after
    /// everything else.
    _spent: Vec<Wanted<R>>,
}

/// What recovery did so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Recovered {
    pub(crate) queued: usize,
    pub(crate) replayed: u64,
    pub(crate) lost: u64,
}

impl<R: Raw> Recovery<R> {
    pub(crate) fn new(settings: RecoverySettings) -> Self {
        Self {
            settings,
            queue: Mutex::new(Queue::new(settings)),
            queued: AtomicUsize::new(0),
            driven_until: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            changed: Notify::new(),
            wake: Notify::new(),
        }
    }

    /// Whether nothing waits to be repeated. One shared number, which is rarely written.
    pub(crate) fn is_empty(&self) -> bool {
        self.queued.load(Ordering::SeqCst) == 0
    }

    /// Lets the task in the background look whether it still has something to do.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) fn recovered(&self) -> Recovered {
        let queue = self.lock();
        Recovered {
            queued: queue.len(),
            replayed: queue.replayed,
            lost: queue.lost,
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Queue<R>) -> T) -> Changed<T, R> {
        let mut queue = self.lock();
        let lost = queue.lost;
        let came = change(&mut queue);
        self.queued.store(queue.len(), Ordering::SeqCst);
        self.driven_until.store(queue.driven_until(), Ordering::SeqCst);
        Changed {
            came,
            lost: queue.lost - lost,
            _spent: queue.take_spent(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue<R>> {
        // Of a user's code only `Raw::share` runs under this lock, and a claim changes nothing before it.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
