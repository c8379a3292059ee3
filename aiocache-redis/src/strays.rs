//! Requests that were given up on the connection for large ones, and may still be done. What comes later over the same
//! key follows them on that connection: on the other one it could be overtaken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Which keys a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over<'a> {
    /// This one.
    Key(&'a [u8]),
    /// It may write any.
    Any,
    /// It writes none.
    None,
}

impl<'a> Over<'a> {
    /// One key, if that is known.
    pub(crate) fn key(key: &'a [u8]) -> Self {
        if key.is_empty() { Self::Any } else { Self::Key(key) }
    }
}

/// Those of one runtime.
#[derive(Debug, Default)]
pub(crate) struct Strays {
    list: Mutex<Vec<Stray>>,
    /// Whether there are any; mostly not, and every command looks here.
    any: AtomicBool,
    /// Counts what happens on the connection for large requests.
    moments: AtomicU64,
}

#[derive(Debug)]
struct Stray {
    /// `None` is any.
    key: Option<Box<[u8]>>,
    generation: u64,
    /// Whatever began later stands behind it on the connection.
    given_up: u64,
}

impl Strays {
    /// Whether a request is to follow a stray. `generation` tells the connection for large requests, if it lives:
    /// those of another one are gone with it.
    pub(crate) fn are_before(&self, over: Over<'_>, generation: impl FnOnce() -> Option<u64>) -> bool {
        if !self.any.load(SeqCst) || over == Over::None {
            return false;
        }
        let alive = generation();
        let mut list = self.list();
        list.retain(|stray| Some(stray.generation) == alive);
        self.any.store(!list.is_empty(), SeqCst);
        list.iter().any(|stray| match (over, &stray.key) {
            (Over::Key(key), Some(stray)) => *key == **stray,
            _ => true,
        })
    }

    /// A request that is about to go by the connection for large ones. When this is dropped before
    /// [`ended`](Large::ended), it is a stray.
    pub(crate) fn begin<'a>(&'a self, over: Over<'a>) -> Large<'a> {
        Large {
            strays: self,
            over,
            began: self.moments.fetch_add(1, SeqCst),
            sent: None,
        }
    }

    fn list(&self) -> MutexGuard<'_, Vec<Stray>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request on the connection for large ones.
#[derive(Debug)]
pub(crate) struct Large<'a> {
    strays: &'a Strays,
    over: Over<'a>,
    began: u64,
    /// The connection that it was sent on.
    sent: Option<u64>,
}

impl Large<'_> {
    /// It is sent now, by this connection.
    pub(crate) fn sent(&mut self, generation: u64) {
        self.sent = Some(generation);
    }

    /// It was answered, and so was all that was given up before it began: answers have the order of requests.
    pub(crate) fn answered(&mut self) {
        let Some(generation) = self.sent.take() else {
            return;
        };
        if self.strays.any.load(SeqCst) {
            let mut list = self.strays.list();
            list.retain(|stray| stray.generation != generation || stray.given_up > self.began);
            self.strays.any.store(!list.is_empty(), SeqCst);
        }
    }

    /// Its connection broke.
    pub(crate) fn ended(&mut self) {
        self.sent = None;
    }
}

impl Drop for Large<'_> {
    fn drop(&mut self) {
        let Some(generation) = self.sent else { return };
        let key = match self.over {
            Over::None => return,
            Over::Key(key) => Some(key.into()),
            Over::Any => None,
        };
        let mut list = self.strays.list();
        list.push(Stray {
            key,
            generation,
            given_up: self.strays.moments.fetch_add(1, SeqCst),
        });
        self.strays.any.store(true, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Over<'_> = Over::Key(b"a");
    const B: Over<'_> = Over::Key(b"b");

    fn begun<'a>(strays: &'a Strays, over: Over<'a>, generation: u64) -> Large<'a> {
        let mut large = strays.begin(over);
        large.sent(generation);
        large
    }

    #[test]
    fn what_is_over_the_same_key_follows_what_was_given_up() {
        let strays = Strays::default();
        let before = |over| strays.are_before(over, || Some(1));
        assert!(!before(A) && !before(Over::Any));
        drop(begun(&strays, A, 1));
        assert!(before(A) && before(Over::Any) && !before(B) && !before(Over::None));
        drop(begun(&strays, Over::Any, 1));
        assert!(before(B));
    }

    #[test]
    fn an_answer_is_behind_what_was_given_up_before_its_request_and_nothing_else() {
        let strays = Strays::default();
        let before = |over| strays.are_before(over, || Some(1));
        let mut early = begun(&strays, B, 1);
        drop(begun(&strays, A, 1));
        early.answered();
        assert!(before(A), "it may have been sent before the stray");
        begun(&strays, A, 1).answered();
        assert!(!before(A));
    }

    #[test]
    fn what_was_answered_or_broke_or_was_never_sent_is_no_stray() {
        let strays = Strays::default();
        begun(&strays, A, 1).answered();
        begun(&strays, A, 1).ended();
        drop(strays.begin(A));
        assert!(!strays.are_before(A, || Some(1)));
    }

    #[test]
    fn strays_go_with_their_connection() {
        for alive in [None, Some(2)] {
            let strays = Strays::default();
            drop(begun(&strays, A, 1));
            assert!(!strays.are_before(A, || alive));
        }
    }
}
