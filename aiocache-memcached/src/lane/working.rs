//! The life of a connection: it takes jobs until it is over.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::mem::take;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::Poll;

use aiocache_core::{Error, ErrorKind};
use tokio::time::{Instant, sleep_until};

use super::Shared;
use crate::alarm::Alarm;
use crate::connection::Connection;
use crate::error::{Fault, not_sent};
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
        let _place = Place(&self);
        let mut alarm = Alarm::new();
        loop {
            self.idle.fetch_add(1, SeqCst);
            let event = self.next(&mut link).await;
            self.idle.fetch_sub(1, SeqCst);
            match event {
                Event::Job => {}
                Event::Ended => return self.lost(None),
                Event::Closed => return,
            }
            // A job may have been refused after its permit was given out.
            let Some(mut job) = self.lock().jobs.pop_front() else {
                continue;
            };
            if job.until() <= Instant::now() {
                job.refuse(&not_sent(self.limits.deadline));
                continue;
            }
            if !job.start() {
                continue;
            }
            match alarm.keep(job.until(), job.run(&mut link)).await {
                Some(Ok(())) => self.answered(&mut link),
                Some(Err(Fault::Broken(_))) if job.may_repeat() => return self.lost(Some(job)),
                Some(Err(fault)) => {
                    job.fail(fault);
                    return self.lost(None);
                }
                None => {
                    job.fail_late();
                    return self.lost(None);
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

    fn answered(&self, link: &mut Connection) {
        if !std::mem::replace(&mut link.proven, true) {
            let mut state = self.lock();
            state.proven = true;
            state.failures = 0;
        }
    }

    /// Takes note that a connection is over; `again` is sent by the next one.
    fn lost(self: &Arc<Self>, again: Option<Box<dyn Job>>) {
        let mut state = self.lock();
        state.live -= 1;
        if state.proven {
            if state.live == 0 {
                state.lost_at = Some(Instant::now());
            }
        } else {
            // Accepted and then dropped, perhaps again and again: that is a failure to connect.
            state.back_off();
        }
        let repeats = again.is_some();
        state.jobs.extend(again);
        if repeats {
            state.jobs.rotate_right(1);
        }
        if self.ready.is_closed() {
            return;
        }
        let may_open = state.may_open(self.limits.deadline);
        self.open_missing(&mut state, may_open);
        let stranded = if state.live == 0 && !state.opening {
            std::mem::take(&mut state.jobs)
        } else {
            VecDeque::new()
        };
        if !state.jobs.is_empty() {
            // Their callers may count on a connection to keep their deadline.
            tokio::spawn(Arc::clone(self).refuse_late());
        }
        drop(state);
        self.ready.add_permits(usize::from(repeats));
        let error = Error::new(ErrorKind::Unavailable, "the connection broke");
        stranded.into_iter().for_each(|job| job.refuse(&error));
    }
}

impl Shared {
    /// Refuses the jobs that no connection takes in time, until there are none.
    async fn refuse_late(self: Arc<Self>) {
        while let Some(until) = self.refuse_those_late() {
            sleep_until(until).await;
        }
    }

    /// When to look again, if there are jobs left.
    fn refuse_those_late(&self) -> Option<Instant> {
        let mut state = self.lock();
        let now = Instant::now();
        let (late, left) = take(&mut state.jobs)
            .into_iter()
            .partition(|job| job.until() <= now);
        state.jobs = left;
        let until = state.jobs.iter().map(|job| job.until()).min();
        drop(state);
        let late: VecDeque<_> = late;
        for job in late {
            job.refuse(&not_sent(self.limits.deadline));
        }
        until
    }
}

/// The place of a connection; a panic of its task, which nothing is known to cause, must not take it for good.
struct Place<'a>(&'a Shared);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().live -= 1;
        }
    }
}
