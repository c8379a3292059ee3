//! The one trait that a store implements.

use std::future::{Future, ready};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::events::StoreWatch;
use crate::stats::StoreStats;
pub use crate::ttl::Remaining;

mod capabilities;
mod entry;
mod erased;
mod locking;
mod memory;
mod one_by_one;
mod per_runtime;
mod raw;
mod reply;

pub use capabilities::{Capabilities, KeyRule};
pub use entry::{Entry, Version, Want};
pub use erased::DynBackend;
pub use locking::Locked;
pub(crate) use memory::Marks;
pub use memory::{MemoryBackend, MemoryBuilder};
pub use per_runtime::{InRuntime, PerRuntime};
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
/// Methods that can be made of others have a default. Those over several keys then take one key after the other, so a
/// store on a wire writes them itself: its users expect one round trip, and within
/// [`Capabilities::deadline`] any number of keys.
///
/// Each line under a `# Behavior` heading is a case of the conformance suite (feature `testing`), which every
/// backend has to pass.
///
/// # Errors
/// A miss is none, nor is a key that is there already, another version, or a lock that is had: those are answers. What
/// is wrong with the arguments is found before anything is done. Of a default that takes one key after the other, the
/// keys before the one that fails are done.
///
/// | kind | methods | what happened |
/// |---|---|---|
/// | `Unavailable` | all | the store was not reached, or refused for a reason that passes, and nothing was done; or it went away before it answered what is harmless to repeat |
/// | `Timeout` | all | it was reached and did not answer in time what is harmless to repeat; that may have been done |
/// | `Unknown` | `add`, `increment`, `compare_and_set`, `compare_and_delete`, `lock`, `unlock`, `extend_lock`, `raw` | it went away, or was late, when this was sent; it may have been done, and doing it again would be another thing |
/// | `Server` | all | it answered with an error of its own, or with what is no answer to the command |
/// | `InvalidConfig` | all | settings that only a connection puts to the test, or no runtime where connections need one; of `raw`, arguments that cannot be sent |
/// | `InvalidKey` | all with keys | the key is against [`Capabilities::keys`] |
/// | `ValueTooLarge` | `write`, `write_many`, `add`, `compare_and_set` | the value is larger than [`Capabilities::max_value_bytes`], or than the store takes |
/// | `NotAnInteger`, `Overflow` | `increment` | what is there is no integer, or would be none in `i64`; it stays |
/// | `NoNamespace` | `clear` | the prefix is empty, and the store is one that others share |
/// | `Unsupported` | `ttl`, `clear`, `compare_and_set`, `compare_and_delete`, `unlock`, `extend_lock`, `raw`; `increment` by a delta that it cannot take | the store cannot; nothing was done |
/// | `Reentrant` | all | a store in this process was called by a value's `Clone` while it was being read |
///
/// The breaker of a cache counts the first three, and no other kind. `ttl`s arrive as the store can keep them, or finer
/// ones to be rounded up: `InvalidTtl` is the cache's.
///
/// # Cancel safety
/// A future may be dropped at any point, by a timeout as well as by a caller that goes away. No method may then leave a
/// connection in a state that harms the next command. What changes nothing (`read`, `read_many`, `exists`, `ttl`, `ping`)
/// has changed nothing. What changes a key has been done to it or not, never by half, and may still be done later; of
/// `write_many`, `delete_many`, `clear` and `clear_all` that is so for each key. A `lock` may be had until its lease is
/// over, and `close` may leave connections open.
pub trait Backend: Send + Sync + 'static {
    /// What the store holds under a key: [`bytes::Bytes`] on a wire.
    type Raw: Raw;

    /// The serializer of a [`Cache`](crate::Cache) over this backend when the user names none.
    type Serializer: Default + Send + Sync + 'static;

    /// The name in errors, logs and metrics, such as `"redis"`.
    fn name(&self) -> &'static str;

    /// What this store can do.
    fn capabilities(&self) -> Capabilities;

    /// Takes the means to tell what the store does by itself, such as giving an entry up. Called once, when a cache is
    /// built of this backend; one that has nothing to tell leaves it as it is.
    fn watch(&self, watch: StoreWatch) {
        drop(watch);
    }

    /// What the store knows of itself without asking over a wire.
    fn stats(&self) -> StoreStats {
        StoreStats::default()
    }

    /// Reads a key and hands what is there to `f`; `None` is a miss. `want` says what is needed beside the value.
    ///
    /// # Behavior
    /// - a missing key is `None`, and `f` does not run
    /// - `f` runs once for a hit, and what it returns is the answer
    /// - a value that was written is handed over as it was written
    /// - a value with NUL, CR and LF in it, or one that is no text, is handed over as it was written
    /// - a value of 1 MiB, or the largest that the store takes, is handed over as it was written
    /// - a read takes nothing away
    /// - an expired value is a miss
    /// - the remaining ttl is handed over where it is wanted and the store can tell it
    /// - the remaining ttl of a value without one is `Never`
    /// - a read that is dropped half way does not disturb the next command
    /// - the version is handed over where it is wanted and the store can compare
    /// - value, remaining ttl and version can be wanted at once
    /// - two reads of one write have the same version
    /// - a write of another value gives another version
    /// - a write of the same value gives another version, unless the version is the value's bytes
    /// - a key that is deleted and written again has another version, unless the version is the value's bytes
    /// - of many reads at once, each gets the value of its own key
    fn read<R: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, Self::Raw>) -> R + Send,
    ) -> impl Future<Output = Result<Option<R>>> + Send;

    /// Reads a key without waiting, where the store can: one in this process. `None` says that it cannot, and
    /// [`read`](Self::read) is asked instead; the answer inside is that of `read` for [`Want::VALUE`].
    ///
    /// # Behavior
    /// - a store that answers at once answers as `read` does
    #[inline]
    fn read_now<R>(&self, key: &str, f: impl FnOnce(Entry<'_, Self::Raw>) -> R) -> Option<Result<Option<R>>> {
        let _ = (key, f);
        None
    }

    /// Reads several keys in one round trip and hands each one that is there, with its position, to `f`.
    ///
    /// Unless written otherwise it is a `read` of each, one after the other, up to the first that fails.
    ///
    /// # Behavior
    /// - the answers have the length and the order of the keys, with `None` for a miss
    /// - a key asked for twice is answered twice
    /// - no keys give no answers
    /// - `f` runs once for each key that is there, in any order, with the key's position
    /// - an expired value is a miss, and the values around it keep their places
    /// - remaining ttl and version are handed over as `read` does
    /// - a thousand keys are answered as a few are
    fn read_many<R: Send>(
        &self,
        keys: &[&str],
        want: Want,
        f: impl FnMut(usize, Entry<'_, Self::Raw>) -> R + Send,
    ) -> impl Future<Output = Result<Vec<Option<R>>>> + Send {
        one_by_one::read_many(self, keys, want, f)
    }

    /// Writes a value, replacing what was there. `ttl` of `None` is for ever.
    ///
    /// # Behavior
    /// - a second write replaces the value
    /// - a value takes the place of a counter, and an integer that of a value
    /// - an empty value is a value
    /// - a write leaves other keys alone
    /// - a write that is dropped half way is done or not done, and does not disturb the next command
    /// - a write replaces the ttl, by a longer or a shorter one
    /// - a write without a ttl takes the old one away
    /// - a value is there until its ttl has passed, less one grain at most
    /// - a value is gone when its ttl and one grain have passed
    /// - values with different ttls go each at its own time
    /// - a value written over an expired one lives for its own ttl
    /// - a ttl of 30 days or more is a time from now like any other
    /// - the longest `Duration` is a ttl, and as good as for ever
    /// - a ttl finer than the grain is rounded up, neither refused nor for ever
    /// - keys that differ by case, by a character at the end or by its place are different keys
    /// - a key may have every visible ASCII character
    /// - a key may have spaces, control characters and text of every language where the store takes any text
    /// - a key may have 200 bytes, and all of them count
    /// - a key that breaks the stated rule is `InvalidKey` in every command, and no other key is touched
    /// - of many writes at once, one whole value stays
    fn write(
        &self,
        key: &str,
        raw: Self::Raw,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Writes several values with one ttl, in one round trip where the store can.
    ///
    /// Unless written otherwise it is a `write` of each, one after the other, up to the first that fails; those before
    /// it are written. Keys are held against [`Capabilities::keys`] before the first.
    ///
    /// # Behavior
    /// - every pair can be read afterwards
    /// - every pair has the ttl
    /// - values that were there are replaced, and their ttls too
    /// - of a key given twice, the last value stays
    /// - no pairs do nothing
    fn write_many(
        &self,
        pairs: Vec<(&str, Self::Raw)>,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<()>> + Send {
        one_by_one::write_many(self, pairs, ttl)
    }

    /// Writes a value only if the key is absent, and says whether it did; atomic.
    ///
    /// # Behavior
    /// - an absent key is written, with its ttl
    /// - without a ttl the value stays
    /// - a present key is left as it is, its ttl too
    /// - an expired key counts as absent
    /// - a deleted key counts as absent
    /// - an empty value counts as present
    /// - a lock's token is handed over as it was added
    /// - of many adds at once, one wins, and its value is the one that is there
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
    /// - an expired key counts as missing
    /// - other keys stay
    /// - a value written after a delete lives for its own ttl
    /// - of many deletes at once, one finds the key
    fn delete(&self, key: &str) -> impl Future<Output = Result<bool>> + Send;

    /// Deletes several keys in one round trip and says how many were there.
    ///
    /// Unless written otherwise it is a `delete` of each, one after the other, up to the first that fails; those before
    /// it are gone. Keys are held against [`Capabilities::keys`] before the first.
    ///
    /// # Behavior
    /// - the keys given are misses, and others stay
    /// - only the keys that were there count
    /// - a key given twice counts once
    /// - an expired key does not count
    /// - no keys count 0, and nothing goes
    /// - a thousand keys go as a few do
    fn delete_many(&self, keys: &[&str]) -> impl Future<Output = Result<u64>> + Send {
        one_by_one::delete_many(self, keys)
    }

    /// Says whether a key is there.
    ///
    /// Unless written otherwise it is a `read`, with all that this costs and counts in the store.
    ///
    /// # Behavior
    /// - a written key exists, a missing or deleted one does not
    /// - an expired key does not exist
    /// - an empty value and a counter of 0 exist
    /// - asking does not change the ttl
    fn exists(&self, key: &str) -> impl Future<Output = Result<bool>> + Send {
        one_by_one::exists(self, key)
    }

    /// Adds `delta` to a counter and gives its new value; atomic. `ttl` is for a counter that this call creates.
    ///
    /// # Behavior
    /// - a missing counter starts at 0, also for a negative delta
    /// - a counter goes up and down, below 0 and back
    /// - a delta of 0 gives the counter as it is, and makes a missing one
    /// - a counter that exists keeps its ttl
    /// - a counter without a ttl does not get one
    /// - a counter that is created takes the ttl
    /// - an expired counter starts anew, with the ttl of the call
    /// - an integer that was written or added is a counter
    /// - a value that is no integer is `NotAnInteger`, and stays
    /// - an empty value and text that only looks like a number are `NotAnInteger`
    /// - leaving the range of `i64` is `Overflow`, and the counter stays
    /// - every `i64` is a counter, and every `i64` a delta
    /// - a counter is read as an integer, and deleted like any value
    /// - many increments at once are all counted, and no two have the same answer
    /// - increments above and below 0 at once end where they have to
    fn increment(
        &self,
        key: &str,
        delta: i64,
        ttl: Option<Duration>,
    ) -> impl Future<Output = Result<i64>> + Send;

    /// Gives a key a new ttl, `None` makes it stay, and says whether the key was there.
    ///
    /// # Behavior
    /// - an existing key takes the new ttl, a longer or a shorter one
    /// - a key without a ttl takes one
    /// - `None` takes the ttl away
    /// - `None` for a key without a ttl is true, and changes nothing
    /// - a missing key is false, and stays missing
    /// - an expired key is false, and does not come back
    /// - value and counter stay as they are
    /// - the longest `Duration` is a ttl here too
    fn expire(&self, key: &str, ttl: Option<Duration>) -> impl Future<Output = Result<bool>> + Send;

    /// Says how long a key still lives.
    ///
    /// # Behavior
    /// - a missing key is `Missing`
    /// - an expired key is `Missing`
    /// - a key without a ttl is `Never`, also once `expire` took it away
    /// - another is `For` what is left, which gets less as time passes
    /// - a store that cannot tell answers `Unsupported`
    fn ttl(&self, key: &str) -> impl Future<Output = Result<Remaining>> + Send;

    /// Deletes every key that begins with `prefix`, taken literally, and nothing else.
    ///
    /// # Behavior
    /// - every key with the prefix goes, and no other
    /// - upper and lower case are different
    /// - characters with a meaning in patterns are taken literally
    /// - a prefix may be any text where a key may
    /// - all keys go, however many there are
    /// - a prefix that no key has is no error
    /// - counters go too
    /// - a value written after a clear stays for its own ttl
    /// - a store that cannot answers `Unsupported`, and keeps everything
    fn clear(&self, prefix: &str) -> impl Future<Output = Result<()>> + Send;

    /// Empties the store.
    ///
    /// # Behavior
    /// - nothing is left
    /// - a value written after it stays for its own ttl
    fn clear_all(&self) -> impl Future<Output = Result<()>> + Send;

    /// Writes `raw` only if the key still has this version, and says whether it did; atomic.
    ///
    /// # Behavior
    /// - the version just read lets one write through, and the next with it is refused
    /// - the version of the value it wrote lets the next write through
    /// - a key that was written since is left as it is, its ttl too
    /// - a key that was deleted since stays absent
    /// - a key that expired since stays absent
    /// - a key written again with the same value is refused, unless the version is the value's bytes
    /// - an increment counts as a write
    /// - the new value has the ttl of the call, also none
    /// - a store that cannot compare answers `Unsupported`
    /// - of many with one version at once, one wins
    /// - nothing is lost when many read, compare and try again
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
    /// - the version just read lets the delete through, once
    /// - a key that was written since stays
    /// - a key that was deleted and added again by another owner stays
    /// - a key that expired since is false
    /// - a store that cannot compare answers `Unsupported`
    /// - of many with one version at once, one wins
    fn compare_and_delete(&self, key: &str, version: &Version) -> impl Future<Output = Result<bool>> + Send;

    /// Takes a lock for `lease`: writes `token` under the key if it is absent; atomic.
    ///
    /// Unless written otherwise it is an `add`, without a fencing token. A fencing token is given in the same step.
    ///
    /// # Behavior
    /// - a free lock is taken, and has its token until the lease has passed
    /// - a lock that is had is refused, also to its owner, and keeps its lease
    /// - fencing tokens rise, also where a lease ran out or a lock was deleted
    /// - of many that lock at once, one is let
    fn lock(&self, key: &str, token: &str, lease: Duration) -> impl Future<Output = Result<Locked>> + Send {
        locking::lock(self, key, token, lease)
    }

    /// Releases a lock if it still has this token, and says whether it did; atomic.
    ///
    /// # Behavior
    /// - its owner releases a lock, once, and it is free
    /// - another token releases nothing
    /// - an owner whose lease ran out leaves the next owner's lock alone
    /// - a store that cannot compare does not unlock, and says so
    fn unlock(&self, key: &str, token: &str) -> impl Future<Output = Result<bool>> + Send {
        locking::unlock(self, key, token)
    }

    /// Gives a lock a new lease from now on if it still has this token, and says whether it did; atomic.
    ///
    /// # Behavior
    /// - its owner extends a lock, and can still release it
    /// - another token extends nothing
    /// - a lock whose lease ran out does not come back
    /// - a store that cannot compare does not extend, and says so
    fn extend_lock(
        &self,
        key: &str,
        token: &str,
        lease: Duration,
    ) -> impl Future<Output = Result<bool>> + Send {
        locking::extend(self, key, token, lease)
    }

    /// Sends a command of the store's own and gives its answer. Nothing is added to the arguments.
    ///
    /// Unless written otherwise there are none, and it is `Unsupported`.
    ///
    /// # Behavior
    /// - a command that the store does not know is `Unsupported` or `Server`
    /// - no arguments are an error, and the next command works
    fn raw(&self, arguments: &[&[u8]]) -> impl Future<Output = Result<Reply>> + Send {
        let _ = arguments;
        let message = "this store has no commands of its own";
        ready(Err(Error::new(ErrorKind::Unsupported, message)))
    }

    /// Makes one round trip.
    ///
    /// # Behavior
    /// - a store that is there answers
    fn ping(&self) -> impl Future<Output = Result<()>> + Send;

    /// Lets go of connections, once what was sent is answered. A command after it connects again.
    ///
    /// Unless written otherwise there is nothing to let go of, and it does nothing.
    ///
    /// # Behavior
    /// - a command after a close works, and finds what was written before
    /// - a second close, or one before the first command, is no error
    fn close(&self) -> impl Future<Output = Result<()>> + Send {
        ready(Ok(()))
    }
}
