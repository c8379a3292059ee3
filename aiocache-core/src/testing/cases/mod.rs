//! The cases of the conformance suite. Each proves the line of a `# Behavior` list of
//! [`Backend`] that its documentation repeats.
//!
//! They are public so that one of them can be run alone, with [`run_case`](super::run_case); those of
//! [`concurrency`] with [`run_concurrent_case`](super::run_concurrent_case).

#![allow(
    clippy::missing_panics_doc,
    clippy::missing_errors_doc,
    reason = "to panic or to pass on the store's error is how a case fails"
)]

pub mod adding;
pub mod clearing;
pub mod commands;
pub mod comparing;
pub mod concurrency;
pub mod counting;
pub mod deleting;
pub mod expiring;
pub mod keys;
pub mod lifetimes;
pub mod locking;
pub mod reading;
pub mod reading_many;
pub mod versions;
pub mod writing;
pub mod writing_many;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::{Fixture, Sample};
use crate::backend::{Backend, Raw, Want};
use crate::error::{ErrorKind, Result};
use crate::ttl::Remaining;

/// A ttl that no case lives to see the end of.
const LONG: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The kind of the error that a command had to end with.
fn refused<T>(result: Result<T>) -> ErrorKind {
    match result {
        Ok(_) => panic!("the command worked where it has to be refused"),
        Err(error) => error.kind(),
    }
}

/// How long is left of `ttl` by what the store says, checked to be at most `ttl` and no less than it less a grain
/// and what a busy machine needs.
fn assert_about<B: Backend>(store: &Fixture<B>, remaining: Remaining, ttl: Duration) {
    let Remaining::For(left) = remaining else {
        panic!("{remaining:?} is left of {ttl:?}");
    };
    let early = store.grain() + store.slack(Duration::from_secs(5).min(ttl));
    assert!(
        left <= ttl + store.grain(),
        "{left:?} is left of a ttl of {ttl:?}"
    );
    assert!(left + early >= ttl, "only {left:?} is left of a ttl of {ttl:?}");
}

/// What a read hands over as remaining ttl.
async fn remaining_on_read<B: Backend>(store: &Fixture<B>, key: &str) -> Result<Option<Remaining>> {
    let read = store.read(key, Want::REMAINING, |entry| entry.remaining).await?;
    Ok(read.flatten())
}

/// References to keys, as the commands over several keys take them.
fn strs(keys: &[String]) -> Vec<&str> {
    keys.iter().map(String::as_str).collect()
}

/// Begins a command, lets the rest of the runtime go on `turns` times, and drops the command if it is not done.
async fn begin_and_drop<T>(command: impl Future<Output = T>, turns: u32) {
    let mut command = pin!(command);
    let begin = poll_fn(|context| Poll::Ready(command.as_mut().poll(context)));
    if begin.await.is_pending() {
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
    }
}
