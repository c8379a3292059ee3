//! The reference store: a map behind a mutex. It is what the suite is tested with, so it can also be made wrong in
//! one way at a time.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiocache_core::{Capabilities, Entry, Error, ErrorKind, KeyRule, Raw, Remaining, Result, Version, Want};
use tokio::time::Instant;

use super::flaw::Flaw;

mod backend;

/// A map behind a mutex.
#[derive(Debug)]
pub(crate) struct Reference<R> {
    map: Mutex<Map<R>>,
    capabilities: Capabilities,
    flaw: Option<Flaw>,
}

#[derive(Debug)]
struct Map<R> {
    slots: HashMap<String, Slot<R>>,
    writes: u64,
    /// When keys are taken away whatever was written since, for [`Flaw::TimersOfKeys`].
    timers: HashMap<String, Instant>,
    closed: bool,
    /// Keys asked for whose answer was not taken, for [`Flaw::AnswersTheReadBefore`].
    asked: VecDeque<String>,
}

#[derive(Debug)]
struct Slot<R> {
    raw: R,
    number: u64,
    until: Option<Instant>,
    ttl: Option<Duration>,
}

impl<R> Slot<R> {
    fn is_alive(&self) -> bool {
        self.until.is_none_or(|until| Instant::now() < until)
    }

    fn remaining(&self) -> Remaining {
        match self.until {
            Some(until) => Remaining::For(until.saturating_duration_since(Instant::now())),
            None => Remaining::Never,
        }
    }
}

impl<R> Map<R> {
    /// Gives a key another version.
    fn renumber(&mut self, name: &str) {
        self.writes += 1;
        if let Some(slot) = self.slots.get_mut(name) {
            slot.number = self.writes;
        }
    }
}

impl<R: Raw> Reference<R> {
    /// An empty store that does everything, and does it right.
    pub(crate) fn right() -> Self {
        Self::new(Capabilities::local(), None)
    }

    /// An empty store that does right what little it can.
    pub(crate) fn poor() -> Self {
        let mut capabilities = Capabilities::local();
        capabilities.ttl_resolution = Duration::from_secs(1);
        capabilities.keys = KeyRule::VisibleAscii { max_bytes: 250 };
        capabilities.clear_namespace = false;
        capabilities.compare = false;
        capabilities.remaining_ttl = false;
        capabilities.max_value_bytes = Some(1000);
        Self::new(capabilities, None)
    }

    /// An empty store with one flaw.
    pub(crate) fn wrong(flaw: Flaw) -> Self {
        Self::new(Capabilities::local(), Some(flaw))
    }

    fn new(capabilities: Capabilities, flaw: Option<Flaw>) -> Self {
        Self {
            map: Mutex::new(Map {
                slots: HashMap::new(),
                writes: 0,
                timers: HashMap::new(),
                closed: false,
                asked: VecDeque::new(),
            }),
            capabilities,
            flaw,
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// The map without what has expired.
    fn map(&self) -> MutexGuard<'_, Map<R>> {
        let mut map = self.all();
        if !self.has(Flaw::ReadsExpired) {
            map.slots.retain(|_, slot| slot.is_alive());
        }
        let Map { slots, timers, .. } = &mut *map;
        slots.retain(|key, _| timers.get(key).is_none_or(|end| Instant::now() < *end));
        map
    }

    fn all(&self) -> MutexGuard<'_, Map<R>> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_open(&self) -> Result<()> {
        if self.all().closed {
            return Err(Error::new(ErrorKind::Unavailable, "closed"));
        }
        Ok(())
    }

    /// The key as it is kept.
    fn name_of(&self, key: &str) -> Result<String> {
        if let KeyRule::VisibleAscii { max_bytes } = self.capabilities.keys
            && (key.len() > max_bytes || !key.bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(Error::new(
                ErrorKind::InvalidKey,
                "visible ASCII up to 250 bytes is a key",
            ));
        }
        Ok(match self.flaw {
            Some(Flaw::CutsLongKeys) => key.chars().take(128).collect(),
            Some(Flaw::IgnoresCase) => key.to_lowercase(),
            Some(Flaw::KeysHaveNoSpaces) => key.replace(' ', "_"),
            _ => key.to_owned(),
        })
    }

    fn needs(&self, can: bool) -> Result<()> {
        if can {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            "this store is too poor for that",
        ))
    }

    /// What is kept of a value; `None` keeps what is there.
    fn kept(&self, raw: R, old: Option<&Slot<R>>) -> Option<R> {
        let text = raw.token();
        match self.flaw {
            Some(Flaw::EmptyIsMissing) if raw.byte_len() == 0 => None,
            Some(Flaw::WritesOnlyOnce) if old.is_some() => None,
            Some(Flaw::SameValueSameVersion) if old.is_some_and(|old| old.raw.token() == text) => None,
            Some(Flaw::TrimsValues) => text.map(|text| R::from_token(text.trim_end())),
            Some(Flaw::TakesTextOnly) => Some(R::from_token(text.unwrap_or_default())),
            Some(Flaw::CutsValues) => text.map(|text| R::from_token(&text[..text.len().min(1 << 16)])),
            _ => Some(raw),
        }
    }

    /// Refuses no items, and leaves out those over the limit.
    fn limit<T>(&self, mut items: Vec<T>) -> Result<Vec<T>> {
        if self.has(Flaw::RefusesEmptyBatches) && items.is_empty() {
            return Err(Error::new(ErrorKind::Server, "wrong number of arguments"));
        }
        if self.has(Flaw::LimitsBatches) {
            items.truncate(500);
        }
        Ok(items)
    }

    /// When a value written now ends.
    fn end_of(&self, ttl: Option<Duration>) -> Option<Instant> {
        let ttl = match self.flaw {
            Some(Flaw::EndsEarly) => ttl.map(|ttl| ttl / 2),
            Some(Flaw::GivesEveryoneATtl) => ttl.or(Some(Duration::from_secs(3600))),
            _ => ttl,
        };
        let ttl = ttl.filter(|ttl| match self.flaw {
            Some(Flaw::IgnoresTtl) => false,
            Some(Flaw::RoundsTtlsDown) => *ttl >= Duration::from_millis(1),
            _ => true,
        })?;
        let fraction = ttl.subsec_nanos() != 0 && self.capabilities.ttl_resolution == Duration::from_secs(1);
        let whole = Duration::from_secs(ttl.as_secs().saturating_add(1));
        Instant::now().checked_add(if fraction { whole } else { ttl })
    }

    fn put(&self, map: &mut Map<R>, key: &str, raw: R, ttl: Option<Duration>) -> Result<()> {
        map.writes += 1;
        let name = self.name_of(key)?;
        let old = map.slots.get(&name);
        let Some(raw) = self.kept(raw, old) else {
            return Ok(());
        };
        let mut until = self.end_of(ttl);
        if let (true, Some(old)) = (self.has(Flaw::KeepsOldTtl), old) {
            until = old.until;
        }
        let number = match old {
            _ if !self.has(Flaw::NumbersByKey) => map.writes,
            Some(old) => old.number + 1,
            None => 1,
        };
        if let (true, Some(until)) = (self.has(Flaw::TimersOfKeys), until) {
            map.timers.entry(name.clone()).or_insert(until);
        }
        let slot = Slot {
            raw,
            number,
            until,
            ttl,
        };
        map.slots.insert(name, slot);
        Ok(())
    }

    fn entry<'a>(&self, slot: &'a Slot<R>, want: Want) -> Entry<'a, R> {
        let remaining = match slot.ttl {
            Some(ttl) if self.has(Flaw::TellsTheWholeTtl) => Remaining::For(ttl),
            _ => slot.remaining(),
        };
        let tells = want.remaining && self.capabilities.remaining_ttl;
        let compares = want.version && self.capabilities.compare && !self.has(Flaw::TellsNoVersion);
        Entry::new(&slot.raw)
            .with_remaining(tells.then_some(remaining))
            .with_version(compares.then(|| Version::number(slot.number, 0)))
    }

    fn matches(&self, name: &str, prefix: &str) -> bool {
        if self.has(Flaw::ClearsByPattern) {
            let (stem, star) = prefix
                .split_once('*')
                .map_or((prefix, false), |(stem, _)| (stem, true));
            return name.starts_with(if star { stem } else { prefix });
        }
        if self.has(Flaw::ClearsWithoutTheLastCharacter) {
            let mut prefix = prefix.chars();
            prefix.next_back();
            return name.starts_with(prefix.as_str());
        }
        name.starts_with(prefix)
    }
}
