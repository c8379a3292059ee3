//! [`MemcachedBackend`]: the commands of a cache as commands of memcached.

use std::sync::Arc;
use std::time::Duration;

use aiocache_core::{
    Backend, Capabilities, Entry, Error, ErrorKind, JsonSerializer, KeyRule, Remaining, Reply, Result,
    StoreStats, StoreWatch, Version, Want,
};
use bytes::Bytes;

use crate::command::{
    Condition, Count, Delete, DeleteIf, Exists, Flush, Get, Line, NewGeneration, Ping, Set, SetIf, Touch, Ttl,
};
use crate::config::MemcachedBuilder;
use crate::expiry::Expiry;
use crate::key::{Key, clearable};
use crate::meta::Found;
use crate::raw;
use crate::servers::{Place, Servers};

/// memcached, one server or several.
///
/// Connects with the first command and by itself again whenever it has to. Cheap to clone; clones share their
/// connections. Each tokio runtime that uses it has its own,
/// [`pool_size`](MemcachedBuilder::pool_size) to each server.
///
/// Values live for whole seconds: a cache refuses a ttl with a fraction, and this backend rounds one up. A value may go
/// up to a second early, and up to two when the server's clock takes two at once, as it does every quarter of an hour or
/// so. memcached may drop any value at any time to make room. `clear_all` empties the servers; `clear` of a namespace is `Unsupported` unless
/// [`clearable_namespaces`](MemcachedBuilder::clearable_namespaces) is set.
///
/// A command that is harmless to repeat is sent again when its connection breaks, so a restart of a server costs it time
/// only; after that the count of a `delete` may miss what an earlier sending deleted. It is sent again over as many
/// connections as were there when the first broke, because a server takes them with it one after another, and over one
/// that was made later. `increment`, `add`, the two compare commands and `raw` are never repeated: when their answer is
/// lost, to a broken connection or to the deadline, the error is [`ErrorKind::Unknown`]. [`ErrorKind::Unavailable`] means
/// that nothing was done, or nothing that is harmful to repeat.
///
/// A version is good for the connections it was read by: when one to its server had to be made anew, it is refused,
/// because a server that was started again gives the same numbers to other writes. Behind one address there has to
/// be one server.
///
/// With several servers each holds a share of the keys, by consistent hashing. While one is away, commands on its
/// keys fail, and its keys are misses in a read of several keys if another server answers.
///
/// Servers and proxies that do not know the meta commands of memcached 1.6 are spoken to in the classic ones; there
/// the remaining ttl cannot be told, and a counter only goes up.
///
/// # Cancel safety
/// Any command may be dropped at any point: no answer goes to another caller. What was sent may still be done, but a
/// later write of the same key from the same runtime waits for it, so as not to be overtaken; what still waited for
/// a connection is not sent. [`close`](Backend::close) forgets what is under way: a write after it waits for none before it,
/// and may be undone by one whose answer was still open.
#[derive(Debug, Clone)]
pub struct MemcachedBackend {
    servers: Arc<Servers>,
}

impl MemcachedBackend {
    /// A backend with the usual options. Checks the URL and connects with the first command.
    ///
    /// Accepted is `memcached://[user:password@]host[:port][,host[:port]…][?clearable_namespaces=true]`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`], with what is wrong and what is accepted, but not with the URL.
    pub fn connect(url: impl Into<String>) -> Result<Self> {
        let url = url.into();
        if !url.starts_with("memcached://") {
            return Err(crate::config::invalid("a memcached URL begins with memcached://"));
        }
        Self::builder().server(url).build()
    }

    /// A backend with options; it needs a [`server`](MemcachedBuilder::server) at least.
    pub fn builder() -> MemcachedBuilder {
        MemcachedBuilder::new()
    }

    pub(crate) fn over(servers: Servers) -> Self {
        Self {
            servers: Arc::new(servers),
        }
    }

    fn key(&self, key: &str) -> Result<Key> {
        Key::new(key, self.servers.limits().max_key_bytes())
    }

    fn check_size(&self, raw: &Bytes) -> Result<()> {
        let (size, limit) = (raw.len(), self.servers.limits().max_value_bytes);
        if size > limit {
            return Err(Error::new(
                ErrorKind::ValueTooLarge,
                format!("{size} bytes, and max_value_bytes is {limit}"),
            ));
        }
        Ok(())
    }

    /// What is under each key. A server that is away costs its own keys, unless no server answers.
    async fn found(&self, keys: &[Key], want: Want) -> Result<Vec<Option<Found>>> {
        let get = |share: &[usize]| Get {
            keys: share.iter().map(|&at| keys[at].clone()).collect(),
            want,
        };
        let shares = self.servers.call_shares(keys.iter(), get).await?;
        let mut found: Vec<_> = keys.iter().map(|_| None).collect();
        let (mut answered, mut failure) = (keys.is_empty(), None);
        for (share, answer) in shares {
            match answer {
                Ok(answer) => {
                    answered = true;
                    for (at, one) in share.into_iter().zip(answer) {
                        found[at] = one;
                    }
                }
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if !answered => Err(error),
            _ => Ok(found),
        }
    }
}

impl Found {
    fn entry(&self) -> Entry<'_, Bytes> {
        Entry::new(&self.raw)
            .with_remaining(self.remaining)
            .with_version(self.version.clone())
    }
}

impl Backend for MemcachedBackend {
    type Raw = Bytes;
    type Serializer = JsonSerializer;

    fn name(&self) -> &'static str {
        "memcached"
    }

    fn capabilities(&self) -> Capabilities {
        let limits = self.servers.limits();
        let mut capabilities = Capabilities::remote();
        capabilities.ttl_resolution = Duration::from_secs(1);
        capabilities.keys = KeyRule::VisibleAscii {
            max_bytes: limits.max_key_bytes(),
        };
        capabilities.clear_namespace = limits.clearable;
        capabilities.clear_any_prefix = false;
        capabilities.max_value_bytes = Some(limits.max_value_bytes);
        capabilities.deadline = Some(self.servers.longest());
        capabilities
    }

    fn watch(&self, watch: StoreWatch) {
        self.servers.watch(&watch);
    }

    /// Tells how many connections are open to all servers together.
    fn stats(&self) -> StoreStats {
        let mut stats = StoreStats::default();
        stats.connections = Some(self.servers.connections());
        stats
    }

    async fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, Bytes>) -> R + Send,
    ) -> Result<Option<R>> {
        let key = self.key(key)?;
        let place = self.servers.place(&key);
        let keys = vec![key];
        let mut found = self.servers.call(place, Get { keys, want }).await?;
        Ok(found.pop().flatten().map(|found| f(found.entry())))
    }

    async fn read_many<R: Send>(
        &self,
        keys: &[&str],
        want: Want,
        mut f: impl FnMut(usize, Entry<'_, Bytes>) -> R + Send,
    ) -> Result<Vec<Option<R>>> {
        let keys = Key::all(keys, self.servers.limits().max_key_bytes())?;
        let found = self.found(&keys, want).await?.into_iter().enumerate();
        Ok(found
            .map(|(index, found)| found.map(|found| f(index, found.entry())))
            .collect())
    }

    async fn write(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<()> {
        let key = self.key(key)?;
        self.check_size(&raw)?;
        let place = self.servers.place(&key);
        let set = Set {
            items: vec![(key, raw)],
            expiry: Expiry::after(ttl),
        };
        let stored = self.servers.call(place, set).await?;
        stored.into_iter().try_for_each(|stored| stored.map(drop))
    }

    async fn write_many(&self, pairs: Vec<(&str, Bytes)>, ttl: Option<Duration>) -> Result<()> {
        let mut items = Vec::with_capacity(pairs.len());
        for (index, (key, raw)) in pairs.into_iter().enumerate() {
            let checked = self.key(key).and_then(|key| self.check_size(&raw).map(|()| key));
            items.push((checked.map_err(|error| error.with_index(index))?, raw));
        }
        let expiry = Expiry::after(ttl);
        let set = |share: &[usize]| Set {
            items: share.iter().map(|&at| items[at].clone()).collect(),
            expiry,
        };
        let keys = items.iter().map(|(key, _)| key);
        for (share, answer) in self.servers.call_shares(keys, set).await? {
            for (at, stored) in share.into_iter().zip(answer?) {
                stored.map_err(|error| error.with_index(at))?;
            }
        }
        Ok(())
    }

    async fn add(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<bool> {
        let key = self.key(key)?;
        self.check_size(&raw)?;
        let place = self.servers.place(&key);
        let add = SetIf {
            item: (key, raw),
            condition: Condition::Absent,
            expiry: Expiry::after(ttl),
        };
        self.servers.call(place, add).await
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        let key = self.key(key)?;
        let place = self.servers.place(&key);
        let keys = vec![key];
        Ok(self.servers.call(place, Delete { keys }).await? != 0)
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        let keys = Key::all(keys, self.servers.limits().max_key_bytes())?;
        let delete = |share: &[usize]| Delete {
            keys: share.iter().map(|&at| keys[at].clone()).collect(),
        };
        let shares = self.servers.call_shares(keys.iter(), delete).await?;
        shares.into_iter().map(|(_, deleted)| deleted).sum()
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        let key = self.key(key)?;
        self.servers.call(self.servers.place(&key), Exists { key }).await
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        let key = self.key(key)?;
        let place = self.servers.place(&key);
        let count = Count {
            key,
            delta,
            expiry: Expiry::after(ttl),
        };
        self.servers.call(place, count).await
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        let key = self.key(key)?;
        let place = self.servers.place(&key);
        let touch = Touch {
            key,
            expiry: Expiry::after(ttl),
        };
        self.servers.call(place, touch).await
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        let key = self.key(key)?;
        self.servers.call(self.servers.place(&key), Ttl { key }).await
    }

    /// Clears a namespace: `prefix` is its name and a colon. Needs
    /// [`clearable_namespaces`](MemcachedBuilder::clearable_namespaces).
    async fn clear(&self, prefix: &str) -> Result<()> {
        if !self.servers.limits().clearable {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "memcached cannot list its keys, so it cannot clear a namespace; build the backend with \
                 clearable_namespaces, delete keys by name, or empty the servers with clear_all",
            ));
        }
        let namespace = clearable(prefix)?;
        let renew = || NewGeneration {
            namespace: namespace.into(),
        };
        let answers = self.servers.call_all(renew).await?;
        answers.into_iter().collect()
    }

    async fn clear_all(&self) -> Result<()> {
        let answers = self.servers.call_all(|| Flush).await?;
        answers.into_iter().collect()
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: Bytes,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        let key = self.key(key)?;
        self.check_size(&raw)?;
        let place = self.servers.place(&key);
        let set = SetIf {
            item: (key, raw),
            condition: Condition::Version(version.clone()),
            expiry: Expiry::after(ttl),
        };
        self.servers.call(place, set).await
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        let key = self.key(key)?;
        let place = self.servers.place(&key);
        let delete = DeleteIf {
            key,
            version: version.clone(),
        };
        self.servers.call(place, delete).await
    }

    /// The line goes to the server of the key in its second word, or to the first server. The commands are those
    /// with one line and a known answer: `get`, `gets`, `gat`, `gats`, `touch`, `delete`, `incr`, `decr`, `mg`,
    /// `md`, `ma`, `me`, `mn`, `stats`, `version`, `flush_all`, `verbosity`, `cache_memlimit`, `slabs`, `lru`.
    /// Others are `Unsupported`.
    async fn raw(&self, arguments: &[&[u8]]) -> Result<Reply> {
        let line = raw::Line::new(arguments)?;
        match line.key.clone() {
            Some(key) => self.servers.call(self.servers.place(&key), Line(line)).await,
            None => self.servers.call(Place::FIRST, Line(line)).await,
        }
    }

    /// Succeeds if any of the servers answers: the others cost no more than their share of the keys.
    async fn ping(&self) -> Result<()> {
        let mut answers = self.servers.call_all(|| Ping).await?;
        let answered = answers.iter().position(Result::is_ok);
        answers.swap_remove(answered.unwrap_or_default())
    }

    async fn close(&self) -> Result<()> {
        self.servers.close();
        Ok(())
    }
}
