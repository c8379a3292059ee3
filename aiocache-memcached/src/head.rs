//! The lines that meta commands are answered with.

use std::time::Duration;

use aiocache_core::{Error, Remaining};

use crate::connection::Reader;
use crate::error::{Fault, refusal};

/// The first word of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// `VA`: a value of this size follows.
    Value(usize),
    /// `HD`: done, or there.
    Done,
    /// `EN` and `NF`: nothing there.
    Missing,
    /// `NS`: the condition does not hold.
    NotStored,
    /// `EX`: changed since.
    Changed,
}

/// A line of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) code: Code,
    pub(crate) opaque: Option<u32>,
    pub(crate) cas: Option<u64>,
    /// Seconds; negative for a value without a ttl.
    pub(crate) ttl: Option<i64>,
}

impl Head {
    pub(crate) fn parse(line: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(line).ok()?.split(' ');
        let code = match words.next()? {
            "VA" => Code::Value(words.next()?.parse().ok()?),
            "HD" => Code::Done,
            "EN" | "NF" => Code::Missing,
            "NS" => Code::NotStored,
            "EX" => Code::Changed,
            _ => return None,
        };
        let mut head = Self {
            code,
            opaque: None,
            cas: None,
            ttl: None,
        };
        for word in words.filter(|word| !word.is_empty()) {
            let (flag, token) = word.split_at_checked(1)?;
            match flag {
                "O" => head.opaque = Some(token.parse().ok()?),
                "c" => head.cas = Some(token.parse().ok()?),
                "t" => head.ttl = Some(token.parse().ok()?),
                _ => {}
            }
        }
        Some(head)
    }

    pub(crate) fn remaining(self) -> Result<Remaining, Fault> {
        let ttl = self.ttl.ok_or(Fault::Strange)?;
        Ok(u64::try_from(ttl).map_or(Remaining::Never, |left| Remaining::For(Duration::from_secs(left))))
    }
}

/// The answer to question `opaque`: its head, or a refusal after which the connection is still in step.
pub(crate) async fn head(reader: &mut Reader, opaque: u32) -> Result<Result<Head, Error>, Fault> {
    let line = reader.answer().await?;
    // A refusal comes without the number, but in its turn.
    if let Some(error) = refusal(line) {
        return Ok(Err(error));
    }
    let head = Head::parse(line)
        .filter(|head| head.opaque == Some(opaque))
        .ok_or(Fault::Strange)?;
    Ok(Ok(head))
}

/// The head of an answer to a question that is not refused.
pub(crate) async fn plain_head(reader: &mut Reader, opaque: u32) -> Result<Head, Fault> {
    head(reader, opaque).await?.map_err(Fault::OutOfStep)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_every_kind_are_read() {
        let head = |code| Head {
            code,
            opaque: None,
            cas: None,
            ttl: None,
        };
        for (line, parsed) in [
            ("EN", Some(head(Code::Missing))),
            ("NS", Some(head(Code::NotStored))),
            ("HD", Some(head(Code::Done))),
            (
                "VA 3 t-1 c2 O7",
                Some(Head {
                    opaque: Some(7),
                    cas: Some(2),
                    ttl: Some(-1),
                    ..head(Code::Value(3))
                }),
            ),
            (
                "NF O0",
                Some(Head {
                    opaque: Some(0),
                    ..head(Code::Missing)
                }),
            ),
            ("HD W Z kabc s2", Some(head(Code::Done))),
            (
                "EX  c5",
                Some(Head {
                    cas: Some(5),
                    ..head(Code::Changed)
                }),
            ),
            ("VA", None),
            ("VA -1", None),
            ("VA 18446744073709551616", None),
            ("HD Ox", None),
            ("HD O4294967296", None),
            ("HD \u{e9}", None),
            ("STORED", None),
            ("", None),
        ] {
            assert_eq!(Head::parse(line.as_bytes()), parsed, "{line:?}");
        }
        assert_eq!(Head::parse(b"HD \xff"), None);
    }
}
