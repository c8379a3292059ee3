//! The commands that change nothing.

use aiocache_core::{Error, ErrorKind, Remaining, Result, Version, Want};

use super::Command;
use crate::connection::{Connection, Dialect};
use crate::error::{Fault, Repeat};
use crate::key::Key;
use crate::meta::Found;
use crate::orphans::Touched;
use crate::{meta, text};

/// Reads keys, in their order.
pub(crate) struct Get {
    pub(crate) keys: Vec<Key>,
    pub(crate) want: Want,
}

impl Command for Get {
    type Answer = Vec<Option<Found>>;

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::Nothing
    }

    /// A version is read to write by it, or to release a lock: what was begun before belongs to what it finds.
    fn follows(&self) -> Touched {
        if self.want.version {
            Touched::keys(&self.keys)
        } else {
            Touched::Nothing
        }
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<Self::Answer>, Fault> {
        let mut found = get(link, &self.keys, self.want).await?;
        if self.want.version {
            confirm(link, &self.keys, &mut found).await?;
        }
        Ok(Ok(found))
    }
}

/// Whether a key is there.
pub(crate) struct Exists {
    pub(crate) key: Key,
}

impl Command for Exists {
    type Answer = bool;

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::Nothing
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.key)
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<bool>, Fault> {
        match link.dialect {
            Dialect::Meta => meta::exists(link, &self.key).await.map(Ok),
            Dialect::Text => text::exists(link, &self.key).await.map(Ok),
        }
    }
}

/// How long a key still lives.
pub(crate) struct Ttl {
    pub(crate) key: Key,
}

impl Command for Ttl {
    type Answer = Remaining;

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::Nothing
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.key)
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<Remaining>, Fault> {
        match link.dialect {
            Dialect::Meta => meta::remaining(link, &self.key).await.map(Ok),
            Dialect::Text => Ok(Err(Error::new(
                ErrorKind::Unsupported,
                "this server or proxy knows no meta commands (memcached 1.6), and no other tells the ttl",
            ))),
        }
    }
}

/// What is under keys, in their order.
pub(crate) async fn get(
    link: &mut Connection,
    keys: &[Key],
    want: Want,
) -> Result<Vec<Option<Found>>, Fault> {
    match link.dialect {
        Dialect::Meta => meta::get(link, keys, want).await,
        Dialect::Text => text::get(link, keys, want).await,
    }
}

/// The longest text that memcached counts with.
const MAX_COUNTER_BYTES: usize = 20;
/// That of no connection: a version of it is refused.
const NO_EPOCH: u64 = u64::MAX;

/// Reads what may be counters once more, and spoils the versions of those that are no longer the same.
///
/// memcached's arithmetic stamps its new id on the item that it replaces too, so a reader that holds the old item may
/// be handed the old value with the new id, and a compare-and-set with it would undo the increment. By then the new
/// item is in place: a second reading differs. Where it does, somebody wrote since the first, whose version is
/// refused by right.
async fn confirm(link: &mut Connection, keys: &[Key], found: &mut [Option<Found>]) -> Result<(), Fault> {
    let may_count =
        |found: &Found| found.raw.len() <= MAX_COUNTER_BYTES && found.raw.iter().any(u8::is_ascii_digit);
    let (counters, again): (Vec<_>, Vec<_>) = found
        .iter_mut()
        .zip(keys)
        .filter_map(|(found, key)| Some((found.as_mut().filter(|found| may_count(found))?, key.clone())))
        .unzip();
    if again.is_empty() {
        return Ok(());
    }
    let second = get(link, &again, Want::VERSION).await?;
    for (counter, second) in counters.into_iter().zip(second) {
        let is_same =
            second.is_some_and(|second| second.raw == counter.raw && second.version == counter.version);
        if !is_same {
            counter.version = Some(Version::number(0, NO_EPOCH));
        }
    }
    Ok(())
}
