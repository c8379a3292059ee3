//! From the client's errors to the cache's. Nothing here shows a key, a value or a password.

use std::time::Duration;

use aiocache_core::{Error, ErrorKind};
use redis::{RedisError, ServerError, ServerErrorKind};

use crate::wire::Repeat;

/// The longest text of a server's error that is passed on, in bytes.
const MAX_TEXT: usize = 160;

/// Maps what the client says about a command that got no answer because its connection broke.
pub(crate) fn broken(error: RedisError, repeat: Repeat) -> Error {
    if let Some(error) = answered(&error) {
        return error;
    }
    let kind = match repeat {
        Repeat::Harmless => ErrorKind::Unavailable,
        Repeat::Harmful => ErrorKind::Unknown,
    };
    sourced(Error::new(kind, "the connection broke before the answer"), error)
}

/// Maps what the client says about a connection that could not be made.
pub(crate) fn unreachable(error: RedisError, address: &str) -> Error {
    if let Some(error) = answered(&error) {
        return error;
    }
    match error.kind() {
        redis::ErrorKind::AuthenticationFailed => {
            Error::new(ErrorKind::Server, "the user name or the password is refused")
        }
        redis::ErrorKind::InvalidClientConfig => {
            Error::new(ErrorKind::InvalidConfig, "the connection's settings are refused")
        }
        _ => sourced(
            Error::new(ErrorKind::Unavailable, format!("no connection to {address}")),
            error,
        ),
    }
}

/// The error of a command that found no connection in time: nothing was sent.
pub(crate) fn not_connected(deadline: Duration) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("no connection within {deadline:?}"),
    )
}

/// The error of a command whose answer did not come in time.
pub(crate) fn late(deadline: Duration, repeat: Repeat) -> Error {
    let kind = match repeat {
        Repeat::Harmless => ErrorKind::Timeout,
        Repeat::Harmful => ErrorKind::Unknown,
    };
    Error::new(kind, format!("no answer within {deadline:?}"))
}

/// The error of a task that ended with its runtime.
pub(crate) fn shutting_down() -> Error {
    Error::new(ErrorKind::Unavailable, "the runtime is shutting down")
}

/// Maps an error that the server answered with.
pub(crate) fn server(error: &ServerError) -> Error {
    from_parts(error.kind(), error.code(), error.details().unwrap_or_default())
}

/// The error of an answer of another form than the command has.
pub(crate) fn strange() -> Error {
    Error::new(
        ErrorKind::Server,
        "an answer of another form than this command has",
    )
}

/// Turns the server's refusal to count into the two kinds that `increment` promises.
pub(crate) fn counting(error: &ServerError) -> Error {
    let text = error.details().unwrap_or_default();
    if text.contains("would overflow") {
        Error::new(ErrorKind::Overflow, "")
    } else if text.contains("not an integer") || error.code() == "WRONGTYPE" {
        Error::new(ErrorKind::NotAnInteger, "")
    } else {
        server(error)
    }
}

/// The mapped error if the server did answer, with an error of its own.
fn answered(error: &RedisError) -> Option<Error> {
    let code = error.code()?;
    let kind = match error.kind() {
        redis::ErrorKind::Server(kind) => Some(kind),
        _ => None,
    };
    Some(from_parts(kind, code, error.detail().unwrap_or_default()))
}

fn from_parts(kind: Option<ServerErrorKind>, code: &str, text: &str) -> Error {
    // Refused before anything was done, for a reason that passes.
    let passing = text.starts_with("max number of clients")
        || matches!(
            kind,
            Some(
                ServerErrorKind::BusyLoading
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ReadOnly
            )
        );
    let kind = if passing {
        ErrorKind::Unavailable
    } else {
        ErrorKind::Server
    };
    Error::new(kind, safe_text(code, text))
}

/// The code and the text of a server's error without what it may quote from the command's arguments.
fn safe_text(code: &str, text: &str) -> String {
    let is_code = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    // A script can answer with anything, also as the code.
    let code = if code.len() <= 32 && code.bytes().all(is_code) {
        code
    } else {
        "ERR"
    };
    let mut out = format!("{code} ");
    let mut before = ' ';
    for character in text.chars() {
        // An argument stands in quotes, and may have quotes inside: nothing after the first one is safe.
        let quotes = matches!(character, '\'' | '"' | '`') && !before.is_alphanumeric();
        if quotes || out.len() >= MAX_TEXT {
            out.push('…');
            break;
        }
        out.push(if character.is_control() { ' ' } else { character });
        before = character;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Adds the cause where it is the operating system's; what the parser says may quote an answer.
fn sourced(error: Error, cause: RedisError) -> Error {
    if cause.is_io_error() {
        error.with_source(cause)
    } else {
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_quoted_by_the_server_are_cut() {
        for (text, safe) in [
            (
                "unknown command 'GTE', with args beginning with: 'card-4111' ",
                "ERR unknown command …",
            ),
            (
                "unknown subcommand `4111`. Try CLIENT HELP.",
                "ERR unknown subcommand …",
            ),
            ("unknown command 'it's 4111', with", "ERR unknown command …"),
            ("it's unable to save", "ERR it's unable to save"),
            ("syntax error", "ERR syntax error"),
        ] {
            assert_eq!(safe_text("ERR", text), safe);
        }
        assert_eq!(safe_text("4111 secret", "x"), "ERR x");
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let text = safe_text("ERR", &"ä".repeat(500));
        assert!(text.len() <= MAX_TEXT + 4, "{}", text.len());
        assert!(text.ends_with('…'));
    }
}
