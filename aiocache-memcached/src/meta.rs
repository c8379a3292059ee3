//! The meta commands: every question has a number, and an answer without it is the end of the connection.

use aiocache_core::{Error, Remaining, Version, Want};
use bytes::Bytes;

use crate::connection::Connection;
use crate::error::Fault;
use crate::expiry::Expiry;
use crate::head::{Code, Head, head, plain_head};
use crate::key::Key;
use crate::reader::Reader;
use crate::request::Request;

/// What was found under a key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) raw: Bytes,
    pub(crate) remaining: Option<Remaining>,
    pub(crate) version: Option<Version>,
}

/// On which condition a value is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Always,
    IfAbsent,
    IfUnchanged { cas: u64 },
}

/// Reads keys, in their order.
pub(crate) async fn get(
    link: &mut Connection,
    keys: &[Key],
    want: Want,
) -> Result<Vec<Option<Found>>, Fault> {
    let mut request = link.request();
    let first = link.opaques(keys.len());
    for (opaque, key) in opaques(first, keys.len()).zip(keys) {
        request.push(b"mg ").push(link.name(key).as_bytes()).push(b" v");
        if want.remaining {
            request.push(b" t");
        }
        if want.version {
            request.push(b" c");
        }
        request.number(" O", opaque).end_line();
    }
    let epoch = link.epoch();
    link.exchange(request, async |reader| {
        let mut found = Vec::with_capacity(keys.len());
        for opaque in opaques(first, keys.len()) {
            let head = plain_head(reader, opaque).await?;
            found.push(match head.code {
                Code::Value(size) => Some(read_found(reader, head, size, want, epoch).await?),
                Code::Missing => None,
                Code::Done | Code::NotStored | Code::Changed => return Err(Fault::Strange),
            });
        }
        Ok(found)
    })
    .await
}

async fn read_found(
    reader: &mut Reader,
    head: Head,
    size: usize,
    want: Want,
    epoch: u64,
) -> Result<Found, Fault> {
    let raw = reader.value(size).await?;
    let remaining = want.remaining.then(|| head.remaining()).transpose()?;
    let version = if want.version {
        Some(Version::number(head.cas.ok_or(Fault::Strange)?, epoch))
    } else {
        None
    };
    Ok(Found {
        raw,
        remaining,
        version,
    })
}

/// Writes one `ms` with its data block.
pub(crate) fn push_set(
    request: &mut Request,
    name: &str,
    raw: &Bytes,
    mode: Mode,
    expiry: Expiry,
    opaque: u32,
) {
    request
        .push(b"ms ")
        .push(name.as_bytes())
        .number(" ", raw.len())
        .number(" T", expiry.number());
    match mode {
        Mode::Always => {}
        Mode::IfAbsent => drop(request.push(b" ME")),
        Mode::IfUnchanged { cas } => drop(request.number(" C", cas)),
    }
    request.push(b" c").number(" O", opaque).end_line();
    request.data(raw);
}

/// Stores values, in their order; for each, whether it was stored, or why it was refused.
pub(crate) async fn set(
    link: &mut Connection,
    items: &[(Key, Bytes)],
    mode: Mode,
    expiry: Expiry,
) -> Result<Vec<Result<bool, Error>>, Fault> {
    let mut request = link.request();
    let first = link.opaques(items.len());
    for (opaque, (key, raw)) in opaques(first, items.len()).zip(items) {
        push_set(&mut request, &link.name(key), raw, mode, expiry, opaque);
    }
    link.exchange(request, async |reader| {
        let mut stored = Vec::with_capacity(items.len());
        for opaque in opaques(first, items.len()) {
            stored.push(match head(reader, opaque).await? {
                Ok(head) => Ok(head.is_stored(mode)?),
                Err(refused) => Err(refused),
            });
        }
        Ok(stored)
    })
    .await
}

impl Head {
    fn is_stored(self, mode: Mode) -> Result<bool, Fault> {
        match (self.code, mode) {
            (Code::Done, _) => Ok(true),
            (Code::NotStored, Mode::IfAbsent) => Ok(false),
            (Code::Changed | Code::Missing, Mode::IfUnchanged { .. }) => Ok(false),
            _ => Err(Fault::Strange),
        }
    }
}

/// Deletes keys, each only if it has the id `cas` where one is given; how many were there.
pub(crate) async fn delete(link: &mut Connection, keys: &[Key], cas: Option<u64>) -> Result<u64, Fault> {
    let mut request = link.request();
    let first = link.opaques(keys.len());
    for (opaque, key) in opaques(first, keys.len()).zip(keys) {
        request.push(b"md ").push(link.name(key).as_bytes());
        if let Some(cas) = cas {
            request.number(" C", cas);
        }
        request.number(" O", opaque).end_line();
    }
    link.exchange(request, async |reader| {
        let mut deleted = 0;
        for opaque in opaques(first, keys.len()) {
            match plain_head(reader, opaque).await?.code {
                Code::Done => deleted += 1,
                Code::Missing => {}
                Code::Changed if cas.is_some() => {}
                Code::Value(_) | Code::NotStored | Code::Changed => return Err(Fault::Strange),
            }
        }
        Ok(deleted)
    })
    .await
}

/// Gives a key a new expiry; whether it was there.
pub(crate) async fn touch(link: &mut Connection, key: &Key, expiry: Expiry) -> Result<bool, Fault> {
    Ok(look(link, key, " T", expiry.number()).await?.is_some())
}

/// How long a key still lives.
pub(crate) async fn remaining(link: &mut Connection, key: &Key) -> Result<Remaining, Fault> {
    match look(link, key, " t", "").await? {
        Some(head) => head.remaining(),
        None => Ok(Remaining::Missing),
    }
}

/// Whether a key is there.
pub(crate) async fn exists(link: &mut Connection, key: &Key) -> Result<bool, Fault> {
    Ok(look(link, key, "", "").await?.is_some())
}

/// `mg` with one flag and without the value.
async fn look(
    link: &mut Connection,
    key: &Key,
    flag: &str,
    token: impl std::fmt::Display,
) -> Result<Option<Head>, Fault> {
    let opaque = link.opaques(1);
    let mut request = link.request();
    request
        .push(b"mg ")
        .push(link.name(key).as_bytes())
        .number(flag, token);
    request.number(" O", opaque).end_line();
    let head = link
        .exchange(request, async |reader| plain_head(reader, opaque).await)
        .await?;
    match head.code {
        Code::Done => Ok(Some(head)),
        Code::Missing => Ok(None),
        Code::Value(_) | Code::NotStored | Code::Changed => Err(Fault::Strange),
    }
}

/// The numbers of `count` questions.
fn opaques(first: u32, count: usize) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(first), |opaque| Some(opaque.wrapping_add(1))).take(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_questions_wrap() {
        assert_eq!(opaques(u32::MAX, 3).collect::<Vec<_>>(), [u32::MAX, 0, 1]);
    }
}
