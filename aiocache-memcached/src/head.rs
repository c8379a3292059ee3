//! The lines that meta commands are answered with.

use std::time::Duration;

use aiocache_core::{Error, Remaining};

use crate::error::{Fault, refusal};
use crate::reader::Reader;

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
        let (code, mut rest) = line.split_at_checked(2)?;
        let code = match code {
            b"VA" => {
                let size;
                (size, rest) = number(rest.strip_prefix(b" ")?)?;
                Code::Value(size.try_into().ok()?)
            }
            b"HD" => Code::Done,
            b"EN" | b"NF" => Code::Missing,
            b"NS" => Code::NotStored,
            b"EX" => Code::Changed,
            _ => return None,
        };
        let mut head = Self {
            code,
            opaque: None,
            cas: None,
            ttl: None,
        };
        while let Some(word) = rest.strip_prefix(b" ") {
            rest = match word {
                [b'O', token @ ..] => {
                    let (opaque, rest) = number(token)?;
                    head.opaque = Some(opaque.try_into().ok()?);
                    rest
                }
                [b'c', token @ ..] => {
                    let (cas, rest) = number(token)?;
                    head.cas = Some(cas);
                    rest
                }
                [b't', b'-', b'1', rest @ ..] => {
                    head.ttl = Some(-1);
                    rest
                }
                [b't', token @ ..] => {
                    let (ttl, rest) = number(token)?;
                    head.ttl = Some(ttl.try_into().ok()?);
                    rest
                }
                // Another flag, or a second space.
                _ => &word[word.iter().take_while(|byte| **byte != b' ').count()..],
            };
        }
        rest.is_empty().then_some(head)
    }

    pub(crate) fn remaining(self) -> Result<Remaining, Fault> {
        let ttl = self.ttl.ok_or(Fault::Strange)?;
        Ok(u64::try_from(ttl).map_or(Remaining::Never, |left| Remaining::For(Duration::from_secs(left))))
    }
}

/// A decimal number, and what follows it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = text.split_at(digits);
    let value = digits.iter().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    });
    value.filter(|_| !digits.is_empty()).map(|value| (value, rest))
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
            ("HD \u{e9}", Some(head(Code::Done))),
            ("HD O7x", None),
            ("HD t-2", None),
            ("HDO7", None),
            ("VA 3x", None),
            ("STORED", None),
            ("", None),
        ] {
            assert_eq!(Head::parse(line.as_bytes()), parsed, "{line:?}");
        }
    }
}
