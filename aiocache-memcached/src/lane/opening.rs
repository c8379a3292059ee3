//! Making connections, and when not to.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use aiocache_core::{Error, ErrorKind};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::{Shared, State};
use crate::connection::Connection;
use crate::error::broken;

/// The pause after the first failure to connect; it doubles from there.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause: with the time to connect, a server that is back is used within 300 ms. Who loses connections that
/// lived for longer does not connect more often than that.
pub(super) const LAST_PAUSE: Duration = Duration::from_millis(200);

/// Commands that wait for a connection are not let wait for another attempt when no more than twice this is left.
const LAST_MOMENT: Duration = Duration::from_millis(5);

/// For which part of the deadline a connection waits for those that are made with it, so that they are one epoch.
const WITH_OTHERS: u32 = 10;

impl Shared {
    pub(super) fn open_missing(self: &Arc<Self>, state: &mut State, may_open: bool) {
        if state.live < self.limits.pool_size && !state.opening && may_open {
            state.opening = true;
            tokio::spawn(Arc::clone(self).open());
        }
    }

    /// Makes connections until there is one or commands shall not wait for it any more.
    async fn open(self: Arc<Self>) {
        let mut reconnected = 0;
        loop {
            let not_before = self.lock().not_before;
            if let Some(time) = not_before {
                sleep_until(time).await;
            }
            let is_first = self.epoch.load(SeqCst) == 0;
            let (made, failure) = self.make_missing().await;
            reconnected += if is_first { 0 } else { made };
            if self.ready.is_closed() {
                return;
            }
            if self.ends(failure) {
                break;
            }
        }
        // Last: it runs the code of others.
        (0..reconnected).for_each(|_| self.connect.reconnected());
    }

    /// Makes all connections that are missing, in one go: how many were made, and why others were not. Those that are
    /// there wait for the others only a little, because an attempt may hang for long.
    async fn make_missing(self: &Arc<Self>) -> (usize, Option<Error>) {
        let missing = self.limits.pool_size - self.lock().live;
        let mut attempts = JoinSet::new();
        for _ in 0..missing {
            attempts.spawn(Arc::clone(&self.connect).open(Arc::clone(&self.epoch)));
        }
        let (mut made, mut failure) = (0, None);
        let (mut links, mut due, mut moved) = (Vec::new(), None, None);
        loop {
            let attempt = match due.filter(|_| !links.is_empty()) {
                None => Ok(attempts.join_next().await),
                Some(due) => timeout_at(due, attempts.join_next()).await,
            };
            match attempt {
                Ok(Some(Ok(Ok(link)))) => {
                    due.get_or_insert_with(|| Instant::now() + self.limits.deadline / WITH_OTHERS);
                    links.push(link);
                    made += 1;
                }
                Ok(Some(Ok(Err(error)))) => failure = Some(error),
                // It panicked, or the runtime is shutting down.
                Ok(Some(Err(_))) => {
                    failure = Some(Error::new(ErrorKind::Unavailable, "no connection was made"));
                }
                Ok(None) => break,
                Err(_) => self.install(std::mem::take(&mut links), &mut moved),
            }
        }
        self.install(links, &mut moved);
        (made, failure)
    }

    /// Starts the tasks of new connections. The epoch `moved` at that time for those that were connected by then.
    fn install(self: &Arc<Self>, links: Vec<Connection>, moved: &mut Option<Instant>) {
        if links.is_empty() {
            return;
        }
        let is_later = |link: &Connection| moved.is_none_or(|moved| link.connected > moved);
        if links.iter().any(is_later) {
            *moved = Some(Instant::now());
            // Before the first command goes over them: see `Connection::epoch`.
            self.epoch.store(next_epoch(), SeqCst);
        }
        let mut state = self.lock();
        state.live += links.len();
        drop(state);
        for link in links {
            tokio::spawn(Arc::clone(self).work(link));
        }
    }

    /// Ends the making of connections: false if there is none and commands shall still wait for the next attempt.
    fn ends(&self, failure: Option<Error>) -> bool {
        let mut state = self.lock();
        if failure.is_some() {
            state.back_off(self.limits.deadline);
        }
        // Those that were made may be lost by now.
        let is_none = state.live == 0;
        let error = failure.clone().unwrap_or_else(broken);
        if is_none && error.kind() == ErrorKind::Unavailable && state.is_patient(self.limits.deadline) {
            return false;
        }
        state.opening = false;
        state.last_error = failure;
        if is_none {
            state.lost_at = None;
            let refused = std::mem::take(&mut state.jobs);
            drop(state);
            refused.into_iter().for_each(|job| job.refuse(&error));
        }
        true
    }
}

impl State {
    /// Whether an attempt may be made: at once, or when the pause is over and commands still wait then.
    pub(super) fn may_open(&self, patience: Duration) -> bool {
        self.not_before.is_none_or(|time| time <= Instant::now()) || self.is_patient(patience)
    }

    /// Whether commands still wait when the pause is over.
    fn is_patient(&self, patience: Duration) -> bool {
        let next = self.not_before.max(Some(Instant::now()));
        self.lost_at.is_some_and(|lost| next < Some(lost + patience))
    }

    /// What fails within the pause after a failure is one with it: a server drops all connections at once.
    pub(super) fn back_off(&mut self, patience: Duration) {
        let now = Instant::now();
        if self.not_before.is_some_and(|time| time > now) {
            return;
        }
        let mut pause = pause_after(self.failures);
        let left = self
            .lost_at
            .map_or(Duration::ZERO, |lost| patience.saturating_sub(now - lost));
        if left / 2 >= LAST_MOMENT {
            // Commands wait to the end of their patience, and not to a pause that would end after it.
            pause = pause.min(left / 2);
        }
        self.not_before = Some(now + pause);
        self.failures = self.failures.saturating_add(1);
    }
}

/// Another number each time, in the whole process: an id read by one runtime is not taken for one of another's.
fn next_epoch() -> u64 {
    static EPOCH: AtomicU64 = AtomicU64::new(1);
    EPOCH.fetch_add(1, SeqCst)
}

/// Doubles up to the ceiling, and is spread over its upper half so that processes do not come back as one.
fn pause_after(failures: u32) -> Duration {
    let whole = FIRST_PAUSE.saturating_mul(1 << failures.min(8)).min(LAST_PAUSE);
    let random = RandomState::new().hash_one(failures) % 512;
    whole / 2 + whole.mul_f64(random as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};
    use tokio::time::sleep;

    use super::super::Lane;
    use super::*;
    use crate::generation::Scope;

    #[tokio::test]
    async fn ids_are_good_for_one_go_where_all_were_connected_before_the_first_was_used() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let lane = Lane::to(address, Duration::from_secs(1));
        let link = async || {
            let stream = TcpStream::connect(address).await.expect("somebody listens");
            let epoch = Arc::clone(&lane.0.epoch);
            vec![Connection::new(
                stream,
                Instant::now(),
                1,
                epoch,
                Scope::default(),
            )]
        };
        let mut moved = None;
        let mut epoch_after = |links| {
            lane.0.install(links, &mut moved);
            lane.0.epoch.load(SeqCst)
        };
        let (first, second) = (link().await, link().await);
        let before = epoch_after(first);
        assert_ne!(before, 0);
        assert_eq!(epoch_after(second), before);
        sleep(Duration::from_millis(2)).await;
        // Perhaps of another server than the others.
        assert_ne!(epoch_after(link().await), before);
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_a_server_that_is_away_does_so_to_the_end_of_its_patience() {
        const PATIENCE: Duration = Duration::from_millis(500);
        // The pauses are spread by chance.
        for _ in 0..100 {
            let start = Instant::now();
            let mut state = State {
                lost_at: Some(start),
                ..State::default()
            };
            loop {
                state.back_off(PATIENCE);
                if !state.is_patient(PATIENCE) {
                    break;
                }
                let next = state.not_before.expect("just backed off");
                tokio::time::advance(next - Instant::now()).await;
            }
            let waited = start.elapsed();
            assert!(
                waited <= PATIENCE && waited >= PATIENCE - 2 * LAST_MOMENT,
                "{waited:?}"
            );
        }
    }

    #[test]
    fn pauses_grow_to_the_ceiling_and_are_spread() {
        for (failures, whole) in [(0, 50), (1, 100), (2, 200), (3, 200), (40, 200)] {
            let pauses: Vec<_> = (0..64).map(|_| pause_after(failures)).collect();
            let whole = Duration::from_millis(whole);
            assert!(pauses.iter().all(|&pause| pause >= whole / 2 && pause <= whole));
            assert!(pauses.iter().any(|&pause| pause != pauses[0]));
        }
    }
}
