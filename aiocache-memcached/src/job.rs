//! A command on its way: what the caller holds of it and what the connection's task does.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind, Result};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::command::Command;
use crate::connection::Connection;
use crate::error::{Fault, Repeat, late, not_sent};
use crate::generation;
use crate::orphans::{Orphans, Touched};

/// Who has a job: nobody yet, a connection, or nobody any more. Only one of the two can take it, so a caller that
/// goes knows whether anything was sent.
#[derive(Debug, Default)]
struct Claim(AtomicU8);

impl Claim {
    const WAITING: u8 = 0;
    const STARTED: u8 = 1;
    const GIVEN_UP: u8 = 2;

    fn take(&self, as_what: u8) -> bool {
        let taken = self.0.compare_exchange(Self::WAITING, as_what, AcqRel, Acquire);
        taken.is_ok()
    }

    /// It waits again, for another connection.
    fn give_back(&self) {
        self.0.store(Self::WAITING, Release);
    }
}

/// What the caller waits on.
#[derive(Debug)]
pub(crate) struct Ticket<A> {
    answer: oneshot::Receiver<Result<A>>,
    claim: Arc<Claim>,
    until: Instant,
    deadline: Duration,
    repeat: Repeat,
    write: Option<Write>,
    /// Its caller has to look at the time; otherwise a connection does.
    pub(crate) is_timed: bool,
}

/// What the ticket of a write needs when its caller goes.
#[derive(Debug)]
struct Write {
    touched: Touched,
    over: Arc<Semaphore>,
    orphans: Arc<Orphans>,
}

impl<A> Ticket<A> {
    /// The answer, no later than the deadline.
    pub(crate) async fn answer(mut self) -> Result<A> {
        let answer = if self.is_timed {
            // Boxed, so that the room for it is not in every command.
            Box::pin(timeout_at(self.until, &mut self.answer)).await
        } else {
            Ok((&mut self.answer).await)
        };
        match answer {
            Ok(Ok(answer)) => {
                self.write = None;
                answer
            }
            Ok(Err(_)) => Err(self.lost()),
            Err(_) if self.claim.take(Claim::GIVEN_UP) => Err(not_sent(self.deadline)),
            // The connection's task has the same deadline, and may just have kept it.
            Err(_) => self
                .answer
                .try_recv()
                .unwrap_or_else(|_| Err(late(self.deadline, self.repeat))),
        }
    }

    /// The task that had it is gone, with its runtime.
    fn lost(&self) -> Error {
        if self.claim.take(Claim::GIVEN_UP) || self.repeat == Repeat::Harmless {
            Error::new(ErrorKind::Unavailable, "the runtime is shutting down")
        } else {
            Error::new(ErrorKind::Unknown, "the runtime is shutting down")
        }
    }
}

impl<A> Drop for Ticket<A> {
    fn drop(&mut self) {
        let sent = !self.claim.take(Claim::GIVEN_UP);
        if let Some(write) = self.write.take()
            && sent
            && !write.over.is_closed()
        {
            write.orphans.add(write.touched, write.over);
        }
    }
}

/// A job under way.
pub(crate) type Run<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// A job as a connection's task sees it.
pub(crate) trait Job: Send {
    /// Takes it on; false if its caller has gone, and then nothing may be sent.
    fn start(&self) -> bool;

    /// When the caller stops waiting.
    fn until(&self) -> Instant;

    /// Runs it and tells the caller. After a fault, the caller is not told yet.
    fn run<'a>(&'a self, link: &'a mut Connection) -> Run<'a>;

    /// Whether it may be sent again after its connection, which was begun at that time, broke; then it waits again. A
    /// server that ends takes its connections with it one after another, so it may on each that was there when the
    /// first broke, and on one more.
    fn may_repeat(&mut self, begun: Instant) -> bool;

    /// Tells the caller that its connection failed it.
    fn fail(self: Box<Self>, fault: Fault);

    /// Tells the caller that the answer did not come in time, while it still runs. Whether it is a write: then later
    /// ones of its keys wait until this is dropped.
    fn fail_late(&self, orphans: &Orphans) -> bool;

    /// Tells the caller that nothing was sent.
    fn refuse(self: Box<Self>, error: &Error);
}

struct Task<C: Command> {
    command: C,
    /// Taken when the caller is told. Locked, because a caller can be told that its job is late while that runs on.
    tell: Mutex<Option<oneshot::Sender<Result<C::Answer>>>>,
    claim: Arc<Claim>,
    until: Instant,
    deadline: Duration,
    /// When the first connection broke that it was sent over.
    broke: Option<Instant>,
    /// Closed when this is dropped, if it is a write.
    over: Option<Arc<Semaphore>>,
}

impl<C: Command> Drop for Task<C> {
    fn drop(&mut self) {
        if let Some(over) = &self.over {
            over.close();
        }
    }
}

/// A job and the ticket for its answer, which is good until the deadline has passed since `start`.
pub(crate) fn job<C: Command>(
    command: C,
    touched: Touched,
    orphans: &Arc<Orphans>,
    start: Instant,
    deadline: Duration,
) -> (Box<dyn Job>, Ticket<C::Answer>) {
    let (tell, answer) = oneshot::channel();
    let claim = Arc::<Claim>::default();
    let until = start + deadline;
    let over = (touched != Touched::Nothing).then(|| Arc::new(Semaphore::new(0)));
    let write = over.clone().map(|over| Write {
        touched,
        over,
        orphans: Arc::clone(orphans),
    });
    let ticket = Ticket {
        answer,
        claim: Arc::clone(&claim),
        until,
        deadline,
        repeat: C::REPEAT,
        write,
        is_timed: true,
    };
    let task = Task {
        command,
        tell: Mutex::new(Some(tell)),
        claim,
        until,
        deadline,
        broke: None,
        over,
    };
    (Box::new(task), ticket)
}

impl<C: Command> Task<C> {
    fn tell(&self, answer: Result<C::Answer>) {
        let tell = self.teller().take();
        if let Some(tell) = tell {
            // A waker is its caller's code: a panic of one must not end a connection, or leave other callers untold. A
            // caller that has gone wants no answer.
            let _told = catch_unwind(AssertUnwindSafe(|| drop(tell.send(answer))));
        }
    }

    fn teller(&self) -> MutexGuard<'_, Option<oneshot::Sender<Result<C::Answer>>>> {
        self.tell.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Command> Job for Task<C> {
    fn start(&self) -> bool {
        // A caller that went while it was sent for the first time took no notice of the claim.
        self.claim.take(Claim::STARTED) && self.teller().as_ref().is_some_and(|tell| !tell.is_closed())
    }

    fn until(&self) -> Instant {
        self.until
    }

    fn run<'a>(&'a self, link: &'a mut Connection) -> Run<'a> {
        Box::pin(async move {
            let answer = match link.scope.generations() {
                None => self.command.run(link).await?,
                // Boxed, so that the room for it is not in every command.
                Some(all) => Box::pin(generation::run(&self.command, link, all)).await?,
            };
            self.tell(answer);
            Ok(())
        })
    }

    fn may_repeat(&mut self, begun: Instant) -> bool {
        let broke = *self.broke.get_or_insert_with(Instant::now);
        let may = C::REPEAT == Repeat::Harmless && begun <= broke;
        if may {
            self.claim.give_back();
        }
        may
    }

    fn fail(self: Box<Self>, fault: Fault) {
        self.tell(Err(fault.error(C::REPEAT)));
    }

    fn fail_late(&self, orphans: &Orphans) -> bool {
        if let Some(over) = &self.over {
            // First: whoever knows that it is late may write the key again.
            orphans.add(self.command.touched(), Arc::clone(over));
        }
        self.tell(Err(late(self.deadline, C::REPEAT)));
        self.over.is_some()
    }

    fn refuse(self: Box<Self>, error: &Error) {
        self.tell(Err(error.clone()));
    }
}
