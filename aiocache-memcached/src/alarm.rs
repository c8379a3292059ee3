//! The deadline of the command that a connection is at.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;

use tokio::time::{Instant, Sleep, sleep_until};

/// One timer for all commands of a connection, one after the other. It is set anew only when it has gone off: to set one
/// for each command costs more than the rest of it, and hardly one is ever late.
pub(crate) struct Alarm(Pin<Box<Sleep>>);

impl Alarm {
    pub(crate) fn new() -> Self {
        Self(Box::pin(sleep_until(Instant::now())))
    }

    /// What `work` gives, or `None` if `until` comes first.
    pub(crate) async fn keep<T>(&mut self, until: Instant, work: impl Future<Output = T>) -> Option<T> {
        if self.0.deadline() > until {
            self.0.as_mut().reset(until);
        }
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            while self.0.as_mut().poll(context).is_ready() {
                if self.0.deadline() >= until {
                    return Poll::Ready(None);
                }
                // It was that of a command before.
                self.0.as_mut().reset(until);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_work_has_its_own_deadline() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut alarm = Alarm::new();
        assert_eq!(alarm.keep(after(100), ready(1)).await, Some(1));
        assert_eq!(
            alarm.keep(after(500), sleep(Duration::from_millis(300))).await,
            Some(())
        );
        assert_eq!(alarm.keep(after(700), pending::<()>()).await, None);
        assert_eq!(Instant::now(), after(700));
        // Work whose deadline is before that of work that ended early.
        assert_eq!(
            alarm.keep(after(5_000), sleep(Duration::from_millis(100))).await,
            Some(())
        );
        assert_eq!(alarm.keep(after(900), pending::<()>()).await, None);
        assert_eq!(Instant::now(), after(900));
        assert_eq!(alarm.keep(after(900), pending::<()>()).await, None);
        assert_eq!(Instant::now(), after(900));
    }
}
