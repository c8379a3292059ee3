//! A line of the user's own, and its answer. Only commands whose answers have a known end are sent, so that the
//! next command gets its own.

use aiocache_core::{Error, ErrorKind, Reply, Result};
use bytes::Bytes;

use crate::connection::Connection;
use crate::error::{Fault, refusal};
use crate::key::{Key, MAX_KEY_BYTES};
use crate::reader::Reader;

/// The longest command line that memcached reads.
const MAX_LINE: usize = 2048;
/// The most lines of an answer.
const MAX_LINES: usize = 65_536;

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One line, and a value if it begins with `VA`.
    Meta,
    /// Values, and `END`.
    Values,
    /// One line.
    Status,
    /// Lines, and `END`.
    Lines,
}

/// The commands, and how their answers end. Commands with a data block are those of a cache, and are not here.
const COMMANDS: &[(&str, Form)] = &[
    ("cache_memlimit", Form::Status),
    ("decr", Form::Status),
    ("delete", Form::Status),
    ("flush_all", Form::Status),
    ("gat", Form::Values),
    ("gats", Form::Values),
    ("get", Form::Values),
    ("gets", Form::Values),
    ("incr", Form::Status),
    ("lru", Form::Status),
    ("ma", Form::Meta),
    ("md", Form::Meta),
    ("me", Form::Meta),
    ("mg", Form::Meta),
    ("mn", Form::Meta),
    ("slabs", Form::Status),
    ("stats", Form::Lines),
    ("touch", Form::Status),
    ("verbosity", Form::Status),
    ("version", Form::Status),
];

/// A line that can be sent.
#[derive(Debug)]
pub(crate) struct Line {
    line: Vec<u8>,
    form: Form,
    /// The key, where the second word can be one; it says which server.
    pub(crate) key: Option<Key>,
}

impl Line {
    /// # Errors
    /// `Unsupported` for a command that is not among those known; `InvalidConfig` for an argument that would make
    /// another command of the line, or keep the answer back.
    pub(crate) fn new(arguments: &[&[u8]]) -> Result<Self> {
        let refused = |text: &'static str| Err(Error::new(ErrorKind::InvalidConfig, text));
        let Some((name, rest)) = arguments.split_first() else {
            return refused("no arguments; the first is the command");
        };
        let known = COMMANDS.iter().find(|(command, _)| command.as_bytes() == *name);
        let Some(&(name, form)) = known else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "only commands of one line with a known answer are sent, in lower case; values are stored by set",
            ));
        };
        if !rest.iter().all(|word| is_word(word)) {
            return refused("an argument is empty or has a space or a control character");
        }
        let is_quiet = |word: &&[u8]| *word == b"noreply" || (form == Form::Meta && word.starts_with(b"q"));
        if rest.iter().skip(1).any(is_quiet) || (name == "flush_all" && rest.iter().any(is_quiet)) {
            return refused("noreply and the flag q keep the answer back");
        }
        let line = arguments.join(&b' ');
        if line.len() > MAX_LINE - 2 {
            return refused("the line has more than 2046 bytes");
        }
        let key = rest
            .first()
            .and_then(|word| Key::new(std::str::from_utf8(word).ok()?, MAX_KEY_BYTES).ok());
        Ok(Self { line, form, key })
    }

    pub(crate) async fn run(&self, link: &mut Connection) -> Result<Result<Reply>, Fault> {
        let mut request = link.request();
        request.push(&self.line).end_line();
        let form = self.form;
        link.exchange(request, async |reader| match form {
            Form::Meta => meta(reader).await,
            Form::Values => values(reader).await,
            Form::Status => status(reader).await,
            Form::Lines => lines(reader).await,
        })
        .await
    }
}

fn is_word(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(|byte| !byte.is_ascii_control() && *byte != b' ')
}

async fn meta(reader: &mut Reader) -> Result<Result<Reply>, Fault> {
    let line = reader.answer().await?;
    if let Some(error) = refusal(line) {
        return Ok(Err(error));
    }
    let text = text(line)?;
    let mut words = text.split_ascii_whitespace();
    match words.next() {
        Some("EN" | "NF") => Ok(Ok(Reply::Nil)),
        Some("VA") => {
            let size = words
                .next()
                .and_then(|word| word.parse().ok())
                .ok_or(Fault::Strange)?;
            let flags: Vec<_> = words.map(|word| Reply::Text(word.to_owned())).collect();
            let value = Reply::Bytes(reader.value(size).await?);
            if flags.is_empty() {
                return Ok(Ok(value));
            }
            Ok(Ok(Reply::List([vec![value], flags].concat())))
        }
        Some(_) => Ok(Ok(Reply::Text(text))),
        None => Err(Fault::Strange),
    }
}

async fn values(reader: &mut Reader) -> Result<Result<Reply>, Fault> {
    let mut pairs = Vec::new();
    loop {
        let line = text(reader.answer().await?)?;
        let mut words = line.split(' ');
        match words.next() {
            Some("END") => return Ok(Ok(Reply::Map(pairs))),
            Some("VALUE") => {}
            _ => return Err(Fault::Strange),
        }
        let key = words.next().ok_or(Fault::Strange)?.to_owned();
        let size = words
            .nth(1)
            .and_then(|word| word.parse().ok())
            .ok_or(Fault::Strange)?;
        let cas = words.next().map(|word| Reply::Text(word.to_owned()));
        let value = Reply::Bytes(reader.value(size).await?);
        let value = match cas {
            Some(cas) => Reply::List(vec![value, cas]),
            None => value,
        };
        pairs.push((Reply::Bytes(Bytes::from(key)), value));
    }
}

async fn status(reader: &mut Reader) -> Result<Result<Reply>, Fault> {
    let line = text(reader.answer().await?)?;
    Ok(Ok(match line.trim_end() {
        "NOT_FOUND" => Reply::Nil,
        line => match line.parse() {
            Ok(number) => Reply::Integer(number),
            Err(_) => Reply::Text(line.to_owned()),
        },
    }))
}

/// `stats`: `STAT name value` to `END`; `stats reset` has no such end and says `RESET`.
async fn lines(reader: &mut Reader) -> Result<Result<Reply>, Fault> {
    let mut pairs = Vec::new();
    for _ in 0..MAX_LINES {
        let line = text(reader.answer().await?)?;
        if line == "END" {
            return Ok(Ok(Reply::Map(pairs)));
        }
        if pairs.is_empty() && matches!(line.as_str(), "RESET" | "OK") {
            return Ok(Ok(Reply::Text(line)));
        }
        let (name, value) = line
            .strip_prefix("STAT ")
            .and_then(|rest| rest.split_once(' '))
            .ok_or(Fault::Strange)?;
        pairs.push((Reply::Text(name.to_owned()), Reply::Text(value.to_owned())));
    }
    Err(Fault::Strange)
}

fn text(line: &[u8]) -> Result<String, Fault> {
    String::from_utf8(line.to_vec()).map_err(|_| Fault::Strange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_upset_the_connection_is_refused() {
        let refused: [&[&[u8]]; 12] = [
            &[],
            &[b""],
            &[b"quit"],
            &[b"set", b"a", b"0", b"0", b"1"],
            &[b"GET", b"a"],
            &[b"get", b"a\r\nflush_all"],
            &[b"get", b"a b"],
            &[b"get", b""],
            &[b"delete", b"a", b"noreply"],
            &[b"flush_all", b"noreply"],
            &[b"mg", b"a", b"v", b"q"],
            &[b"get", &[b'a'; 2048]],
        ];
        for arguments in refused {
            let kind = Line::new(arguments).expect_err("refused").kind();
            assert!(
                matches!(kind, ErrorKind::Unsupported | ErrorKind::InvalidConfig),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn the_second_word_says_which_server() {
        let line = Line::new(&[b"mg", b"quiet", b"v"]).expect("a good line");
        assert_eq!(line.key.as_ref().map(Key::as_str), Some("quiet"));
        assert_eq!(Line::new(&[b"stats"]).expect("a good line").key, None);
    }
}
