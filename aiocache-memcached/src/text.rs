//! The classic text commands, for servers and proxies that do not know the meta commands.
//!
//! Compare-and-set, counting and the version are `memcache-async`'s, each lent the connection for one command: they
//! are answered by one line, and it checks that line. Its `set` and `delete` do not wait for an answer, its `add`
//! takes any for success, and its reads allocate whatever length they are told; those are done here.

use std::collections::VecDeque;
use std::io;

use aiocache_core::{Error, ErrorKind, Raw, Version, Want};
use bytes::Bytes;

use crate::connection::Connection;
use crate::error::{Fault, refusal};
use crate::expiry::Expiry;
use crate::key::Key;
use crate::meta::{Found, Mode};
use crate::reader::Reader;

/// What `memcache-async` says of a compare-and-set on a key that is not there.
const NOT_FOUND: &str = "NOT_FOUND";

/// The version of the server, in either dialect.
pub(crate) async fn version(link: &mut Connection) -> Result<String, Fault> {
    link.lend().version().await.map_err(lent)
}

/// Reads keys, in their order. The remaining ttl cannot be told.
pub(crate) async fn get(
    link: &mut Connection,
    keys: &[Key],
    want: Want,
) -> Result<Vec<Option<Found>>, Fault> {
    let mut request = link.request();
    for key in keys {
        request.push(b"gets ").push(link.name(key).as_bytes()).end_line();
    }
    let epoch = link.epoch();
    let names: Vec<_> = keys.iter().map(|key| link.name(key)).collect();
    link.exchange(request, async |reader| {
        let mut found = Vec::with_capacity(keys.len());
        for name in &names {
            let value = value(reader, name).await?;
            found.push(value.map(|(raw, cas)| Found {
                raw,
                remaining: None,
                version: want.version.then(|| Version::number(cas, epoch)),
            }));
        }
        Ok(found)
    })
    .await
}

/// The answer to `gets` of one key: the value and its compare-and-set id.
async fn value(reader: &mut Reader, name: &str) -> Result<Option<(Bytes, u64)>, Fault> {
    let line = reader.answer().await?;
    if line == b"END" {
        return Ok(None);
    }
    let mut words = std::str::from_utf8(line)
        .map_err(|_| Fault::Strange)?
        .split(' ')
        .collect::<VecDeque<_>>();
    if words.pop_front() != Some("VALUE") || words.pop_front() != Some(name) {
        return Err(Fault::Strange);
    }
    let number = |position: usize| words.get(position).and_then(|word| word.parse::<u64>().ok());
    let (Some(size), Some(cas)) = (number(1), number(2)) else {
        return Err(Fault::Strange);
    };
    let raw = reader
        .value(usize::try_from(size).map_err(|_| Fault::Strange)?)
        .await?;
    if reader.answer().await? != b"END" {
        return Err(Fault::Strange);
    }
    Ok(Some((raw, cas)))
}

/// Stores values, in their order; for each, whether it was stored, or why it was refused.
pub(crate) async fn set(
    link: &mut Connection,
    items: &[(Key, Bytes)],
    mode: Mode,
    expiry: Expiry,
) -> Result<Vec<Result<bool, Error>>, Fault> {
    if let Mode::IfUnchanged { cas } = mode {
        let mut stored = Vec::with_capacity(items.len());
        for (key, raw) in items {
            stored.push(compare_and_set(link, key, raw, cas, expiry).await?);
        }
        return Ok(stored);
    }
    let verb: &[u8] = if mode == Mode::IfAbsent { b"add " } else { b"set " };
    let mut request = link.request();
    for (key, raw) in items {
        request.push(verb).push(link.name(key).as_bytes()).push(b" 0");
        request
            .number(" ", expiry.number())
            .number(" ", raw.len())
            .end_line();
        request.data(raw);
    }
    link.exchange(request, async |reader| {
        let mut stored = Vec::with_capacity(items.len());
        for _ in items {
            let line = reader.answer().await?;
            stored.push(match line {
                b"STORED" => Ok(true),
                b"NOT_STORED" if mode == Mode::IfAbsent => Ok(false),
                line => Err(refusal(line).ok_or(Fault::Strange)?),
            });
        }
        Ok(stored)
    })
    .await
}

async fn compare_and_set(
    link: &mut Connection,
    key: &Key,
    raw: &Bytes,
    cas: u64,
    expiry: Expiry,
) -> Result<Result<bool, Error>, Fault> {
    let name = link.name(key);
    match link.lend().cas(&*name, raw, cas, expiry.number()).await {
        Ok(stored) => Ok(Ok(stored)),
        Err(error) if error.to_string().trim_end() == NOT_FOUND => Ok(Ok(false)),
        Err(error) => match refusal(error.to_string().trim_end().as_bytes()) {
            Some(refused) => Ok(Err(refused)),
            None => Err(lent(error)),
        },
    }
}

/// Deletes keys; how many were there. With an id, a value that is gone at once takes the place of the one with it.
pub(crate) async fn delete(link: &mut Connection, keys: &[Key], cas: Option<u64>) -> Result<u64, Fault> {
    if let Some(cas) = cas {
        let mut deleted = 0;
        for key in keys {
            let gone = compare_and_set(link, key, &Bytes::new(), cas, Expiry::PAST).await?;
            deleted += u64::from(gone.map_err(Fault::OutOfStep)?);
        }
        return Ok(deleted);
    }
    let mut request = link.request();
    for key in keys {
        request
            .push(b"delete ")
            .push(link.name(key).as_bytes())
            .end_line();
    }
    link.exchange(request, async |reader| {
        let mut deleted = 0;
        for _ in keys {
            deleted += u64::from(was_there(reader, b"DELETED").await?);
        }
        Ok(deleted)
    })
    .await
}

/// Gives a key a new expiry; whether it was there.
pub(crate) async fn touch(link: &mut Connection, key: &Key, expiry: Expiry) -> Result<bool, Fault> {
    let mut request = link.request();
    request.push(b"touch ").push(link.name(key).as_bytes());
    request.number(" ", expiry.number()).end_line();
    link.exchange(request, async |reader| was_there(reader, b"TOUCHED").await)
        .await
}

async fn was_there(reader: &mut Reader, yes: &[u8]) -> Result<bool, Fault> {
    match reader.answer().await? {
        b"NOT_FOUND" => Ok(false),
        line if line == yes => Ok(true),
        _ => Err(Fault::Strange),
    }
}

/// Whether a key is there; the value comes along.
pub(crate) async fn exists(link: &mut Connection, key: &Key) -> Result<bool, Fault> {
    let found = get(link, std::slice::from_ref(key), Want::VALUE).await?;
    Ok(found.into_iter().any(|found| found.is_some()))
}

/// Adds `delta` to a counter; the new value, or why not.
///
/// Only memcached's own arithmetic keeps the ttl here, and it knows no numbers below 0.
pub(crate) async fn add(
    link: &mut Connection,
    key: &Key,
    delta: i64,
    expiry: Expiry,
) -> Result<Result<i64, Error>, Fault> {
    loop {
        let mut found = get(link, std::slice::from_ref(key), Want::VALUE).await?;
        let Some(found) = found.pop().flatten() else {
            let item = [(key.clone(), Bytes::from_integer(delta))];
            match set(link, &item, Mode::IfAbsent, expiry).await?.pop() {
                Some(Ok(true)) => return Ok(Ok(delta)),
                Some(Ok(false)) => continue,
                Some(Err(refused)) => return Ok(Err(refused)),
                None => return Err(Fault::Strange),
            }
        };
        let Some(value) = found.raw.integer() else {
            return Ok(Err(Error::new(ErrorKind::NotAnInteger, "")));
        };
        let Some(sum) = value.checked_add(delta) else {
            return Ok(Err(Error::new(ErrorKind::Overflow, "")));
        };
        if delta == 0 {
            return Ok(Ok(sum));
        }
        if value < 0 || delta < 0 {
            return Ok(Err(Error::new(
                ErrorKind::Unsupported,
                "this server or proxy knows no meta commands (memcached 1.6); counters only go up there",
            )));
        }
        let name = link.name(key);
        match link.lend().increment(&*name, delta.unsigned_abs()).await {
            Ok(sum) => return Ok(i64::try_from(sum).map_err(|_| Error::new(ErrorKind::Overflow, ""))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(lent(error)),
        }
    }
}

/// What `memcache-async` failed with. Its text quotes the server, so it is not passed on.
fn lent(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::Other | io::ErrorKind::InvalidData | io::ErrorKind::NotFound => Fault::Strange,
        _ => Fault::Broken(error),
    }
}
