//! P25 of `docs/reliability.md`: the commands on a key happen one after another, each between its call and its answer,
//! in every store. Random clients, and a checker that looks for the order.
//!
//! `AIOCACHE_STRESS=10` runs ten times as many rounds.

mod clients;
mod history;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use aiocache::memcached::MemcachedBackend;
use aiocache::redis::RedisBackend;
use aiocache::testing::{MemcachedServer, RedisServer};
use aiocache::{Backend, MemoryBackend, Object, Raw, Typed};
use clients::{Client, Events, Moments};
use history::Versions;
use tokio::task::JoinSet;

/// On a wire.
const CLIENTS: u64 = 4;
/// In memory.
const THREADS: u64 = 3;
/// Of each client in a round.
const COMMANDS: usize = 12;
/// Longer than a machine stands still: a command without an answer is no observation.
const PATIENCE: Duration = Duration::from_secs(10);

fn times(rounds: u64) -> u64 {
    let factor = std::env::var("AIOCACHE_STRESS").map_or(1, |factor| factor.parse().expect("a whole number"));
    rounds * factor
}

/// Checks a round, and gives how many of its commands met another one of their key, and how many there were.
fn check(
    store: &str,
    round: u64,
    events: impl IntoIterator<Item = Events>,
    versions: Versions,
) -> (usize, usize) {
    let mut of_keys = Events::default();
    for of_client in events {
        for (all, some) in of_keys.iter_mut().zip(of_client) {
            all.extend(some);
        }
    }
    let (mut met, mut all) = (0, 0);
    for (key, events) in of_keys.iter_mut().enumerate() {
        events.sort_by_key(|event| event.began);
        met += events
            .windows(2)
            .filter(|pair| pair[1].began < pair[0].ended)
            .count();
        all += events.len();
        assert!(
            history::is_linearizable(events, versions),
            "{store}, round {round}, key {key}: no order explains {events:#?}"
        );
    }
    (met, all)
}

/// Says what was checked.
fn report(store: &str, rounds: impl IntoIterator<Item = (usize, usize)>) {
    let add = |(met, all), (more_met, more)| (met + more_met, all + more);
    let (met, all) = rounds.into_iter().fold((0, 0), add);
    println!("P25, {store}: {all} commands, {met} of them at once with another on their key, in one order");
    assert!(met > 0, "commands that never meet show nothing");
}

/// What a store in process gives without waiting.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a store in process waits for nothing"),
    }
}

/// Waits until `all` threads are here: without sleeping, for one that is woken comes when the others are done.
fn meet(here: &AtomicU64, all: u64) {
    let before = here.fetch_add(1, Ordering::SeqCst);
    while here.load(Ordering::SeqCst) < before - before % all + all {
        thread::yield_now();
    }
}

fn memory<R: Raw>(rounds: u64) {
    let backend = MemoryBackend::<R>::new();
    let (moments, here) = (Moments::default(), AtomicU64::new(0));
    let client = |number| {
        let rounds = (0..rounds).map(|round| {
            let client = Client {
                backend: &backend,
                moments: &moments,
                round,
                number,
                yields: true,
            };
            meet(&here, THREADS);
            at_once(client.run(COMMANDS))
        });
        rounds.collect::<Vec<_>>()
    };
    let clients: Vec<Vec<Events>> = thread::scope(|scope| {
        let client = &client;
        let running: Vec<_> = (0..THREADS)
            .map(|number| scope.spawn(move || client(number)))
            .collect();
        let ended = running.into_iter().map(|thread| thread.join().expect("no panic"));
        ended.collect()
    });
    let mut clients: Vec<_> = clients.into_iter().map(Vec::into_iter).collect();
    let rounds = (0..rounds).map(|round| {
        let events = clients.iter_mut().filter_map(Iterator::next);
        check("memory", round, events, Versions::Writes)
    });
    report("memory", rounds);
}

/// Half of the clients through one backend and half through another, as in two processes.
async fn on_a_wire<B: Backend>(backends: [B; 2], rounds: u64, versions: Versions) {
    let backends = Arc::new(backends);
    let moments = Arc::new(Moments::default());
    let (name, mut checked) = (backends[0].name(), Vec::new());
    for round in 0..rounds {
        let mut running = JoinSet::new();
        for number in 0..CLIENTS {
            let (backends, moments) = (Arc::clone(&backends), Arc::clone(&moments));
            running.spawn(async move {
                let client = Client {
                    backend: &backends[usize::from(number % 2 == 0)],
                    moments: &moments,
                    round,
                    number,
                    yields: false,
                };
                client.run(COMMANDS).await
            });
        }
        checked.push(check(name, round, running.join_all().await, versions));
    }
    report(name, checked);
}

#[test]
fn commands_on_a_key_in_memory_happen_one_after_another() {
    memory::<Object>(times(1_000));
    memory::<Typed<i64>>(times(1_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_on_a_key_in_redis_happen_one_after_another() {
    let server = RedisServer::start().expect("redis-server starts");
    let backend = || {
        let patient = RedisBackend::builder(server.url()).deadline(PATIENCE).build();
        patient.expect("a good URL")
    };
    on_a_wire([backend(), backend()], times(150), Versions::Values).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_on_a_key_in_memcached_happen_one_after_another() {
    let server = MemcachedServer::start().expect("memcached starts");
    let backend = || {
        let builder = MemcachedBackend::builder().server(server.addr().to_string());
        builder.deadline(PATIENCE).build().expect("a good address")
    };
    on_a_wire([backend(), backend()], times(150), Versions::Writes).await;
}
