//! Writes whose caller has gone, or was told that they are late, while they were under way. A later write of the same
//! key waits for them, because it may go by another connection and would be overtaken.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use crate::key::Key;

/// Which keys a command writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Touched {
    /// None: it reads.
    Nothing,
    /// Those with these hashes.
    Keys(Vec<u64>),
    /// Perhaps every key.
    Everything,
}

impl Touched {
    pub(crate) fn keys<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Self {
        Self::Keys(keys.into_iter().map(Key::hash).collect())
    }

    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => false,
            (Self::Keys(one), Self::Keys(other)) => one.iter().any(|key| other.contains(key)),
            (Self::Everything, _) | (_, Self::Everything) => true,
        }
    }
}

/// Those of one lane.
#[derive(Debug, Default)]
pub(crate) struct Orphans {
    list: Mutex<Vec<Orphan>>,
    count: AtomicUsize,
}

#[derive(Debug)]
struct Orphan {
    touched: Touched,
    /// Closed when the connection's task is done with it.
    over: Arc<Semaphore>,
}

impl Orphans {
    /// Takes in a write that is under way.
    pub(crate) fn add(&self, touched: Touched, over: Arc<Semaphore>) {
        let mut list = self.list();
        list.push(Orphan { touched, over });
        self.count.store(list.len(), SeqCst);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(SeqCst) == 0
    }

    /// Waits until no write is under way that a write of `touched` could be overtaken by. Cancel safe.
    pub(crate) async fn wait(&self, touched: &Touched) {
        while let Some(over) = self.meeting(touched) {
            // No permit is ever given out, so this returns when the semaphore is closed.
            drop(over.acquire().await);
        }
    }

    fn meeting(&self, touched: &Touched) -> Option<Arc<Semaphore>> {
        if self.is_empty() {
            return None;
        }
        let mut list = self.list();
        list.retain(|orphan| !orphan.over.is_closed());
        self.count.store(list.len(), SeqCst);
        let meeting = list.iter().find(|orphan| orphan.touched.meets(touched));
        meeting.map(|orphan| Arc::clone(&orphan.over))
    }

    fn list(&self) -> MutexGuard<'_, Vec<Orphan>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_of_one_key_meet_and_reads_meet_nothing() {
        let keys = |keys: &[u64]| Touched::Keys(keys.to_vec());
        assert!(keys(&[1, 2]).meets(&keys(&[2, 3])));
        assert!(!keys(&[1, 2]).meets(&keys(&[3])));
        assert!(keys(&[1]).meets(&Touched::Everything));
        assert!(!Touched::Nothing.meets(&Touched::Everything));
    }

    #[tokio::test]
    async fn a_write_waits_for_the_orphan_of_its_key_only() {
        let orphans = Arc::<Orphans>::default();
        let over = Arc::new(Semaphore::new(0));
        orphans.add(Touched::Keys(vec![1]), Arc::clone(&over));
        orphans.wait(&Touched::Keys(vec![2])).await;
        orphans.wait(&Touched::Nothing).await;
        let waiting = tokio::spawn({
            let orphans = Arc::clone(&orphans);
            async move { orphans.wait(&Touched::Keys(vec![1])).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        over.close();
        waiting.await.expect("no panic");
    }
}
