//! The heart of aiocache: [`Cache`], the traits behind it, the memory backend, serializers and the load engine.
//!
//! Service authors use the `aiocache` crate, which re-exports all of this. Authors of a backend, a serializer or a
//! plugin depend on `aiocache-core` alone.

mod backend;
mod clock;
mod error;
mod key;
mod plugin;
mod serializer;
#[cfg(feature = "testing")]
pub mod testing;
mod ttl;

pub use backend::{
    Backend, Capabilities, DynBackend, Entry, KeyRule, MemoryBackend, MemoryBuilder, Raw, Remaining, Reply,
    Version, Want,
};
pub use error::{Error, ErrorKind, Result};
pub use key::{Key, KeyArg, KeyBuf};
pub use plugin::{
    Command, CommandName, HitMissRatio, HitMissRatioPlugin, Outcome, Plugin, Timing, TimingPlugin,
};
#[cfg(feature = "json")]
pub use serializer::JsonSerializer;
pub use serializer::{
    Carried, Carrier, Codec, Dump, Functions, Load, NoneForm, NullSerializer, Object, StringSerializer, Typed,
};
pub use ttl::Ttl;
