//! Hooks around every command.

use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use crate::error::Error;
use crate::events::Event;
use crate::ttl::Ttl;

mod hit_miss_ratio;
mod timing;

pub use hit_miss_ratio::{HitMissRatio, HitMissRatioPlugin};
pub use timing::{Timing, TimingPlugin};

/// Which command it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the command of that name of Cache")]
pub enum CommandName {
    Add,
    Get,
    Set,
    MultiGet,
    MultiSet,
    Delete,
    MultiDelete,
    Exists,
    Increment,
    Expire,
    Ttl,
    Clear,
    ClearAll,
    Raw,
    Ping,
    Close,
}

impl CommandName {
    /// All of them, each at the place that is its number.
    pub(crate) const ALL: [Self; 16] = [
        Self::Add,
        Self::Get,
        Self::Set,
        Self::MultiGet,
        Self::MultiSet,
        Self::Delete,
        Self::MultiDelete,
        Self::Exists,
        Self::Increment,
        Self::Expire,
        Self::Ttl,
        Self::Clear,
        Self::ClearAll,
        Self::Raw,
        Self::Ping,
        Self::Close,
    ];

    /// The name of the method, such as `"multi_get"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Get => "get",
            Self::Set => "set",
            Self::MultiGet => "multi_get",
            Self::MultiSet => "multi_set",
            Self::Delete => "delete",
            Self::MultiDelete => "multi_delete",
            Self::Exists => "exists",
            Self::Increment => "increment",
            Self::Expire => "expire",
            Self::Ttl => "ttl",
            Self::Clear => "clear",
            Self::ClearAll => "clear_all",
            Self::Raw => "raw",
            Self::Ping => "ping",
            Self::Close => "close",
        }
    }
}

impl fmt::Display for CommandName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A command as a hook sees it: never the value.
#[derive(Clone)]
#[non_exhaustive]
pub struct Command<'a> {
    /// Which command.
    pub name: CommandName,
    /// The cache's name, from [`CacheBuilder::name`](crate::CacheBuilder::name).
    pub cache: &'a str,
    /// The handle's namespace, empty if it has none.
    pub namespace: &'a str,
    /// The key as it is stored, if the command has one key.
    pub key: Option<&'a str>,
    /// How many keys the command has.
    pub items: usize,
    /// The ttl asked for, if the command has one.
    pub ttl: Option<Ttl>,
}

impl fmt::Debug for Command<'_> {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Command")
            .field("name", &self.name)
            .field("cache", &self.cache)
            .field("namespace", &self.namespace)
            .field("items", &self.items)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// How a command ended, as a hook sees it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// A read of this many keys found `hits` of them.
    Read {
        /// How many were found.
        hits: usize,
    },
    /// A delete took this many away.
    Deleted(u64),
    /// The key was there, or was not.
    Found(bool),
    /// A counter's new value.
    Counted(i64),
    /// It is done, and there is nothing more to say.
    Done,
    /// It failed.
    Failed(&'a Error),
}

impl Outcome<'_> {
    /// Every word of [`label`](Self::label).
    #[cfg(feature = "metrics")]
    pub(crate) const LABELS: [&'static str; 7] =
        ["hit", "partial", "miss", "found", "absent", "done", "failed"];

    /// The outcome of a command with this many keys in a word.
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    pub(crate) const fn label(&self, items: usize) -> &'static str {
        match self {
            // No keys were asked for, so none were found or missed.
            Self::Read { .. } if items == 0 => "done",
            Self::Read { hits: 0 } => "miss",
            Self::Read { hits } if *hits < items => "partial",
            Self::Read { .. } => "hit",
            Self::Deleted(0) | Self::Found(false) => "absent",
            Self::Deleted(_) | Self::Found(true) => "found",
            Self::Counted(_) | Self::Done => "done",
            Self::Failed(_) => "failed",
        }
    }
}

macro_rules! hooks {
    ($($(#[$doc:meta])* $name:ident: $pre:ident $post:ident;)*) => {
        /// Hooks around commands, for logging, measuring or refusing to be silent.
        ///
        /// Each `pre_<command>` and `post_<command>` calls the general [`pre`](Plugin::pre) and
        /// [`post`](Plugin::post), which do nothing; so a timing plugin overrides one method and a special one
        /// overrides `post_get`. Hooks are awaited in the order the plugins were given, inside the command's
        /// timeout. They cannot change or fail a command: they return nothing, and a panic in one is caught, counted
        /// and logged. An implementation may write each as a plain `async fn`.
        pub trait Plugin: Send + Sync + 'static {
            /// Runs before every command.
            fn pre(&self, command: &Command<'_>) -> impl Future<Output = ()> + Send {
                let _ = command;
                ready(())
            }

            /// Runs after every command, which took `took`; not after one that the cache's timeout ended.
            fn post(&self, command: &Command<'_>, outcome: &Outcome<'_>, took: Duration) -> impl Future<Output = ()> + Send {
                let _ = (command, outcome, took);
                ready(())
            }

            /// Hears what happens beside the commands: hits and misses, loads, evictions, the breaker.
            ///
            /// A plugin hears what is done through the handles that have it. What a store does by itself
            /// (evictions, the breaker, connections) is told to plugins that were given to the builder.
            ///
            /// It is no `async fn`, because it is also called where nothing can wait, as when a load is dropped. It
            /// runs on the caller's way and must not block; [`Cache::events`](crate::Cache::events) is for
            /// listeners with more to do.
            fn event(&self, event: &Event<'_>) {
                let _ = event;
            }

            $(
                #[doc = concat!("Runs before `", stringify!($name), "`.")]
                fn $pre(&self, command: &Command<'_>) -> impl Future<Output = ()> + Send {
                    self.pre(command)
                }

                #[doc = concat!("Runs after `", stringify!($name), "`, which took `took`.")]
                fn $post(&self, command: &Command<'_>, outcome: &Outcome<'_>, took: Duration) -> impl Future<Output = ()> + Send {
                    self.post(command, outcome, took)
                }
            )*
        }

        impl<P: Plugin> ErasedPlugin for P {
            fn before<'a>(&'a self, command: &'a Command<'a>) -> Hook<'a> {
                match command.name {
                    $(CommandName::$name => Box::pin(self.$pre(command)),)*
                }
            }

            fn after<'a>(&'a self, command: &'a Command<'a>, outcome: &'a Outcome<'a>, took: Duration) -> Hook<'a> {
                match command.name {
                    $(CommandName::$name => Box::pin(self.$post(command, outcome, took)),)*
                }
            }

            fn told(&self, event: &Event<'_>) {
                self.event(event);
            }
        }
    };
}

pub(crate) type Hook<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The object-safe twin: one hook before, one after, sorted by the command's name, and one for events.
pub(crate) trait ErasedPlugin: Send + Sync {
    fn before<'a>(&'a self, command: &'a Command<'a>) -> Hook<'a>;
    fn after<'a>(&'a self, command: &'a Command<'a>, outcome: &'a Outcome<'a>, took: Duration) -> Hook<'a>;
    fn told(&self, event: &Event<'_>);
}

hooks! {
    Add: pre_add post_add;
    Get: pre_get post_get;
    Set: pre_set post_set;
    MultiGet: pre_multi_get post_multi_get;
    MultiSet: pre_multi_set post_multi_set;
    Delete: pre_delete post_delete;
    MultiDelete: pre_multi_delete post_multi_delete;
    Exists: pre_exists post_exists;
    Increment: pre_increment post_increment;
    Expire: pre_expire post_expire;
    Ttl: pre_ttl post_ttl;
    Clear: pre_clear post_clear;
    ClearAll: pre_clear_all post_clear_all;
    Raw: pre_raw post_raw;
    Ping: pre_ping post_ping;
    Close: pre_close post_close;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(feature = "metrics", feature = "tracing"))]
    fn a_read_of_no_keys_is_neither_hit_nor_miss() {
        let labels =
            [(0, 0), (0, 2), (1, 2), (2, 2)].map(|(hits, items)| Outcome::Read { hits }.label(items));
        assert_eq!(labels, ["done", "miss", "partial", "hit"]);
    }

    #[test]
    fn each_command_is_at_the_place_of_its_number() {
        for (place, name) in CommandName::ALL.into_iter().enumerate() {
            assert_eq!(name as usize, place, "{name}");
        }
        assert_eq!(
            CommandName::Close as usize + 1,
            CommandName::ALL.len(),
            "close is the last one"
        );
    }
}
