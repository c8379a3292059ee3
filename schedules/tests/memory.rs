//! The memory store under many schedules: one key at a time behaves as if commands ran one after the other.

#![cfg(aiocache_shuttle)]

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aiocache_core::{Backend, MemoryBackend, Object, Raw, Version, Want};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

mod support;

use support::explore;

type Store = MemoryBackend<Object>;

/// What a future of the memory store gives at its first poll.
fn now<T>(future: impl Future<Output = aiocache_core::Result<T>>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done.expect("memory answers"),
        Poll::Pending => panic!("a memory store does not wait"),
    }
}

fn integer(value: i64) -> Object {
    Object::from_integer(value)
}

fn read(store: &Store, key: &str) -> Option<(i64, Version)> {
    now(store.read(key, Want::VERSION, |entry| {
        let value = entry.raw.integer().expect("only integers are written");
        (value, entry.version.expect("memory has versions"))
    }))
}

/// A command and what it answered.
#[derive(Debug, Clone)]
enum Done {
    Set(i64),
    Get(Option<(i64, Version)>),
    Delete(bool),
    Add(i64, bool),
    Increment(i64),
    Swap(Version, i64, bool),
    Clear,
}

/// A command with the moments between which it took effect.
#[derive(Debug, Clone)]
struct Event {
    begun: u64,
    ended: u64,
    done: Done,
}

/// What the key holds in the sequential model; the version is known once it was read.
type Model = Option<(i64, Option<Version>)>;

/// The model after a command, if the command could have answered as it did.
fn step(model: &Model, done: &Done) -> Option<Model> {
    let after = match (done, model) {
        (Done::Set(value), _) => Some((*value, None)),
        (Done::Clear, _) => None,
        (Done::Get(None), None) => None,
        (Done::Get(Some((value, version))), Some((held, known)))
            if held == value && known.as_ref().is_none_or(|known| known == version) =>
        {
            Some((*value, Some(version.clone())))
        }
        (Done::Delete(deleted), model) if *deleted == model.is_some() => None,
        (Done::Add(value, true), None) => Some((*value, None)),
        (Done::Add(_, false), Some(held)) => Some(held.clone()),
        (Done::Increment(sum), model) if *sum == model.as_ref().map_or(0, |(held, _)| *held) + 1 => {
            Some((*sum, None))
        }
        (Done::Swap(version, value, true), Some((_, Some(known)))) if known == version => {
            Some((*value, None))
        }
        (Done::Swap(version, _, false), model)
            if model
                .as_ref()
                .is_none_or(|(_, known)| known.as_ref() != Some(version)) =>
        {
            model.clone()
        }
        _ => return None,
    };
    Some(after)
}

/// Whether some order of the events, in which none comes before another that ended before it began, explains all.
fn is_linearizable(model: &Model, open: &[Event]) -> bool {
    let Some(first_end) = open.iter().map(|event| event.ended).min() else {
        return true;
    };
    (0..open.len()).any(|place| {
        let event = &open[place];
        let mut rest = open.to_vec();
        rest.remove(place);
        event.begun <= first_end
            && step(model, &event.done).is_some_and(|model| is_linearizable(&model, &rest))
    })
}

fn any_command(store: &Store, seen: &mut Option<Version>) -> Done {
    let value = thread_rng().gen_range(0..3);
    match thread_rng().gen_range(0..8) {
        0 => {
            now(store.write("k", integer(value), None));
            Done::Set(value)
        }
        1 => Done::Delete(now(store.delete("k"))),
        2 => Done::Add(value, now(store.add("k", integer(value), None))),
        3 => Done::Increment(now(store.increment("k", 1, None))),
        4 => {
            now(store.clear(""));
            Done::Clear
        }
        5 | 6 if seen.is_some() => {
            let version = seen.take().expect("just seen");
            let swapped = now(store.compare_and_set("k", integer(value), None, &version));
            Done::Swap(version, value, swapped)
        }
        _ => {
            let read = read(store, "k");
            *seen = read.as_ref().map(|(_, version)| version.clone());
            Done::Get(read)
        }
    }
}

#[test]
fn the_commands_of_one_key_are_linearizable() {
    explore(|| {
        let store = Arc::new(Store::builder().max_entries(4).build());
        // Not shuttle's: to look at the clock and to write down are no steps of the test.
        let (clock, events) = (Arc::new(AtomicU64::new(0)), Arc::new(Mutex::new(Vec::new())));
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let (store, clock, events) = (Arc::clone(&store), Arc::clone(&clock), Arc::clone(&events));
                thread::spawn(move || {
                    let mut seen = None;
                    for _ in 0..3 {
                        let begun = clock.fetch_add(1, Ordering::SeqCst);
                        let done = any_command(&store, &mut seen);
                        let ended = clock.fetch_add(1, Ordering::SeqCst);
                        let mut events = events.lock().unwrap_or_else(PoisonError::into_inner);
                        events.push(Event { begun, ended, done });
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        let events = events.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(is_linearizable(&None, &events), "no order explains {events:#?}");
    });
}

#[test]
fn the_bound_holds_at_every_moment() {
    explore(|| {
        let store = Arc::new(Store::builder().max_entries(2).build());
        let threads: Vec<_> = (0..3)
            .map(|number| {
                let store = Arc::clone(&store);
                thread::spawn(move || {
                    for round in 0..3 {
                        let key = format!("{number} {round}");
                        now(store.write(&key, integer(round), None));
                        assert!(store.len() <= 2, "{} entries", store.len());
                        if thread_rng().gen_bool(0.3) {
                            now(store.delete(&key));
                        }
                        read(&store, &key);
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("no panic");
        }
        assert_eq!(store.weight(), store.len());
    });
}

#[test]
fn an_old_ttl_does_not_take_a_new_entry_away() {
    explore(|| {
        let store = Arc::new(Store::builder().max_entries(8).build());
        let others = {
            let store = Arc::clone(&store);
            thread::spawn(move || {
                for round in 0..4 {
                    now(store.write(
                        &format!("other {round}"),
                        integer(0),
                        Some(Duration::from_nanos(1)),
                    ));
                }
            })
        };
        now(store.write("k", integer(1), Some(Duration::from_nanos(1))));
        if thread_rng().gen_bool(0.5) {
            now(store.clear(""));
        }
        now(store.write("k", integer(2), None));
        others.join().expect("no panic");
        assert_eq!(read(&store, "k").map(|(value, _)| value), Some(2));
    });
}
