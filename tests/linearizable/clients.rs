//! Clients that do random things to the same few keys, and write down what came of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use aiocache::{Backend, Entry, Raw, Version, Want};

use crate::history::{Answer, Asked, Event};

/// Few, so that commands meet.
pub(crate) const KEYS: usize = 2;

/// A number for each beginning and end of a command, of all clients.
#[derive(Debug, Default)]
pub(crate) struct Moments(AtomicU64);

impl Moments {
    pub(crate) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

/// The events of each key.
pub(crate) type Events = [Vec<Event>; KEYS];

/// A client of a store.
pub(crate) struct Client<'a, B> {
    pub(crate) backend: &'a B,
    pub(crate) moments: &'a Moments,
    /// Which keys, and what random commands.
    pub(crate) round: u64,
    pub(crate) number: u64,
    /// Whether it lets other threads run in the middle of some commands, as a store in process is too quick to be met.
    pub(crate) yields: bool,
}

impl<B: Backend> Client<'_, B> {
    /// Runs so many commands, one after the other.
    pub(crate) async fn run(&self, commands: usize) -> Events {
        let mut random = self.round * 1_000_003 + self.number + 1;
        let mut events = Events::default();
        // The last version that this client has seen of each key, and when it began to read it.
        let mut versions: [Option<(u64, Version)>; KEYS] = [const { None }; KEYS];
        for command in 0..commands {
            let chance = next(&mut random);
            let at = usize::try_from(chance % KEYS as u64).expect("a few keys");
            let key = format!("linearizable-{}-{at}", self.round);
            // No two writes of a round are of one value.
            let value = i64::try_from(1_000 * (1 + self.number * 1_000 + command as u64)).expect("small");
            let asked = choose(chance >> 32, value, versions[at].as_ref().map(|(read, _)| *read));
            let began = self.moments.next();
            self.give_way(chance >> 16);
            let answer = match asked {
                Asked::Versioned => {
                    let (answer, version) = self.read(&key).await;
                    versions[at] = version.map(|version| (began, version));
                    answer
                }
                _ => {
                    self.ask(&key, asked, versions[at].as_ref().map(|(_, version)| version))
                        .await
                }
            };
            self.give_way(chance >> 20);
            let ended = self.moments.next();
            events[at].push(Event {
                began,
                ended,
                asked,
                answer,
            });
        }
        events
    }

    fn give_way(&self, chance: u64) {
        if self.yields && chance.is_multiple_of(4) {
            thread::yield_now();
        }
    }

    async fn read(&self, key: &str) -> (Answer, Option<Version>) {
        let look = |entry: Entry<'_, B::Raw>| (entry.raw.integer(), entry.version);
        let found = self.backend.read(key, Want::VERSION, look).await;
        let (value, version) = found.expect("the store answers").unwrap_or_default();
        (Answer::Value(value), version)
    }

    async fn ask(&self, key: &str, asked: Asked, version: Option<&Version>) -> Answer {
        let (backend, raw) = (self.backend, B::Raw::from_integer);
        let version = || version.expect("there is a version to compare with");
        let done = match asked {
            Asked::Get | Asked::Versioned => {
                let look = |entry: Entry<'_, B::Raw>| entry.raw.integer();
                let found = match backend.read_now(key, look) {
                    Some(found) => found,
                    None => backend.read(key, Want::VALUE, look).await,
                };
                return Answer::Value(found.expect("the store answers").flatten());
            }
            Asked::Increment(by) => {
                let sum = backend.increment(key, by, None).await;
                return Answer::Number(sum.expect("the store answers"));
            }
            Asked::Set(value) => backend.write(key, raw(value), None).await.map(|()| true),
            Asked::Add(value) => backend.add(key, raw(value), None).await,
            Asked::Delete => backend.delete(key).await,
            Asked::CompareAndSet(_, value) => backend.compare_and_set(key, raw(value), None, version()).await,
            Asked::CompareAndDelete(_) => backend.compare_and_delete(key, version()).await,
        };
        Answer::Done(done.expect("the store answers"))
    }
}

fn choose(chance: u64, value: i64, read: Option<u64>) -> Asked {
    match (chance % 10, read) {
        (0 | 1, _) => Asked::Get,
        (2, Some(read)) => Asked::CompareAndSet(read, value),
        (3, Some(read)) => Asked::CompareAndDelete(read),
        (4, _) => Asked::Set(value),
        (5, _) => Asked::Add(value),
        (6, _) => Asked::Delete,
        (7, _) => Asked::Increment(1),
        (8, _) => Asked::Increment(-2),
        (2 | 3 | 9.., _) => Asked::Versioned,
    }
}

/// `SplitMix64`.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
