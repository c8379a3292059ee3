//! Counters: signed numbers of 64 bits, where memcached's own are unsigned, wrap, and have to be there.

use aiocache_core::{Error, ErrorKind, Raw};
use bytes::Bytes;

use crate::connection::Connection;
use crate::error::Fault;
use crate::expiry::Expiry;
use crate::head::{Code, Head, head, plain_head};
use crate::key::Key;
use crate::meta::{self, Mode};
use crate::reader::Reader;

/// How often the time that a counter has left is put right when a second passes between reading and writing it.
const MAX_CORRECTIONS: usize = 3;

/// A counter as it was read.
#[derive(Debug, Clone, Copy)]
struct Seen {
    value: i64,
    /// Spaces follow, where another client had the server count down to a shorter number.
    is_padded: bool,
    cas: u64,
    /// Seconds; negative for none.
    ttl: i64,
}

/// Adds `delta`; the new value, or why not. Tries again until nobody came between.
pub(crate) async fn add(
    link: &mut Connection,
    key: &Key,
    delta: i64,
    expiry: Expiry,
) -> Result<Result<i64, Error>, Fault> {
    loop {
        let seen = match read(link, key).await? {
            Err(refused) => return Ok(Err(refused)),
            Ok(Some(seen)) => seen,
            Ok(None) => {
                let raw = Bytes::from_integer(delta);
                let stored = meta::set(link, &[(key.clone(), raw)], Mode::IfAbsent, expiry).await?;
                match stored.into_iter().next().ok_or(Fault::Strange)? {
                    Ok(true) => return Ok(Ok(delta)),
                    Ok(false) => continue,
                    Err(refused) => return Ok(Err(refused)),
                }
            }
        };
        let Some(sum) = seen.value.checked_add(delta) else {
            return Ok(Err(Error::new(ErrorKind::Overflow, "")));
        };
        if delta == 0 {
            return Ok(Ok(sum));
        }
        let written = if can_count(seen.value, sum) && !seen.is_padded {
            count(link, key, delta, seen, sum).await?
        } else {
            replace(link, key, seen, sum).await?
        };
        match written {
            Ok(true) => return Ok(Ok(sum)),
            Ok(false) => {}
            Err(refused) => return Ok(Err(refused)),
        }
    }
}

/// Whether memcached's own arithmetic gives this very text: it knows no sign, and a number that gets shorter it
/// pads with a space.
fn can_count(from: i64, to: i64) -> bool {
    from >= 0 && to >= 0 && (to >= from || to.checked_ilog10() == from.checked_ilog10())
}

/// Reads a counter and its id, twice, until both readings agree.
///
/// memcached's arithmetic stamps its new id on the item that it replaces too, so a reader that holds the old item may
/// be handed the old value with the new id. By then the new item is in place: a second reading differs.
async fn read(link: &mut Connection, key: &Key) -> Result<Result<Option<Seen>, Error>, Fault> {
    loop {
        let first = link.opaques(2);
        let mut request = link.request();
        for opaque in [first, first.wrapping_add(1)] {
            request
                .push(b"mg ")
                .push(link.name(key).as_bytes())
                .push(b" v t c");
            request.number(" O", opaque).end_line();
        }
        let (one, other) = link
            .exchange(request, async |reader| {
                let one = read_one(reader, first).await?;
                Ok((one, read_one(reader, first.wrapping_add(1)).await?))
            })
            .await?;
        match (one, other) {
            (Some((one, cas, _)), Some((raw, again, ttl))) if one == raw && cas == again => {
                return Ok(seen(&raw, cas, ttl).map(Some));
            }
            (_, None) => return Ok(Ok(None)),
            _ => {}
        }
    }
}

fn seen(raw: &Bytes, cas: u64, ttl: i64) -> Result<Seen, Error> {
    let digits = raw.slice(..raw.trim_ascii_end().len());
    let value = digits.integer();
    Ok(Seen {
        value: value.ok_or_else(|| Error::new(ErrorKind::NotAnInteger, ""))?,
        is_padded: digits.len() < raw.len(),
        cas,
        ttl,
    })
}

/// A value, its id and its ttl.
async fn read_one(reader: &mut Reader, opaque: u32) -> Result<Option<(Bytes, u64, i64)>, Fault> {
    let head = plain_head(reader, opaque).await?;
    let size = match head.code {
        Code::Value(size) => size,
        Code::Missing => return Ok(None),
        Code::Done | Code::NotStored | Code::Changed => return Err(Fault::Strange),
    };
    let raw = reader.value(size).await?;
    match (head.cas, head.ttl) {
        (Some(cas), Some(ttl)) => Ok(Some((raw, cas, ttl))),
        _ => Err(Fault::Strange),
    }
}

/// By `ma`, which leaves the ttl alone; false if somebody came between.
async fn count(
    link: &mut Connection,
    key: &Key,
    delta: i64,
    seen: Seen,
    sum: i64,
) -> Result<Result<bool, Error>, Fault> {
    let opaque = link.opaques(1);
    let mut request = link.request();
    request.push(b"ma ").push(link.name(key).as_bytes());
    request.push(if delta < 0 { b" MD" } else { b" MI" });
    request.number(" D", delta.unsigned_abs()).number(" C", seen.cas);
    request.push(b" v").number(" O", opaque).end_line();
    link.exchange(request, async |reader| {
        let head = match head(reader, opaque).await? {
            Ok(head) => head,
            Err(refused) => return Ok(Err(refused)),
        };
        match head.code {
            Code::Value(size) => match reader.value(size).await?.integer() {
                Some(value) if value == sum => Ok(Ok(true)),
                _ => Err(Fault::Strange),
            },
            Code::Missing | Code::Changed => Ok(Ok(false)),
            Code::Done | Code::NotStored => Err(Fault::Strange),
        }
    })
    .await
}

/// By a compare-and-set that carries the ttl over. Asks for the ttl again in the same breath: if a second has
/// passed since it was read, the value would live a second longer for each such write, a busy counter for ever.
async fn replace(
    link: &mut Connection,
    key: &Key,
    seen: Seen,
    sum: i64,
) -> Result<Result<bool, Error>, Fault> {
    let raw = Bytes::from_integer(sum);
    let Swap { now, outcome } = swap(link, key, &raw, seen.cas, seen.ttl).await?;
    let mut cas = match outcome {
        Swapped::Done { cas } => cas,
        Swapped::Changed => return Ok(Ok(false)),
        Swapped::Refused(error) => return Ok(Err(error)),
    };
    let (mut right, mut written) = (now.unwrap_or(seen.ttl), seen.ttl);
    for _ in 0..MAX_CORRECTIONS {
        // Longer ones are written as a date by this machine's clock, which may differ from the server's.
        if right == written || !(0..=Expiry::LONGEST_RELATIVE).contains(&right) {
            break;
        }
        let Swap { now, outcome } = swap(link, key, &raw, cas, right).await?;
        // Who came between has the counter now.
        let Swapped::Done { cas: newer } = outcome else {
            break;
        };
        cas = newer;
        let passed = written - now.unwrap_or(written);
        (right, written) = (right - passed, right);
    }
    Ok(Ok(true))
}

/// What came of one compare-and-set.
struct Swap {
    /// The ttl just before it.
    now: Option<i64>,
    outcome: Swapped,
}

enum Swapped {
    Done { cas: u64 },
    Changed,
    Refused(Error),
}

async fn swap(link: &mut Connection, key: &Key, raw: &Bytes, cas: u64, ttl: i64) -> Result<Swap, Fault> {
    let first = link.opaques(2);
    let second = first.wrapping_add(1);
    let mut request = link.request();
    request.push(b"mg ").push(link.name(key).as_bytes()).push(b" t");
    request.number(" O", first).end_line();
    let mode = Mode::IfUnchanged { cas };
    meta::push_set(&mut request, &link.name(key), raw, mode, expiry_of(ttl), second);
    link.exchange(request, async |reader| {
        let now = head(reader, first).await?.map_err(Fault::OutOfStep)?.ttl;
        let outcome = match head(reader, second).await? {
            Ok(Head {
                code: Code::Done,
                cas: Some(cas),
                ..
            }) => Swapped::Done { cas },
            Ok(Head {
                code: Code::Changed | Code::Missing,
                ..
            }) => Swapped::Changed,
            Ok(_) => return Err(Fault::Strange),
            Err(refused) => Swapped::Refused(refused),
        };
        Ok(Swap { now, outcome })
    })
    .await
}

/// The expiry of a value with this ttl left; one that ends in this very second must not stay for ever.
fn expiry_of(ttl: i64) -> Expiry {
    let left = u64::try_from(ttl).ok();
    Expiry::after(left.map(std::time::Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_counts_where_it_writes_what_we_would() {
        for (from, to, can) in [
            (0, 1, true),
            (9, 10, true),
            (99, 98, true),
            (10, 9, false),
            (1, 0, false),
            (0, -1, false),
            (-1, 0, false),
            (-5, 5, false),
            (5, i64::MAX, true),
        ] {
            assert_eq!(can_count(from, to), can, "{from} to {to}");
        }
    }

    #[test]
    fn a_counter_in_its_last_second_is_not_kept_for_ever() {
        assert_eq!(expiry_of(0).number(), 1);
        assert_eq!(expiry_of(7).number(), 7);
        assert_eq!(expiry_of(-1).number(), 0);
    }
}
