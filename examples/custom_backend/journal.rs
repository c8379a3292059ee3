//! The store: a map in this process, and a journal in a file that brings it back.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aiocache::{Codec, Error, ErrorKind, JsonSerializer, Remaining, Result, Version};
use serde::{Deserialize, Serialize};

/// Milliseconds since 1970; what stays for ever ends at the last of them.
pub(crate) type Moment = u64;
const NEVER: Moment = u64::MAX;

fn now() -> Moment {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(NEVER)
}

pub(crate) fn end(ttl: Option<Duration>) -> Moment {
    // Rounded up: a ttl finer than the grain must not be none at all.
    let millis = |ttl: Duration| u64::try_from(ttl.as_nanos().div_ceil(1_000_000)).unwrap_or(NEVER);
    ttl.map_or(NEVER, |ttl| now().saturating_add(millis(ttl)))
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Slot {
    pub(crate) value: Vec<u8>,
    pub(crate) ends: Moment,
    /// Of the write that it came from; no two have the same.
    pub(crate) stamp: u64,
}

impl Slot {
    pub(crate) fn remaining(&self) -> Remaining {
        match self.ends {
            NEVER => Remaining::Never,
            ends => Remaining::For(Duration::from_millis(ends.saturating_sub(now()))),
        }
    }

    pub(crate) fn is_of(&self, version: &Version) -> bool {
        version.as_number() == Some((self.stamp, 0))
    }
}

#[derive(Default)]
pub(crate) struct Table {
    pub(crate) slots: BTreeMap<String, Slot>,
    stamp: u64,
    /// `None` before the first write and after a close.
    pub(crate) file: Option<File>,
}

impl Table {
    pub(crate) fn alive(&self, key: &str) -> Option<&Slot> {
        self.slots.get(key).filter(|slot| slot.ends > now())
    }
}

/// Each change is one step under one lock, which makes the conditional ones atomic, and is in the journal before it is
/// done. Writing under the lock is fine for a file on a local disk, and not for one elsewhere. The file only grows: one
/// to be kept for long would be written anew, with what is alive, when it is opened.
pub(crate) struct Journal {
    path: PathBuf,
    table: Mutex<Table>,
}

impl Journal {
    /// Reads what an earlier process left; a line that a crash cut off is not there.
    pub(crate) fn open(path: PathBuf) -> Self {
        let mut table = Table::default();
        for line in fs::read(&path).unwrap_or_default().split(|byte| *byte == b'\n') {
            if let Ok((key, slot)) = JsonSerializer.decode::<(String, Slot)>(line) {
                table.stamp = table.stamp.max(slot.stamp);
                table.slots.insert(key, slot);
            }
        }
        let table = Mutex::new(table);
        Self { path, table }
    }

    /// The file, at the beginning of a line: a crash or a full disk may have cut the last one off.
    fn append(&self) -> io::Result<File> {
        let mut file = OpenOptions::new().append(true).create(true).open(&self.path)?;
        if file.metadata()?.len() > 0 {
            file.write_all(b"\n")?;
        }
        Ok(file)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes of what is there what will be there: value and end, or nothing new.
    pub(crate) fn change<T>(
        &self,
        key: &str,
        make: impl FnOnce(Option<&Slot>) -> Result<(Option<(Vec<u8>, Moment)>, T)>,
    ) -> Result<T> {
        let mut table = self.lock();
        let (new, answer) = make(table.alive(key))?;
        if let Some((value, ends)) = new {
            table.stamp += 1;
            let slot = Slot {
                value,
                ends,
                stamp: table.stamp,
            };
            let mut line = JsonSerializer.encode(&(key, &slot))?;
            line.push(b'\n');
            let file = match table.file.take() {
                Some(file) => Ok(file),
                None => self.append(),
            };
            let written = file.and_then(|mut file| file.write_all(&line).map(|()| file));
            let failed = |error| {
                Error::new(ErrorKind::Unavailable, "the journal cannot be written").with_source(error)
            };
            table.file = Some(written.map_err(failed)?);
            table.slots.insert(key.to_owned(), slot);
        }
        Ok(answer)
    }
}
