//! A backend used from several runtimes of tokio, as that of a cache in a `static` is: each test of a program has one.
//!
//! Every function here runs rounds of writing, reading, counting and locking in each of its runtimes, and gives the time
//! of the slowest command. It panics if an answer is an error or a wrong one, and must be called outside of a runtime.
//!
//! # Examples
//! ```
//! use std::time::Duration;
//! use aiocache_core::testing::runtimes;
//! use aiocache_core::{MemoryBackend, Object};
//!
//! let backend = MemoryBackend::<Object>::new();
//! assert!(runtimes::one_after_another(&backend) < Duration::from_secs(1));
//! assert!(runtimes::at_once(&backend) < Duration::from_secs(1));
//! ```

use std::future::Future;
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use super::Sample;
use crate::backend::{Backend, Locked, Want};
use crate::error::Result;

/// How often each runtime does everything.
const ROUNDS: i64 = 10;
const COUNTER: &str = "runtimes-counter";

/// Ten runtimes of one thread, and then one of several, each of which ends before the next one begins.
///
/// # Panics
/// If an answer is an error or a wrong one.
pub fn one_after_another<B: Backend<Raw: Sample>>(backend: &B) -> Duration {
    counting(backend, 11, || {
        let alone = (0..10).map(|_| one_thread().block_on(rounds(backend)));
        let slowest = alone.max().unwrap_or_default();
        let several = Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let last = several.expect("a runtime").block_on(rounds(backend));
        slowest.max(last)
    })
}

/// Three runtimes at once, each in a thread of its own.
///
/// # Panics
/// If an answer is an error or a wrong one.
pub fn at_once<B: Backend<Raw: Sample>>(backend: &B) -> Duration {
    counting(backend, 3, || {
        thread::scope(|scope| {
            let run = || one_thread().block_on(rounds(backend));
            let threads: [_; 3] = std::array::from_fn(|_| scope.spawn(run));
            let times = threads.map(|thread| thread.join().expect("no command panics"));
            times.into_iter().max().unwrap_or_default()
        })
    })
}

/// Three runtimes beside one that was left in the middle of a command and is not driven; and that one again.
///
/// # Panics
/// If an answer is an error or a wrong one.
pub fn beside_one_that_stands_still<B: Backend<Raw: Sample>>(backend: &B) -> Duration {
    counting(backend, 5, || {
        let still = one_thread();
        still.block_on(rounds(backend));
        let halfway = async { tokio::time::timeout(Duration::from_micros(1), backend.ping()).await };
        drop(still.block_on(halfway));
        let others = (0..3).map(|_| one_thread().block_on(rounds(backend)));
        let slowest = others.max().unwrap_or_default();
        slowest.max(still.block_on(rounds(backend)))
    })
}

/// Sees that the work of so many runtimes is counted once.
fn counting<B: Backend>(backend: &B, runtimes: i64, work: impl FnOnce() -> Duration) -> Duration {
    let count = || one_thread().block_on(backend.increment(COUNTER, 0, None));
    let before = count().expect("the store counts");
    let slowest = work();
    let after = count().expect("the store counts");
    assert_eq!(after - before, runtimes * ROUNDS, "each increment counts once");
    slowest
}

fn one_thread() -> Runtime {
    let built = Builder::new_current_thread().enable_all().build();
    built.expect("a runtime")
}

/// The slowest command of what one runtime does.
async fn rounds<B: Backend<Raw: Sample>>(backend: &B) -> Duration {
    let mut slowest = Duration::ZERO;
    let locks = backend.capabilities().compare;
    // Several runtimes ask for the lock at once, and one has it.
    let token = format!("{:?}", thread::current().id());
    for _ in 0..ROUNDS {
        let value = B::Raw::sample(b"1").expect("every raw type of a suite can hold text");
        timed(&mut slowest, backend.write("runtimes-key", value, None)).await;
        let read = backend.read("runtimes-key", Want::VALUE, |entry| entry.raw.content());
        let read = timed(&mut slowest, read).await;
        assert_eq!(read, Some(Some(b"1".to_vec())));
        timed(&mut slowest, backend.increment(COUNTER, 1, None)).await;
        if locks {
            let lock = backend.lock("runtimes-lock", &token, Duration::from_secs(60));
            let had = timed(&mut slowest, lock).await != Locked::Refused;
            let unlock = backend.unlock("runtimes-lock", &token);
            assert_eq!(timed(&mut slowest, unlock).await, had);
        }
    }
    slowest
}

async fn timed<T>(slowest: &mut Duration, command: impl Future<Output = Result<T>>) -> T {
    let start = Instant::now();
    let answer = command.await;
    *slowest = start.elapsed().max(*slowest);
    answer.expect("the store answers")
}
