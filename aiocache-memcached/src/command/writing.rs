//! The commands that write keys.

use aiocache_core::{Result, Version};
use bytes::Bytes;

use super::Command;
use crate::connection::{Connection, Dialect};
use crate::error::{Fault, Repeat};
use crate::expiry::Expiry;
use crate::key::Key;
use crate::meta::Mode;
use crate::orphans::Touched;
use crate::{counter, meta, text};

/// Stores values whatever is there; for each, the refusal if it has one.
pub(crate) struct Set {
    pub(crate) items: Vec<(Key, Bytes)>,
    pub(crate) expiry: Expiry,
}

impl Command for Set {
    type Answer = Vec<Result<bool>>;

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::keys(self.keys())
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.items.iter().map(|(key, _)| key)
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<Self::Answer>, Fault> {
        set(link, &self.items, Mode::Always, self.expiry).await.map(Ok)
    }
}

/// Stores a value on a condition; whether it held.
pub(crate) struct SetIf {
    pub(crate) item: (Key, Bytes),
    pub(crate) condition: Condition,
    pub(crate) expiry: Expiry,
}

/// When a value is stored.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Absent,
    Version(Version),
}

impl Command for SetIf {
    type Answer = bool;

    const REPEAT: Repeat = Repeat::Harmful;

    fn touched(&self) -> Touched {
        Touched::keys(self.keys())
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.item.0)
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<bool>, Fault> {
        let mode = match &self.condition {
            Condition::Absent => Mode::IfAbsent,
            Condition::Version(version) => match valid(version, link) {
                Some(cas) => Mode::IfUnchanged { cas },
                None => return Ok(Ok(false)),
            },
        };
        let items = std::slice::from_ref(&self.item);
        let mut stored = set(link, items, mode, self.expiry).await?;
        stored.pop().ok_or(Fault::Strange)
    }
}

/// The id in `version`, unless the server may have been another then.
fn valid(version: &Version, link: &Connection) -> Option<u64> {
    let (cas, epoch) = version.as_number()?;
    (epoch == link.epoch()).then_some(cas)
}

/// Deletes keys; how many were there.
pub(crate) struct Delete {
    pub(crate) keys: Vec<Key>,
}

impl Command for Delete {
    type Answer = u64;

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::keys(self.keys())
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<u64>, Fault> {
        match link.dialect {
            Dialect::Meta => meta::delete(link, &self.keys, None).await.map(Ok),
            Dialect::Text => text::delete(link, &self.keys, None).await.map(Ok),
        }
    }
}

/// Deletes a key that is unchanged; whether it was.
pub(crate) struct DeleteIf {
    pub(crate) key: Key,
    pub(crate) version: Version,
}

impl Command for DeleteIf {
    type Answer = bool;

    const REPEAT: Repeat = Repeat::Harmful;

    fn touched(&self) -> Touched {
        Touched::keys(self.keys())
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.key)
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<bool>, Fault> {
        let Some(cas) = valid(&self.version, link) else {
            return Ok(Ok(false));
        };
        let keys = std::slice::from_ref(&self.key);
        let deleted = match link.dialect {
            Dialect::Meta => meta::delete(link, keys, Some(cas)).await?,
            Dialect::Text => text::delete(link, keys, Some(cas)).await?,
        };
        Ok(Ok(deleted != 0))
    }
}

/// Gives a key a new expiry; whether it was there.
pub(crate) struct Touch {
    pub(crate) key: Key,
    pub(crate) expiry: Expiry,
}

impl Command for Touch {
    type Answer = bool;

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::keys(self.keys())
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.key)
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<bool>, Fault> {
        match link.dialect {
            Dialect::Meta => meta::touch(link, &self.key, self.expiry).await.map(Ok),
            Dialect::Text => text::touch(link, &self.key, self.expiry).await.map(Ok),
        }
    }
}

/// Adds to a counter; its new value.
pub(crate) struct Count {
    pub(crate) key: Key,
    pub(crate) delta: i64,
    pub(crate) expiry: Expiry,
}

impl Command for Count {
    type Answer = i64;

    const REPEAT: Repeat = Repeat::Harmful;

    fn touched(&self) -> Touched {
        Touched::keys(self.keys())
    }

    fn keys(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.key)
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<i64>, Fault> {
        match link.dialect {
            Dialect::Meta => counter::add(link, &self.key, self.delta, self.expiry).await,
            Dialect::Text => text::add(link, &self.key, self.delta, self.expiry).await,
        }
    }
}

/// Stores values, in their order; for each, whether it was stored, or why it was refused.
pub(crate) async fn set(
    link: &mut Connection,
    items: &[(Key, Bytes)],
    mode: Mode,
    expiry: Expiry,
) -> Result<Vec<Result<bool>>, Fault> {
    match link.dialect {
        Dialect::Meta => meta::set(link, items, mode, expiry).await,
        Dialect::Text => text::set(link, items, mode, expiry).await,
    }
}
