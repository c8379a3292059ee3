//! What can go wrong in a command, told without telling secrets.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of a cache command.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a command failed.
///
/// Cheap to clone, so one failure can be given to many waiters. `Display` and `Debug` name the command, the
/// backend and the namespace, never the key, the value or a password: those hold personal data.
/// A miss is not an error, it is `None`.
///
/// # Examples
/// ```
/// use aiocache_core::{Cache, ErrorKind, MemoryBackend};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let cache: Cache<MemoryBackend> = Cache::new();
/// cache.add("seat", "Ada").await.expect("memory answers");
/// match cache.add("seat", "Max").await {
///     Ok(()) => println!("taken"),
///     Err(error) if error.kind() == ErrorKind::KeyExists => println!("somebody was faster"),
///     Err(error) if error.is_transient() => println!("try again in a moment: {error}"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    command: Option<&'static str>,
    backend: Option<&'static str>,
    namespace: Option<Box<str>>,
    key: Option<Box<str>>,
    index: Option<usize>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The kinds of [`Error`], for code that has to decide what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `add` found the key there already.
    KeyExists,
    /// `increment` met a value that is not a whole number of 64 bits.
    NotAnInteger,
    /// `increment` would leave the range of `i64`; the counter is unchanged.
    Overflow,
    /// The value in memory has another type than the one asked for.
    Type,
    /// The serializer could not write the value.
    Encode,
    /// The stored bytes are not a value of the type asked for.
    Decode,
    /// The command took longer than its timeout. A write may have been applied.
    Timeout,
    /// The store could not be reached, and nothing was done; or it went away before it answered a command that is
    /// harmless to repeat (a read, `set`, `multi_set`, `delete`, `expire`, `clear`), which may have been applied.
    Unavailable,
    /// The connection broke, or the time was up, after a write was sent that must not be repeated (`increment`,
    /// `add`, a comparison, `raw`): it may have been applied or not.
    Unknown,
    /// The store cannot hold such a key.
    InvalidKey,
    /// A time to live of zero, or finer than the store can keep.
    InvalidTtl,
    /// A URL or an option that makes no sense.
    InvalidConfig,
    /// `clear` without a namespace on a store that others share; `clear_all` says so in its name.
    NoNamespace,
    /// This backend has no such command.
    Unsupported,
    /// The value is larger than `max_value_bytes`.
    ValueTooLarge,
    /// The value changed between [`OptimisticLock::acquire`](crate::OptimisticLock::acquire) and `cas`; nothing was
    /// written.
    OptimisticLock,
    /// A value's `Clone` called the memory store that it was being read from.
    Reentrant,
    /// The store answered with an error of its own; the message has its text.
    Server,
}

impl ErrorKind {
    fn text(self) -> &'static str {
        match self {
            Self::KeyExists => "key exists",
            Self::NotAnInteger => "not an integer",
            Self::Overflow => "overflow",
            Self::Type => "wrong type",
            Self::Encode => "cannot be encoded",
            Self::Decode => "cannot be decoded",
            Self::Timeout => "timed out",
            Self::Unavailable => "store unavailable",
            Self::Unknown => "outcome unknown, it may have been applied; look before you repeat it",
            Self::InvalidKey => "invalid key",
            Self::InvalidTtl => "invalid ttl",
            Self::InvalidConfig => "invalid configuration",
            Self::NoNamespace => "no namespace",
            Self::Unsupported => "unsupported",
            Self::ValueTooLarge => "value too large",
            Self::OptimisticLock => "changed since it was read",
            Self::Reentrant => "store entered again",
            Self::Server => "refused by the store",
        }
    }
}

impl ErrorKind {
    /// What there is to say where the store has nothing to add.
    fn hint(self) -> &'static str {
        match self {
            Self::KeyExists => "nothing was written; `set` replaces what is there",
            Self::NotAnInteger => "a counter is a whole number of 64 bits; what is there is none, and stays",
            Self::Overflow => "the counter would leave the range of i64, and keeps its value",
            Self::OptimisticLock => {
                "nothing was written; acquire it anew, and make the change to what is there now"
            }
            _ => "",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl Error {
    /// Makes an error of `kind`. `message` says what was found, what is accepted and how to mend it, without the
    /// key or the value; where the kind says it all, it may be empty.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            command: None,
            backend: None,
            namespace: None,
            key: None,
            index: None,
            source: None,
        }))
    }

    /// Adds the error of the library below, which [`source`](StdError::source) then gives.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Arc::make_mut(&mut self.0).source = Some(Arc::from(source.into()));
        self
    }

    /// Adds the position of the item that failed in a command over several keys.
    #[must_use]
    pub fn with_index(mut self, index: usize) -> Self {
        Arc::make_mut(&mut self.0).index = Some(index);
        self
    }

    /// Adds the key, for [`Error::key`]; it is never printed.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        Arc::make_mut(&mut self.0).key = Some(key.into());
        self
    }

    /// Adds where it happened, unless an inner call said so already.
    #[must_use]
    pub(crate) fn at(mut self, command: &'static str, backend: &'static str, namespace: &str) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        inner.command.get_or_insert(command);
        inner.backend.get_or_insert(backend);
        if !namespace.is_empty() && inner.namespace.is_none() {
            inner.namespace = Some(namespace.into());
        }
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may work a moment later: the store was slow or away.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Unknown
        )
    }

    /// The command that failed, such as `"multi_get"`.
    #[must_use]
    pub fn command(&self) -> Option<&'static str> {
        self.0.command
    }

    /// The backend that failed, such as `"redis"`.
    #[must_use]
    pub fn backend(&self) -> Option<&'static str> {
        self.0.backend
    }

    /// The namespace of the handle that was used.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }

    /// The key, if one key was to blame. It is for who asks; it is never printed.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.0.key.as_deref()
    }

    /// The position of the item to blame, in a command over several keys, counted from 0.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.0.index
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(command) = inner.command {
            write!(f, "{command}")?;
            if let Some(backend) = inner.backend {
                write!(f, " on {backend}")?;
            }
            if let Some(namespace) = &inner.namespace {
                write!(f, " in namespace {namespace:?}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(inner.kind.text())?;
        if let Some(index) = inner.index {
            write!(f, " (item {index})")?;
        }
        let message: &str = match &*inner.message {
            "" => inner.kind.hint(),
            message => message,
        };
        if message.is_empty() {
            Ok(())
        } else {
            write!(f, ": {message}")
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("command", &inner.command)
            .field("backend", &inner.backend)
            .field("namespace", &inner.namespace)
            .field("index", &inner.index)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_display_nor_debug_shows_the_key() {
        let error = Error::new(ErrorKind::Decode, "expected a struct")
            .with_key("card-4111")
            .with_index(3)
            .at("multi_get", "redis", "users");
        assert_eq!(
            error.to_string(),
            "multi_get on redis in namespace \"users\": cannot be decoded (item 3): expected a struct"
        );
        assert!(!format!("{error:?}").contains("4111"));
        assert_eq!(error.key(), Some("card-4111"));
    }

    #[test]
    fn the_innermost_place_is_kept() {
        let error = Error::new(ErrorKind::Timeout, "")
            .at("get", "redis", "a")
            .at("set", "memory", "b");
        assert_eq!(
            (error.command(), error.backend(), error.namespace()),
            (Some("get"), Some("redis"), Some("a"))
        );
        assert!(error.is_transient());
    }
}
