//! Namespaces that can be cleared: on every server each has a number, its generation, which is part of its keys there.
//!
//! A clear replaces the number, so nothing that was stored before is found any more; memcached drops it in time. A
//! command asks for the number in the same write as the rest, before it, and supposes the one that was heard last. If
//! it is another, what came of it says nothing and has changed nothing that anybody sees, and the command runs once
//! more with the number just heard. So every command has a moment within its own time at which its number was the
//! one in force: none that begins after a clear has ended finds anything from before it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use aiocache_core::{Result, Want};
use bytes::Bytes;

use crate::command::{Command, get, set};
use crate::connection::{Connection, Dialect};
use crate::error::Fault;
use crate::expiry::Expiry;
use crate::key::Key;
use crate::meta::{Found, Mode};
use crate::orphans::Touched;

mod scope;

pub(crate) use scope::Scope;

/// The longest number and the colon behind it.
pub(crate) const NUMBER_BYTES: usize = 21;
/// How many namespaces are remembered for each server.
const REMEMBERED: usize = 8192;

/// The numbers of some namespaces.
type Numbers = BTreeMap<Box<str>, u64>;

/// The numbers of one server as they were heard last.
#[derive(Default)]
pub(crate) struct Generations(Mutex<HashMap<Box<str>, u64>>);

impl Generations {
    /// The numbers of all these, unless one was never heard.
    fn of<'n>(&self, namespaces: impl Iterator<Item = &'n Box<str>>) -> Option<Numbers> {
        let heard = self.heard();
        namespaces
            .map(|namespace| Some((namespace.clone(), *heard.get(namespace)?)))
            .collect()
    }

    fn learn(&self, numbers: &Numbers) {
        let mut heard = self.heard();
        if heard.len() + numbers.len() > REMEMBERED {
            heard.clear();
        }
        heard.extend(
            numbers
                .iter()
                .map(|(namespace, number)| (namespace.clone(), *number)),
        );
    }

    /// A number that this namespace never had.
    fn next(&self, namespace: &str, before: Option<u64>) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let before = before.max(self.heard().get(namespace).copied());
        before.map_or(now, |before| now.max(before + 1))
    }

    fn heard(&self) -> MutexGuard<'_, HashMap<Box<str>, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Generations {
    /// Shows no namespaces: what is before the first colon of a key may be a person's name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generations").finish_non_exhaustive()
    }
}

/// Runs a command on a server whose namespaces have generations.
pub(crate) async fn run<C: Command>(
    command: &C,
    link: &mut Connection,
    all: Arc<Generations>,
) -> Result<Result<C::Answer>, Fault> {
    let mut numbers: Numbers = command
        .keys()
        .filter_map(|key| Some((key.in_namespace()?.0.into(), 0)))
        .collect();
    if numbers.is_empty() {
        return command.run(link).await;
    }
    let supposed = if link.dialect == Dialect::Meta && may_run_twice(command, &numbers) {
        all.of(numbers.keys())
    } else {
        None
    };
    let heard = match supposed {
        Some(supposed) => {
            link.scope.suppose(supposed);
            let answer = command.run(link).await?;
            match link.scope.verdict() {
                Some(heard) => heard,
                None => return Ok(answer),
            }
        }
        None => None,
    };
    numbers = match heard {
        Some(heard) => heard,
        None => match settle(link, &all, numbers).await? {
            Ok(numbers) => numbers,
            Err(refused) => return Ok(Err(refused)),
        },
    };
    all.learn(&numbers);
    link.scope.enter(numbers);
    let answer = command.run(link).await;
    link.scope.leave();
    answer
}

/// Whether a run under numbers that are no longer in force does nothing that anybody sees. A delete in two namespaces
/// would, and count nothing the second time.
fn may_run_twice<C: Command>(command: &C, numbers: &Numbers) -> bool {
    let is_one = || numbers.len() == 1 && command.keys().all(|key| key.in_namespace().is_some());
    command.touched() == Touched::Nothing || is_one()
}

/// Reads the numbers of these namespaces, and makes those that are missing.
async fn settle(
    link: &mut Connection,
    all: &Generations,
    mut numbers: Numbers,
) -> Result<Result<Numbers>, Fault> {
    let keys: Vec<_> = numbers
        .keys()
        .map(|namespace| Key::of_generation(namespace))
        .collect();
    loop {
        let found = get(link, &keys, Want::VALUE).await?;
        let (mut absent, mut spoilt) = (Vec::new(), Vec::new());
        for (((namespace, number), key), found) in numbers.iter_mut().zip(&keys).zip(found) {
            match found.as_ref().map(|found| parse(&found.raw)) {
                Some(Some(there)) => {
                    *number = there;
                    continue;
                }
                Some(None) => &mut spoilt,
                None => &mut absent,
            }
            .push((key.clone(), written(all.next(namespace, None))));
        }
        if absent.is_empty() && spoilt.is_empty() {
            return Ok(Ok(numbers));
        }
        // What others make in between is as good, and is read in the next round.
        for (items, mode) in [(absent, Mode::IfAbsent), (spoilt, Mode::Always)] {
            for made in set(link, &items, mode, Expiry::NEVER).await? {
                if let Err(refused) = made {
                    return Ok(Err(refused));
                }
            }
        }
    }
}

/// Gives a namespace another number, so that nothing that was stored before is found.
pub(crate) async fn renew(link: &mut Connection, namespace: &str) -> Result<Result<()>, Fault> {
    let Some(all) = link.scope.generations() else {
        return Ok(Ok(()));
    };
    let key = Key::of_generation(namespace);
    let found = get(link, std::slice::from_ref(&key), Want::VERSION)
        .await?
        .pop()
        .flatten();
    let (before, mode) = match found {
        Some(Found {
            raw,
            version: Some(version),
            ..
        }) => match version.as_number() {
            Some((cas, _)) => (parse(&raw), Mode::IfUnchanged { cas }),
            None => return Err(Fault::Strange),
        },
        Some(_) => return Err(Fault::Strange),
        None => (None, Mode::IfAbsent),
    };
    let number = all.next(namespace, before);
    let mut made = set(link, &[(key, written(number))], mode, Expiry::NEVER).await?;
    // Where somebody else was faster, theirs is a number that nothing from before has.
    Ok(made.pop().ok_or(Fault::Strange)?.map(|made| {
        if made {
            all.learn(&Numbers::from([(namespace.into(), number)]));
        }
    }))
}

/// A number, with room for others above it.
fn parse(raw: &[u8]) -> Option<u64> {
    let number = std::str::from_utf8(raw).ok()?.parse().ok();
    number.filter(|number| *number <= u64::MAX / 2)
}

fn written(number: u64) -> Bytes {
    number.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_above_all_that_were_seen_also_by_a_clock_that_went_back() {
        let all = Generations::default();
        let first = all.next("users", None);
        assert!(first > 1_700_000_000_000_000, "microseconds since 1970");
        let future = first + 1_000_000_000;
        all.learn(&Numbers::from([("users".into(), future)]));
        assert_eq!(all.next("users", None), future + 1);
        assert_eq!(all.next("users", Some(future + 7)), future + 8);
        assert!(all.next("others", None) < future);
    }

    #[test]
    fn only_so_many_namespaces_are_remembered() {
        let all = Generations::default();
        for n in 0..3 * REMEMBERED as u64 {
            all.learn(&Numbers::from([(n.to_string().into(), n)]));
            assert!(all.heard().len() <= REMEMBERED);
        }
        let last = (3 * REMEMBERED - 1).to_string().into_boxed_str();
        assert!(all.of([last].iter()).is_some());
    }
}
