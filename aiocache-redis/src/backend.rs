//! [`RedisBackend`]: the commands of a cache as commands of Redis.

use std::fmt;
use std::time::Duration;

use aiocache_core::{
    Backend, Capabilities, Entry, Error, ErrorKind, JsonSerializer, Locked, Remaining, Reply, Result,
    StoreStats, StoreWatch, Version, Want,
};
use bytes::Bytes;
use redis::{Cmd, Value};

use crate::command::one;
use crate::config::{Limits, RedisBuilder};
use crate::connect::Connect;
use crate::connection::Connections;
use crate::script::{self, Script};
use crate::store::Store;
use crate::wire::Repeat;
use crate::{command, lock, read, reply, scan, write};

/// Redis, Valkey and what else speaks their protocol.
///
/// Connects with the first command and by itself again whenever it has to. Cheap to clone; clones share their
/// connections. Each tokio runtime that uses it has two: one for ordinary commands and one for requests over 1 MiB.
///
/// A command that is harmless to repeat is repeated once when its connection breaks, so a restart of the server
/// costs it time only; after that the count of a `delete` may miss what the first sending deleted. `increment`,
/// `add`, the two compare commands and `raw` are never repeated: when their answer is lost, to a broken connection
/// or to the deadline, the error is [`ErrorKind::Unknown`]. [`ErrorKind::Unavailable`] means that nothing was done,
/// or nothing that is harmful to repeat.
///
/// A value that is read comes by the ordinary connection whatever its size, and the answers behind it wait for it;
/// where values of many MiB are read, give them a longer [`deadline`](RedisBuilder::deadline) and a backend of
/// their own.
///
/// # Clusters
/// A command goes to the node that has its key, by the same kind of connections, and is sent on where a slot moved;
/// what several nodes have a part in is asked of all at once. A node that is down costs its own keys, and commands
/// over several keys fail if one of them is there, with the parts of the others done. `clear` and `clear_all` go to
/// every primary, and `ping` succeeds if one of them answers. `raw` takes its second argument for the key, or the first key of a script.
///
/// # Sentinels
/// The master is asked for whenever a connection is made, so that a failover costs the time that the sentinels need
/// and one reconnect. Who is the master is looked up every second besides, because one that is replaced while it
/// lives takes writes for seconds before it is told. Redis replicates after it has answered: what was acknowledged
/// shortly before a failover may be lost, and so is what a master that was cut off took.
///
/// # Cancel safety
/// Any command may be dropped at any point: no answer goes to another caller. What was sent may still be done.
#[derive(Clone)]
pub struct RedisBackend {
    store: Store,
}

impl RedisBackend {
    /// A backend with the usual options. Checks the URL and connects with the first command.
    ///
    /// Accepted are, with `?protocol=2` or without,
    /// - `redis://[user[:password]@]host[:port][/database]`,
    /// - `redis+unix:///path/to/socket[?db=0&user=…&pass=…]`,
    /// - `rediss://` as the first with TLS (feature `tls`), with `?ca_file=/path` for other authorities than the
    ///   system's and `&cert_file=/path&key_file=/path` for a client that has to show a certificate. The server's
    ///   certificate is always checked,
    /// - `redis-cluster://[user[:password]@]host[:port],host[:port]…` (feature `cluster`), some of the nodes,
    /// - `redis-sentinel://[user[:password]@]host[:port],host[:port]…/master-name[?db=0]` (feature `sentinel`): the
    ///   sentinels, with the user and password of the servers; the sentinels' own are options,
    /// - `rediss-cluster://` and `rediss-sentinel://`: the same with TLS.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`], with what is wrong and what is accepted, but not with the URL.
    pub fn connect(url: impl Into<String>) -> Result<Self> {
        Self::builder(url).build()
    }

    /// A backend with options.
    pub fn builder(url: impl Into<String>) -> RedisBuilder {
        RedisBuilder::new(url.into())
    }

    /// A backend that connects as `client` does: its address, credentials and protocol. `TCP_NODELAY` and keepalive
    /// are turned on.
    ///
    /// The one signature that follows the major version of the `redis` crate.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the client's settings cannot be used.
    pub fn from_client(client: &redis::Client) -> Result<Self> {
        let connect = Connect::new(client.get_connection_info().clone(), None)?;
        let connections = Connections::new(connect, Limits::default());
        Ok(Self::over(Store::Node(connections)))
    }

    pub(crate) fn over(store: Store) -> Self {
        Self { store }
    }

    async fn call(&self, key: &str, command: &Cmd, size: usize, repeat: Repeat) -> Result<Value> {
        self.store.call(key.as_bytes(), command, size, repeat).await
    }

    async fn done_by_every(&self, command: &Cmd) -> Result<()> {
        let answers = self.store.call_every(command).await?;
        answers.into_iter().try_for_each(reply::done)
    }

    async fn run(&self, script: &Script, key: &str, arguments: &[&[u8]], repeat: Repeat) -> Result<Value> {
        script.run(&self.store, &[key], arguments, repeat).await
    }

    fn check_size(&self, raw: &Bytes) -> Result<()> {
        let (size, limit) = (raw.len(), self.store.limits().max_value_bytes);
        if size > limit {
            return Err(Error::new(
                ErrorKind::ValueTooLarge,
                format!("{size} bytes, and max_value_bytes is {limit}"),
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for RedisBackend {
    /// Shows the address and the limits, no credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisBackend").field(&self.store).finish()
    }
}

impl Backend for RedisBackend {
    type Raw = Bytes;
    type Serializer = JsonSerializer;

    fn name(&self) -> &'static str {
        "redis"
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::remote();
        let limits = self.store.limits();
        capabilities.max_value_bytes = Some(limits.max_value_bytes);
        capabilities.deadline = Some(limits.deadline);
        capabilities
    }

    fn watch(&self, watch: StoreWatch) {
        self.store.watch(watch);
    }

    /// Tells how many connections are open to servers with keys, not those to sentinels. With `protocol=2`, one that
    /// broke is noticed by the next command only.
    fn stats(&self) -> StoreStats {
        let mut stats = StoreStats::default();
        stats.connections = Some(self.store.connections());
        stats
    }

    async fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, Bytes>) -> R + Send,
    ) -> Result<Option<R>> {
        let found = read::one(&self.store, key, want).await?;
        Ok(found.map(|found| f(found.entry(want))))
    }

    async fn read_many<R: Send>(
        &self,
        keys: &[&str],
        want: Want,
        mut f: impl FnMut(usize, Entry<'_, Bytes>) -> R + Send,
    ) -> Result<Vec<Option<R>>> {
        let found = read::many(&self.store, keys, want).await?.into_iter().enumerate();
        Ok(found
            .map(|(index, found)| found.map(|found| f(index, found.entry(want))))
            .collect())
    }

    async fn write(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<()> {
        self.check_size(&raw)?;
        let command = command::set(key, &raw, ttl);
        reply::done(self.call(key, &command, raw.len(), Repeat::Harmless).await?)
    }

    async fn write_many(&self, pairs: Vec<(&str, Bytes)>, ttl: Option<Duration>) -> Result<()> {
        if pairs.is_empty() {
            return Ok(());
        }
        for (index, (_, raw)) in pairs.iter().enumerate() {
            self.check_size(raw).map_err(|error| error.with_index(index))?;
        }
        write::many(&self.store, &pairs, ttl).await
    }

    async fn add(&self, key: &str, raw: Bytes, ttl: Option<Duration>) -> Result<bool> {
        self.check_size(&raw)?;
        let mut command = command::set(key, &raw, ttl);
        command.arg("NX");
        match self.call(key, &command, raw.len(), Repeat::Harmful).await? {
            Value::Nil => Ok(false),
            answer => reply::done(answer).map(|()| true),
        }
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        let answer = self
            .call(key, &one("DEL", key), key.len(), Repeat::Harmless)
            .await?;
        Ok(reply::integer(answer)? != 0)
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        if keys.is_empty() {
            return Ok(0);
        }
        write::delete_many(&self.store, keys).await
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        let answer = self
            .call(key, &one("EXISTS", key), key.len(), Repeat::Harmless)
            .await?;
        Ok(reply::integer(answer)? != 0)
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        let answer = if let Some(ttl) = ttl {
            let (delta, ttl) = (delta.to_string(), command::milliseconds(ttl).to_string());
            let arguments = [delta.as_bytes(), ttl.as_bytes()];
            self.run(&script::INCREMENT, key, &arguments, Repeat::Harmful)
                .await?
        } else {
            let mut command = one("INCRBY", key);
            command.arg(delta);
            self.call(key, &command, key.len(), Repeat::Harmful).await?
        };
        reply::counter(answer)
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        let answer = if let Some(ttl) = ttl {
            let mut command = one("PEXPIRE", key);
            command.arg(command::milliseconds(ttl));
            self.call(key, &command, key.len(), Repeat::Harmless).await?
        } else {
            self.run(&script::PERSIST, key, &[], Repeat::Harmless).await?
        };
        Ok(reply::integer(answer)? != 0)
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        let answer = self
            .call(key, &one("PTTL", key), key.len(), Repeat::Harmless)
            .await?;
        reply::integer(answer).map(command::remaining)
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        if prefix.is_empty() {
            return Err(Error::new(
                ErrorKind::NoNamespace,
                "give the cache a namespace, or empty the whole database with clear_all",
            ));
        }
        match &self.store {
            Store::Node(node) => scan::clear(node, prefix).await,
            #[cfg(feature = "cluster")]
            Store::Cluster(cluster) => cluster.clear(prefix).await,
        }
    }

    async fn clear_all(&self) -> Result<()> {
        // Empty at once; only the memory is given back later, which can take longer than a deadline.
        let mut command = redis::cmd("FLUSHDB");
        command.arg("ASYNC");
        self.done_by_every(&command).await
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: Bytes,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        self.check_size(&raw)?;
        // A version of another kind of store is no version that this one gave.
        let Some(expected) = version.as_bytes() else {
            return Ok(false);
        };
        let ttl = ttl.map(|ttl| command::milliseconds(ttl).to_string());
        let mut arguments = vec![expected.as_ref(), raw.as_ref()];
        arguments.extend(ttl.as_ref().map(String::as_bytes));
        let answer = self
            .run(&script::COMPARE_AND_SET, key, &arguments, Repeat::Harmful)
            .await?;
        Ok(reply::integer(answer)? != 0)
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        let Some(expected) = version.as_bytes() else {
            return Ok(false);
        };
        let answer = self
            .run(
                &script::COMPARE_AND_DELETE,
                key,
                &[expected.as_ref()],
                Repeat::Harmful,
            )
            .await?;
        Ok(reply::integer(answer)? != 0)
    }

    async fn lock(&self, key: &str, token: &str, lease: Duration) -> Result<Locked> {
        if let Some(fence) = lock::fence_key(key) {
            return lock::fenced(&self.store, [key, &fence], token, lease).await;
        }
        let added = self.add(key, Bytes::copy_from_slice(token.as_bytes()), Some(lease));
        Ok(if added.await? {
            Locked::taken(None)
        } else {
            Locked::Refused
        })
    }

    async fn unlock(&self, key: &str, token: &str) -> Result<bool> {
        self.compare_and_delete(key, &lock::version(token)).await
    }

    async fn extend_lock(&self, key: &str, token: &str, lease: Duration) -> Result<bool> {
        let raw = Bytes::copy_from_slice(token.as_bytes());
        self.compare_and_set(key, raw, Some(lease), &lock::version(token))
            .await
    }

    async fn raw(&self, arguments: &[&[u8]]) -> Result<Reply> {
        let size = arguments.iter().map(|argument| argument.len()).sum();
        let command = command::any(arguments)?;
        let key = command::likely_key(arguments);
        reply::any(self.store.call(key, &command, size, Repeat::Harmful).await?)
    }

    /// Succeeds if any primary of a cluster answers: the others cost no more than their share of the keys.
    async fn ping(&self) -> Result<()> {
        reply::done(self.store.call_any(&redis::cmd("PING")).await?)
    }

    async fn close(&self) -> Result<()> {
        self.store.close();
        Ok(())
    }
}
