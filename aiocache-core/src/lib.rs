//! The heart of aiocache: [`Cache`], the traits behind it, the memory backend, serializers and the load engine.
//!
//! Service authors use the `aiocache` crate, which re-exports all of this. Authors of a backend, a serializer or a
//! plugin depend on `aiocache-core` alone.
//!
//! ```
//! use aiocache_core::{Cache, MemoryBackend, Policy};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let cache: Cache<MemoryBackend> = Cache::builder(MemoryBackend::new()).namespace("users").build();
//! let policy = Policy::new();
//! let load = || async { Ok::<_, std::io::Error>("Ada".to_owned()) }; // asks a database, say
//! assert_eq!(cache.get_or_load("42", &policy, load).await?, "Ada"); // loads and stores
//! assert_eq!(cache.get::<String>("42").await?.as_deref(), Some("Ada")); // finds it
//! # Ok(()) }
//! ```
//!
//! | to write | implement |
//! |---|---|
//! | a backend | [`Backend`], and hold it to its contract by the suite of `testing` |
//! | a serializer | [`Codec`] for what serde knows, [`Dump`] and [`Load`] for the rest |
//! | a plugin | [`Plugin`] |
//!
//! | feature | brings |
//! |---|---|
//! | `json`, `msgpack`, `postcard` | a serializer each |
//! | `tracing` | warnings when a store fails, spans of loads, debug events of commands |
//! | `metrics` | counters, gauges and histograms through the `metrics` facade |
//! | `testing` | the conformance suite, throw-away servers, a proxy that breaks connections, a recorder and chaos |

#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[macro_use]
mod macros;

mod backend;
mod background;
mod breaker;
mod cache;
mod clock;
mod disabled;
mod error;
mod events;
mod key;
mod load;
mod lock;
#[cfg(feature = "metrics")]
mod metrics;
mod plugin;
mod recovery;
mod scope;
mod serializer;
mod stats;
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod timer;
mod trace;
mod trouble;
mod ttl;
mod turns;

pub use backend::{
    Backend, Capabilities, DynBackend, Entry, InRuntime, KeyRule, Locked, MemoryBackend, MemoryBuilder,
    PerRuntime, Raw, Remaining, Reply, Version, Want,
};
pub use breaker::BreakerSettings;
pub use bytes::Bytes;
pub use cache::{Cache, CacheBuilder, Loading};
pub use disabled::{is_disabled, set_disabled};
pub use error::{Error, ErrorKind, Result};
pub use events::{Event, EventKind, EventStream, EvictionReason, StoreWatch};
pub use key::{Key, KeyArg, KeyBuf};
pub use load::{Background, Inline, LoadContext, Mode, Policy, Timed};
pub use lock::{LockGuard, OptimisticLock, RedLock, Snapshot};
pub use plugin::{
    Command, CommandName, HitMissRatio, HitMissRatioPlugin, Outcome, Plugin, Timing, TimingPlugin,
};
pub use recovery::RecoverySettings;
pub use scope::{Scope, Source, bypass, observe, scope};
#[cfg(feature = "json")]
pub use serializer::JsonSerializer;
#[cfg(feature = "msgpack")]
pub use serializer::MsgPackSerializer;
#[cfg(feature = "postcard")]
pub use serializer::PostcardSerializer;
pub use serializer::{
    Carried, Carrier, Codec, Dump, Functions, Load, NoneForm, NullSerializer, Object, StringSerializer, Typed,
};
pub use stats::{Stats, StoreStats};
pub use ttl::Ttl;

#[doc(hidden)]
pub use load::Prime as __Prime;

/// What only generated code meets; not part of the public interface.
#[doc(hidden)]
pub mod __generated {
    pub use crate::cache::{AnyReturned, Entries, Evicting, Returned};
    pub use crate::load::{
        AllPairs, Alone, Apart, AsPolicySays, Bulk, BulkKind, BulkKind1, BulkOutcome, Call, CanFail, Cargo,
        Carries, Cloned, Contextual, FailIf, Fallback, ForMany, FromTimeout, Hooks, Kind, Kind1, Kind2,
        Launched, Looked, Never, NoneRule, OnTimeout, Opt, Outcome, PairHooks, Pairs, Plain, Res, ResOpt,
        ResPairs, Rest, Rest1, Runs, SaysTimeout, Settled, Share, ShareWith, SkipIf, SkipNone, Split,
        StoreNone, TakeAlong, TakenAlong, TtlWith,
    };
}

/// A cache in this process for values of any type; a read clones the value.
pub type SimpleMemoryCache = Cache<MemoryBackend>;

/// A cache in this process for values of one type, kept inline.
pub type TypedMemoryCache<V> = Cache<MemoryBackend<Typed<V>>>;
