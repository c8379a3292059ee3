//! Whether one order of the commands on a key explains all of their answers: the search of Wing and Gong, which goes
//! into no state twice.

use std::collections::HashSet;

/// Commands on one key that a history may have: they are kept as the bits of a number.
pub(crate) const MOST: usize = 128;

/// What was asked of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Get,
    /// Also for the version.
    Versioned,
    Set(i64),
    Add(i64),
    Delete,
    Increment(i64),
    /// With the version of the read that began at this moment.
    CompareAndSet(u64, i64),
    CompareAndDelete(u64),
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Value(Option<i64>),
    Done(bool),
    Number(i64),
}

/// A command: the moments are numbers that rise, and none of them is there twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    pub(crate) began: u64,
    pub(crate) ended: u64,
    pub(crate) asked: Asked,
    pub(crate) answer: Answer,
}

/// What tells one write from another in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Versions {
    /// Every write is another version.
    Writes,
    /// Every value is another version.
    Values,
}

/// What a key holds, and which reads (as bits) saw the write that is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct State {
    value: Option<i64>,
    seen_by: u128,
}

/// Whether the events, all of one key that was missing before, are linearizable.
pub(crate) fn is_linearizable(events: &[Event], versions: Versions) -> bool {
    assert!(events.len() <= MOST, "{} events", events.len());
    let all = u128::MAX.checked_shr(u32::try_from(MOST - events.len()).expect("at most 128"));
    let search = Search {
        events,
        versions,
        all: all.unwrap_or(0),
    };
    let mut been = HashSet::new();
    let mut open = vec![(0_u128, State::default())];
    while let Some((done, state)) = open.pop() {
        if done == search.all {
            return true;
        }
        for next in search.steps(done, state) {
            if been.insert(next) {
                open.push(next);
            }
        }
    }
    false
}

struct Search<'a> {
    events: &'a [Event],
    versions: Versions,
    /// The bits of all events.
    all: u128,
}

impl Search<'_> {
    /// What can come next: no command comes after one that began when it had ended.
    fn steps(&self, done: u128, state: State) -> impl Iterator<Item = (u128, State)> {
        let open = move |at: &usize| done & (1 << at) == 0;
        let first_end = (0..self.events.len())
            .filter(open)
            .map(|at| self.events[at].ended)
            .min();
        (0..self.events.len())
            .filter(open)
            .filter(move |&at| first_end.is_some_and(|end| self.events[at].began < end))
            .filter_map(move |at| Some((done | (1 << at), self.after(at, state)?)))
    }

    /// The state after an event, if its answer is the one that this state gives.
    fn after(&self, at: usize, state: State) -> Option<State> {
        let Event { asked, answer, .. } = self.events[at];
        let written = |value| State { value, seen_by: 0 };
        let (right, after) = match asked {
            Asked::Get => (Answer::Value(state.value), state),
            Asked::Versioned => {
                let seen_by = state.seen_by | (1 << at);
                (Answer::Value(state.value), State { seen_by, ..state })
            }
            Asked::Set(value) => (Answer::Done(true), written(Some(value))),
            Asked::Add(value) if state.value.is_none() => (Answer::Done(true), written(Some(value))),
            Asked::Delete if state.value.is_some() => (Answer::Done(true), written(None)),
            Asked::Increment(by) => {
                let sum = state.value.unwrap_or(0) + by;
                (Answer::Number(sum), written(Some(sum)))
            }
            Asked::CompareAndSet(read, value) if self.is_unchanged(read, state) => {
                (Answer::Done(true), written(Some(value)))
            }
            Asked::CompareAndDelete(read) if self.is_unchanged(read, state) => {
                (Answer::Done(true), written(None))
            }
            Asked::Add(_) | Asked::Delete | Asked::CompareAndSet(..) | Asked::CompareAndDelete(_) => {
                (Answer::Done(false), state)
            }
        };
        (answer == right).then_some(after)
    }

    /// Whether the key still has the version of the read that began at this moment.
    fn is_unchanged(&self, read: u64, state: State) -> bool {
        let Some(at) = self.events.iter().position(|event| event.began == read) else {
            return false;
        };
        match self.versions {
            Versions::Writes => state.value.is_some() && state.seen_by & (1 << at) != 0,
            Versions::Values => state.value.is_some() && self.events[at].answer == Answer::Value(state.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(began: u64, ended: u64, asked: Asked, answer: Answer) -> Event {
        Event {
            began,
            ended,
            asked,
            answer,
        }
    }

    fn linearizable(events: &[Event]) -> bool {
        is_linearizable(events, Versions::Writes)
    }

    #[test]
    fn commands_at_once_may_have_happened_in_either_order() {
        for seen in [None, Some(1)] {
            assert!(linearizable(&[
                event(0, 3, Asked::Set(1), Answer::Done(true)),
                event(1, 2, Asked::Get, Answer::Value(seen)),
            ]));
        }
    }

    #[test]
    fn a_read_of_what_was_overwritten_before_it_began_is_found_out() {
        let stale = event(4, 5, Asked::Get, Answer::Value(Some(1)));
        let writes = [
            event(0, 1, Asked::Set(1), Answer::Done(true)),
            event(2, 3, Asked::Set(2), Answer::Done(true)),
        ];
        assert!(linearizable(&writes));
        assert!(!linearizable(&[writes[0], writes[1], stale]));
    }

    #[test]
    fn a_lost_increment_is_found_out() {
        let one = |began, ended| event(began, ended, Asked::Increment(1), Answer::Number(1));
        assert!(!linearizable(&[one(0, 2), one(1, 3)]));
        let two = event(1, 3, Asked::Increment(1), Answer::Number(2));
        assert!(linearizable(&[one(0, 2), two]));
    }

    #[test]
    fn two_adds_or_deletes_that_both_did_something_are_found_out() {
        let add = |began, value| event(began, began + 9, Asked::Add(value), Answer::Done(true));
        assert!(!linearizable(&[add(0, 1), add(1, 2)]));
        let delete = |began| event(began, began + 9, Asked::Delete, Answer::Done(true));
        assert!(!linearizable(&[add(0, 1), delete(1), delete(2)]));
    }

    #[test]
    fn a_comparison_that_missed_a_write_is_found_out() {
        let set = event(0, 1, Asked::Set(1), Answer::Done(true));
        let read = event(2, 3, Asked::Versioned, Answer::Value(Some(1)));
        let between = |value| event(4, 5, Asked::Set(value), Answer::Done(true));
        let cas = event(6, 7, Asked::CompareAndSet(2, 3), Answer::Done(true));
        assert!(linearizable(&[set, read, cas]));
        assert!(!linearizable(&[set, read, between(2), cas]));
        // The same value again: another write, but no other value.
        assert!(!linearizable(&[set, read, between(1), cas]));
        assert!(is_linearizable(&[set, read, between(1), cas], Versions::Values));
    }
}
