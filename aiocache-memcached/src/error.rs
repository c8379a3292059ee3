//! From what a server says to the errors of a cache. Nothing here shows a key, a value or a password.

use std::io;
use std::time::Duration;

use aiocache_core::{Error, ErrorKind};

/// Whether a command may be sent again when its connection broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Twice leaves the store as once does.
    Harmless,
    /// Twice may do more than once.
    Harmful,
}

const STRANGE: &str = "an answer of another form than this command has; the connection was dropped";

/// Why a command has no answer and its connection is no good any more.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It broke.
    Broken(io::Error),
    /// Something else came than any answer to this command; what follows cannot be trusted.
    Strange,
    /// The server's answer is an error after which nothing can be trusted either.
    OutOfStep(Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

impl Fault {
    /// What the caller is told.
    pub(crate) fn error(self, repeat: Repeat) -> Error {
        match (self, repeat) {
            (Self::Broken(cause), Repeat::Harmless) => {
                Error::new(ErrorKind::Unavailable, "the connection broke before the answer")
                    .with_source(cause)
            }
            (Self::Broken(cause), Repeat::Harmful) => {
                Error::new(ErrorKind::Unknown, "the connection broke before the answer").with_source(cause)
            }
            (Self::Strange, Repeat::Harmless) => Error::new(ErrorKind::Server, STRANGE),
            (Self::Strange, Repeat::Harmful) => Error::new(ErrorKind::Unknown, STRANGE),
            (Self::OutOfStep(error), _) => error,
        }
    }
}

/// An answer with more bytes than are taken.
pub(crate) fn too_large(limit: usize) -> Fault {
    Fault::OutOfStep(Error::new(
        ErrorKind::ValueTooLarge,
        format!(
            "the stored value is larger than max_value_bytes, which is {limit}; the connection was dropped"
        ),
    ))
}

/// The error of a command whose answer did not come in time.
pub(crate) fn late(deadline: Duration, repeat: Repeat) -> Error {
    let kind = match repeat {
        Repeat::Harmless => ErrorKind::Timeout,
        Repeat::Harmful => ErrorKind::Unknown,
    };
    Error::new(kind, format!("no answer within {deadline:?}"))
}

/// The error of a command that found no free connection in time.
pub(crate) fn not_sent(deadline: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("no free connection within {deadline:?}"),
    )
}

/// The error of a command that was not sent, because its connection broke and no other is there.
pub(crate) fn broken() -> Error {
    Error::new(ErrorKind::Unavailable, "the connection broke")
}

/// The error of a write that would have come before an earlier one of its key.
pub(crate) fn held_back(deadline: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("not sent: an earlier write of the key had no answer yet, nor within {deadline:?}"),
    )
}

/// Maps a connection that could not be made.
pub(crate) fn unreachable(cause: io::Error, address: &str) -> Error {
    Error::new(ErrorKind::Unavailable, format!("no connection to {address}")).with_source(cause)
}

const TOO_LARGE: &[u8] = b"SERVER_ERROR object too large for cache";
const OUT_OF_MEMORY: &[u8] = b"SERVER_ERROR out of memory storing object";

/// The refusals after which memcached reads on where it should: it has swallowed the value.
pub(crate) fn refusal(line: &[u8]) -> Option<Error> {
    match line {
        TOO_LARGE => Some(Error::new(
            ErrorKind::ValueTooLarge,
            "the server takes no item of this size (its option -I); what was there before is gone",
        )),
        OUT_OF_MEMORY => Some(Error::new(ErrorKind::Server, "the server is out of memory")),
        _ => None,
    }
}

/// The refusals after which nothing more can be read.
pub(crate) fn fatal(line: &[u8]) -> Option<Fault> {
    let is = |start: &[u8]| line.starts_with(start);
    if line == TOO_LARGE || line == OUT_OF_MEMORY {
        return None;
    }
    let text = if is(b"CLIENT_ERROR unauthenticated") || is(b"CLIENT_ERROR authentication failure") {
        "the user name or the password is refused, or missing"
    } else if is(b"CLIENT_ERROR") {
        "CLIENT_ERROR: the command was not understood"
    } else if is(b"SERVER_ERROR") {
        "SERVER_ERROR: the command was not carried out"
    } else if line == b"ERROR" || is(b"ERROR ") {
        "ERROR: the server has no such command"
    } else {
        return None;
    };
    // Of the server's own text nothing more: a proxy in front of it may quote the key.
    Some(Fault::OutOfStep(Error::new(ErrorKind::Server, text)))
}
