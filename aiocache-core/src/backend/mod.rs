//! The one trait that a store implements.

use std::future::Future;
use std::time::Duration;

use crate::error::Result;
pub use crate::ttl::Remaining;

mod capabilities;
mod entry;
mod erased;
mod memory;
mod raw;
mod reply;

pub use capabilities::{Capabilities, KeyRule};
pub use entry::{Entry, Version, Want};
pub use erased::DynBackend;
pub use memory::{MemoryBackend, MemoryBuilder};
pub use raw::Raw;
#[cfg(any(feature = "msgpack", feature = "postcard"))]
pub(crate) use raw::parse_decimal;
pub use reply::Reply;

/// A store: memory, Redis, memcached, yours.
///
/// A backend gets keys as they are stored, with the namespace in front, and values as it keeps them
/// ([`Backend::Raw`]); serializing, namespaces, plugins and the caller's timeout are the business of
/// [`Cache`](crate::Cache). An implementation may write each method as a plain `async fn`.
///
/// Each line under a `# Behavior` heading is a case of the conformance suite (feature `testing`), which every
/// backend has to pass.
///
/// A method must not leave a connection in a state that harms the next command when its future is dropped.
pub trait Backend: Send + Sync + 'static {
    /// What the store holds under a key: [`bytes::Bytes`] on a wire.
    type Raw: Raw;

    /// The serializer of a [`Cache`](crate::Cache) over this backend when the user names none.
    type Serializer: Default + Send + Sync + 'static;

    /// The name in errors, logs and metrics, such as `"redis"`.
    fn name(&self) -> &'static str;

    /// What this store can do.
    fn capabilities(&self) -> Capabilities;

    /// Reads a key and hands what is there to `f`; `None` is a miss. `want` says what is needed beside the value.
    ///
    /// # Behavior
    /// - a missing key is `None`, and `f` does not run
    /// - a value that was written is handed over as it was written
    /// - an expired value is a miss
    /// - the remaining ttl is handed over where it is wanted and the store can tell it
    /// - the version is handed over where it is wanted and the store can compare
    fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, Self::Raw>) -> R + Send,
    ) -> impl Future<Output = Result<Option<R>>> + Send;

    /// Reads several keys in one round trip and hands each one that is there, with its position, to `f`.
    ///
    /// # Behavior
    /// - the answers have the length and the order of the keys, with `None` for a miss
    /// - a key asked for twice is answered twice
    /// - no keys give no answers
    fn read_many<R: Send>(
        &self,
        keys: &[&str],
        want: Want,
        f: impl FnMut(usize, Entry<'_, Self::Raw>) -> R + Send,
    ) -> impl Future<Output = Result<Vec<Option<R>>>> + Send;

    /// Writes a value, replacing what was there. `ttl` of `None` is for ever.
    ///
    /// # Behavior
    /// - a second write replaces the value
    /// - a write replaces the ttl, also by none
    /// - a value lives for its ttl and not longer than the stated grain allows
    /// - an empty value is a value
    fn write(
        &self,
        key: &str,
        raw: Self::Raw,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Writes several values with one ttl, in one round trip where the store can.
    ///
    /// # Behavior
    /// - every pair can be read afterwards
    /// - every pair has the ttl
    /// - of a key given twice, the last value stays
    /// - no pairs do nothing
    fn write_many(
        &self,
        pairs: Vec<(&str, Self::Raw)>,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Writes a value only if the key is absent, and says whether it did; atomic.
    ///
    /// # Behavior
    /// - an absent key is written, with its ttl
    /// - a present key is left as it is, its ttl too
    /// - an expired key counts as absent
    /// - of many adds at once, one wins
    fn add(
        &self,
        key: &str,
        raw: Self::Raw,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Deletes a key and says whether it was there.
    ///
    /// # Behavior
    /// - a deleted key is a miss
    /// - deleting a missing key is no error, and false
    fn delete(&self, key: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Deletes several keys in one round trip and says how many were there.
    ///
    /// # Behavior
    /// - only the keys that were there count
    /// - a key given twice counts once
    fn delete_many(&self, keys: &[&str]) -> impl Future<Output = Result<u64>> + Send;

    /// Says whether a key is there.
    ///
    /// # Behavior
    /// - a written key exists, a deleted or expired one does not
    fn exists(&self, key: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Adds `delta` to a counter and gives its new value; atomic. `ttl` is for a counter that this call creates.
    ///
    /// # Behavior
    /// - a missing counter starts at 0, also for a negative delta
    /// - a counter that exists keeps its ttl
    /// - a counter that is created takes the ttl
    /// - a value that is no integer is `NotAnInteger`, and stays
    /// - leaving the range of `i64` is `Overflow`, and the counter stays
    /// - many increments at once are all counted
    /// - a counter can be read as its decimal text or integer
    fn increment(
        &self,
        key: &str,
        delta: i64,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<i64>> + Send;

    /// Gives a key a new ttl, `None` makes it stay, and says whether the key was there.
    ///
    /// # Behavior
    /// - an existing key takes the new ttl
    /// - `None` takes the ttl away
    /// - a missing key is false, and stays missing
    fn expire(&self, key: &str, ttl: Option<Duration>) -> impl Future<Output = Result<bool>> + Send;

    /// Says how long a key still lives.
    ///
    /// # Behavior
    /// - a missing key is `Missing`, one without a ttl `Never`, another `For` at most its ttl
    fn ttl(&self, key: &str) -> impl Future<Output = Result<Remaining>> + Send;

    /// Deletes every key that begins with `prefix`, taken literally, and nothing else.
    ///
    /// # Behavior
    /// - every key with the prefix goes, and no other
    /// - characters with a meaning in patterns are taken literally
    /// - a value written after a clear stays for its own ttl
    fn clear(&self, prefix: &str) -> impl Future<Output = Result<()>> + Send;

    /// Empties the store.
    ///
    /// # Behavior
    /// - nothing is left
    fn clear_all(&self) -> impl Future<Output = Result<()>> + Send;

    /// Writes `raw` only if the key still has this version, and says whether it did; atomic.
    ///
    /// # Behavior
    /// - the version just read lets one write through, and the next with it is refused
    /// - a key that was deleted or written since is left as it is
    fn compare_and_set(
        &self,
        key: &str,
        raw: Self::Raw,
        ttl: Option<Duration>,
        version: &Version,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Deletes a key only if it still has this version, and says whether it did; atomic.
    ///
    /// # Behavior
    /// - the version just read lets the delete through
    /// - a key that was written since stays
    fn compare_and_delete(&self, key: &str, version: &Version) -> impl Future<Output = Result<bool>> + Send;

    /// Sends a command of the store's own and gives its answer. Nothing is added to the arguments.
    fn raw(&self, arguments: &[&[u8]]) -> impl Future<Output = Result<Reply>> + Send;

    /// Makes one round trip.
    ///
    /// # Behavior
    /// - a store that is there answers
    fn ping(&self) -> impl Future<Output = Result<()>> + Send;

    /// Lets go of connections, once what was sent is answered. A command after it connects again.
    ///
    /// # Behavior
    /// - a command after a close works
    fn close(&self) -> impl Future<Output = Result<()>> + Send;
}
