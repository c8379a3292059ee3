//! The commands that are sent to one server, in the dialect that it knows.

use std::future::Future;

use aiocache_core::{Error, ErrorKind, Remaining, Reply, Result, Version, Want};
use bytes::Bytes;

use crate::connection::{Connection, Dialect};
use crate::error::{Fault, Repeat};
use crate::expiry::Expiry;
use crate::key::Key;
use crate::meta::{Found, Mode};
use crate::orphans::Touched;
use crate::{counter, meta, raw, text};

/// A command, or several in one round trip.
pub(crate) trait Command: Send + Sync + 'static {
    type Answer: Send + 'static;

    const REPEAT: Repeat;

    /// Which keys it writes.
    fn touched(&self) -> Touched;

    /// Runs it to its end on a connection that nobody else uses. The inner error is an answer: the connection is
    /// in step.
    fn run(&self, link: &mut Connection) -> impl Future<Output = Result<Result<Self::Answer>, Fault>> + Send;
}

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

    async fn run(&self, link: &mut Connection) -> Result<Result<Self::Answer>, Fault> {
        match link.dialect {
            Dialect::Meta => meta::get(link, &self.keys, self.want).await.map(Ok),
            Dialect::Text => text::get(link, &self.keys, self.want).await.map(Ok),
        }
    }
}

/// Stores values whatever is there; for each, the refusal if it has one.
pub(crate) struct Set {
    pub(crate) items: Vec<(Key, Bytes)>,
    pub(crate) expiry: Expiry,
}

impl Command for Set {
    type Answer = Vec<Result<bool>>;

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::keys(self.items.iter().map(|(key, _)| key))
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<Self::Answer>, Fault> {
        match link.dialect {
            Dialect::Meta => meta::set(link, &self.items, Mode::Always, self.expiry)
                .await
                .map(Ok),
            Dialect::Text => text::set(link, &self.items, Mode::Always, self.expiry)
                .await
                .map(Ok),
        }
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
        Touched::keys([&self.item.0])
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
        let mut stored = match link.dialect {
            Dialect::Meta => meta::set(link, items, mode, self.expiry).await?,
            Dialect::Text => text::set(link, items, mode, self.expiry).await?,
        };
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
        Touched::keys(&self.keys)
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
        Touched::keys([&self.key])
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

    async fn run(&self, link: &mut Connection) -> Result<Result<bool>, Fault> {
        match link.dialect {
            Dialect::Meta => meta::exists(link, &self.key).await.map(Ok),
            Dialect::Text => text::exists(link, &self.key).await.map(Ok),
        }
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
        Touched::keys([&self.key])
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<bool>, Fault> {
        match link.dialect {
            Dialect::Meta => meta::touch(link, &self.key, self.expiry).await.map(Ok),
            Dialect::Text => text::touch(link, &self.key, self.expiry).await.map(Ok),
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
        Touched::keys([&self.key])
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<i64>, Fault> {
        match link.dialect {
            Dialect::Meta => counter::add(link, &self.key, self.delta, self.expiry).await,
            Dialect::Text => text::add(link, &self.key, self.delta, self.expiry).await,
        }
    }
}

/// Empties a server.
pub(crate) struct Flush;

impl Command for Flush {
    type Answer = ();

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::Everything
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<()>, Fault> {
        let mut request = link.request();
        request.push(b"flush_all\r\n");
        link.exchange(request, async |reader| match reader.answer().await? {
            b"OK" => Ok(Ok(())),
            _ => Err(Fault::Strange),
        })
        .await
    }
}

/// One round trip.
pub(crate) struct Ping;

impl Command for Ping {
    type Answer = ();

    const REPEAT: Repeat = Repeat::Harmless;

    fn touched(&self) -> Touched {
        Touched::Nothing
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<()>, Fault> {
        text::version(link).await.map(|_| Ok(()))
    }
}

/// A line of the user's own.
pub(crate) struct Line(pub(crate) raw::Line);

impl Command for Line {
    type Answer = Reply;

    const REPEAT: Repeat = Repeat::Harmful;

    fn touched(&self) -> Touched {
        Touched::Everything
    }

    async fn run(&self, link: &mut Connection) -> Result<Result<Reply>, Fault> {
        self.0.run(link).await
    }
}
