//! The life of a connection: it takes jobs until it is over.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;

use tokio::time::Instant;

use super::Shared;
use super::opening::LAST_PAUSE;
use crate::alarm::Alarm;
use crate::connection::Connection;
use crate::error::{Fault, broken, not_sent};
use crate::job::Job;

/// What a connection's task is woken by.
enum Event {
    Job,
    /// The server closed the connection, or spoke out of turn.
    Ended,
    /// The lane is closed.
    Closed,
}

impl Shared {
    pub(super) async fn work(self: Arc<Self>, mut link: Connection) {
        let mut place = Place::of(&self, &link);
        let mut alarm = Alarm::new();
        loop {
            self.idle.fetch_add(1, SeqCst);
            let event = self.next(&mut link).await;
            self.idle.fetch_sub(1, SeqCst);
            match event {
                Event::Job => {}
                Event::Ended => return place.lost(None),
                Event::Closed => return,
            }
            let Some(mut job) = self.take() else { continue };
            let mut run = job.run(&mut link);
            let Some(done) = alarm.keep(job.until(), run.as_mut()).await else {
                let is_write = job.fail_late(&self.orphans);
                place.lost(None);
                return match is_write.then(|| self.late.try_acquire()) {
                    None => {}
                    Some(Ok(_permit)) => self.outlast(job.until(), run).await,
                    Some(Err(_)) => {
                        drop(run);
                        drop(link);
                        self.outlast(job.until(), pending()).await;
                    }
                };
            };
            drop(run);
            match done {
                Ok(()) => place.answered(),
                Err(Fault::Broken(_)) if job.may_repeat(link.begun) => return place.lost(Some(job)),
                Err(fault) => {
                    job.fail(fault);
                    return place.lost(None);
                }
            }
        }
    }

    async fn next(&self, link: &mut Connection) -> Event {
        let mut ready = pin!(self.ready.acquire());
        let mut ended = pin!(link.ended());
        poll_fn(|context| {
            // First, so that no job goes to a connection that is known to be over.
            if ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(Event::Ended);
            }
            ready.as_mut().poll(context).map(|permit| match permit {
                Ok(permit) => {
                    permit.forget();
                    Event::Job
                }
                Err(_) => Event::Closed,
            })
        })
        .await
    }

    /// The job whose turn it is, if it is still to be done.
    fn take(&self) -> Option<Box<dyn Job>> {
        // It may have been refused after its permit was given out.
        let job = self.lock().jobs.pop_front()?;
        if job.until() <= Instant::now() {
            job.refuse(&not_sent(self.limits.deadline));
            return None;
        }
        job.start().then_some(job)
    }

    /// Takes note that a connection is over, which was begun at that time and had answered a command or none; `again` is
    /// sent by the next one.
    pub(super) fn lost(self: &Arc<Self>, begun: Instant, answered: bool, again: Option<Box<dyn Job>>) {
        let mut state = self.lock();
        state.live -= 1;
        if answered || begun.elapsed() >= LAST_PAUSE {
            state.lost_at = Some(Instant::now());
        } else {
            // Accepted and then dropped, perhaps again and again: that is a failure to connect.
            state.back_off(self.limits.deadline);
        }
        let repeats = again.is_some();
        state.jobs.extend(again);
        if repeats {
            state.jobs.rotate_right(1);
        }
        if self.ready.is_closed() {
            return;
        }
        // Those that were never used are made anew when they are asked for: a server may close what is idle for ever.
        let is_wanted = answered || !state.jobs.is_empty();
        let may_open = is_wanted && state.may_open(self.limits.deadline);
        self.open_missing(&mut state, may_open);
        let stranded = if state.live == 0 && !state.opening {
            std::mem::take(&mut state.jobs)
        } else {
            VecDeque::new()
        };
        self.refuse_in_time(&mut state);
        drop(state);
        self.ready.add_permits(usize::from(repeats));
        stranded.into_iter().for_each(|job| job.refuse(&broken()));
    }
}

/// The place of a connection; a panic of its task, which nothing is known to cause, must not take it for good.
struct Place<'a> {
    shared: &'a Arc<Shared>,
    begun: Instant,
    has_answered: bool,
    is_left: bool,
}

impl<'a> Place<'a> {
    fn of(shared: &'a Arc<Shared>, link: &Connection) -> Self {
        Self {
            shared,
            begun: link.begun,
            has_answered: false,
            is_left: false,
        }
    }

    fn answered(&mut self) {
        if !std::mem::replace(&mut self.has_answered, true) {
            let mut state = self.shared.lock();
            state.failures = 0;
            state.lost_at = None;
        }
    }

    /// Gives it up, because the connection is over; `again` is sent by the next one.
    fn lost(&mut self, again: Option<Box<dyn Job>>) {
        self.is_left = true;
        self.shared.lost(self.begun, self.has_answered, again);
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.is_left {
            self.shared.lock().live -= 1;
        }
    }
}
