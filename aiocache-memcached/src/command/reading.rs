//! The commands that change nothing.

use aiocache_core::{Error, ErrorKind, Remaining, Result, Want};

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

    fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<Self::Answer>, Fault> {
        get(link, &self.keys, self.want).await.map(Ok)
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
