//! The reference store: a map behind a mutex. It is what the suite is tested with, so it can also be made wrong in
//! one way at a time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aiocache_core::{
    Backend, Capabilities, Entry, Error, ErrorKind, NullSerializer, Raw, Remaining, Reply, Result, Version, Want,
};
use tokio::time::Instant;

/// A map behind a mutex.
#[derive(Debug)]
pub struct Reference<R> {
    map: Mutex<Map<R>>,
    flaw: Option<Flaw>,
}

/// One way to be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    IgnoresTtl,
    KeepsOldTtl,
    ReadsExpired,
    AnswersInOrderOfTheStore,
    LeavesOutMisses,
    AddsInTwoSteps,
    AddsOverExpiredNever,
    AddChangesTtl,
    ClearsByPattern,
    ClearsWithoutTheLastCharacter,
    ClearsOnePage,
    IncrementResetsTtl,
    IncrementWraps,
    IncrementInTwoSteps,
    IncrementTakesTextForZero,
    ExpireNeverPersists,
    ExpireMakesKeys,
    CountsAbsentDeletes,
    CountsTwiceGiven,
    IgnoresVersion,
    NumbersByKey,
    SwapMakesKeys,
    SwapDropsTtl,
    DeletesAnyVersion,
    FirstOfAPairStays,
    PairsHaveNoTtl,
    CutsLongKeys,
    IgnoresCase,
    EmptyIsMissing,
    RefusesLongTtls,
    RoundsTtlsDown,
    TellsTheWholeTtl,
    ExistsWhenExpired,
    TimersOfKeys,
    StaysClosed,
    KnowsEveryCommand,
}

#[derive(Debug)]
struct Map<R> {
    slots: HashMap<String, Slot<R>>,
    writes: u64,
    /// When keys are taken away whatever was written since, for [`Flaw::TimersOfKeys`].
    timers: HashMap<String, Instant>,
    closed: bool,
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

impl<R: Raw> Reference<R> {
    /// An empty store that does everything right.
    pub fn right() -> Self {
        Self::new(None)
    }

    /// An empty store with one flaw.
    pub fn wrong(flaw: Flaw) -> Self {
        Self::new(Some(flaw))
    }

    fn new(flaw: Option<Flaw>) -> Self {
        let map = Map {
            slots: HashMap::new(),
            writes: 0,
            timers: HashMap::new(),
            closed: false,
        };
        Self {
            map: Mutex::new(map),
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

    fn name_of(&self, key: &str) -> String {
        match self.flaw {
            Some(Flaw::CutsLongKeys) => key.chars().take(128).collect(),
            Some(Flaw::IgnoresCase) => key.to_lowercase(),
            _ => key.to_owned(),
        }
    }

    fn put(&self, map: &mut Map<R>, key: &str, raw: R, ttl: Option<Duration>) {
        map.writes += 1;
        let name = self.name_of(key);
        let old = map.slots.get(&name);
        let mut until = match ttl {
            _ if self.has(Flaw::IgnoresTtl) => None,
            Some(ttl) if self.has(Flaw::RoundsTtlsDown) && ttl < Duration::from_millis(1) => None,
            Some(ttl) => Instant::now().checked_add(ttl),
            None => None,
        };
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
    }

    fn entry<'a>(&self, slot: &'a Slot<R>, want: Want) -> Entry<'a, R> {
        let remaining = match slot.ttl {
            Some(ttl) if self.has(Flaw::TellsTheWholeTtl) => Remaining::For(ttl),
            _ => slot.remaining(),
        };
        Entry::new(&slot.raw)
            .with_remaining(want.remaining.then_some(remaining))
            .with_version(want.version.then(|| Version::number(slot.number, 0)))
    }

    fn matches(&self, name: &str, prefix: &str) -> bool {
        if self.has(Flaw::ClearsByPattern) {
            let (stem, star) = prefix.split_once('*').map_or((prefix, false), |(stem, _)| (stem, true));
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

impl<R: Raw> Backend for Reference<R> {
    type Raw = R;
    type Serializer = NullSerializer;

    fn name(&self) -> &'static str {
        "reference"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::local()
    }

    async fn read<T: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, R>) -> T + Send,
    ) -> Result<Option<T>> {
        self.check_open()?;
        let map = self.map();
        let slot = map.slots.get(&self.name_of(key));
        Ok(slot.map(|slot| f(self.entry(slot, want))))
    }

    async fn read_many<T: Send>(
        &self,
        keys: &[&str],
        want: Want,
        mut f: impl FnMut(usize, Entry<'_, R>) -> T + Send,
    ) -> Result<Vec<Option<T>>> {
        let map = self.map();
        let mut keys = keys.to_vec();
        if self.has(Flaw::AnswersInOrderOfTheStore) {
            keys.sort_unstable();
        }
        let mut answers = Vec::new();
        for (position, key) in keys.into_iter().enumerate() {
            let slot = map.slots.get(&self.name_of(key));
            answers.push(slot.map(|slot| f(position, self.entry(slot, want))));
        }
        if self.has(Flaw::LeavesOutMisses) {
            answers.retain(Option::is_some);
        }
        Ok(answers)
    }

    async fn write(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<()> {
        if self.has(Flaw::RefusesLongTtls) && ttl.is_some_and(|ttl| ttl.as_secs() > 30 * 24 * 3600) {
            return Ok(());
        }
        self.put(&mut self.map(), key, raw, ttl);
        Ok(())
    }

    async fn write_many(&self, pairs: Vec<(&str, R)>, ttl: Option<Duration>) -> Result<()> {
        let ttl = ttl.filter(|_| !self.has(Flaw::PairsHaveNoTtl));
        let mut pairs = pairs;
        if self.has(Flaw::FirstOfAPairStays) {
            pairs.reverse();
        }
        let mut map = self.map();
        for (key, raw) in pairs {
            self.put(&mut map, key, raw, ttl);
        }
        Ok(())
    }

    async fn add(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<bool> {
        let expired_counts = self.has(Flaw::AddsOverExpiredNever);
        let mut map = if expired_counts { self.all() } else { self.map() };
        if let Some(slot) = map.slots.get_mut(&self.name_of(key)) {
            if self.has(Flaw::AddChangesTtl) {
                slot.until = ttl.map(|ttl| Instant::now() + ttl);
            }
            return Ok(false);
        }
        if self.has(Flaw::AddsInTwoSteps) {
            drop(map);
            tokio::task::yield_now().await;
            map = self.map();
        }
        self.put(&mut map, key, raw, ttl);
        Ok(true)
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        Ok(self.map().slots.remove(&self.name_of(key)).is_some())
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        let mut map = self.map();
        let mut there = 0;
        let names: Vec<_> = keys.iter().map(|key| self.name_of(key)).collect();
        if self.has(Flaw::CountsTwiceGiven) {
            there = names.iter().filter(|name| map.slots.contains_key(*name)).count() as u64;
        }
        for name in names {
            let was_there = map.slots.remove(&name).is_some();
            if !self.has(Flaw::CountsTwiceGiven) {
                there += u64::from(was_there || self.has(Flaw::CountsAbsentDeletes));
            }
        }
        Ok(there)
    }

    async fn exists(&self, key: &str) -> Result<bool> {
        let expired_counts = self.has(Flaw::ExistsWhenExpired);
        let map = if expired_counts { self.all() } else { self.map() };
        Ok(map.slots.contains_key(&self.name_of(key)))
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        let mut map = self.map();
        let (mut total, mut old_until, mut made) = (0, None, true);
        if let Some(slot) = map.slots.get(&self.name_of(key)) {
            total = match slot.raw.integer() {
                Some(integer) => integer,
                None if self.has(Flaw::IncrementTakesTextForZero) => 0,
                None => return Err(Error::new(ErrorKind::NotAnInteger, "another value is there")),
            };
            (old_until, made) = (slot.until, false);
        }
        total = if self.has(Flaw::IncrementWraps) {
            total.wrapping_add(delta)
        } else {
            total
                .checked_add(delta)
                .ok_or_else(|| Error::new(ErrorKind::Overflow, "the counter would leave i64"))?
        };
        if self.has(Flaw::IncrementInTwoSteps) {
            drop(map);
            tokio::task::yield_now().await;
            map = self.map();
        }
        self.put(&mut map, key, R::from_integer(total), ttl);
        if let (false, false, Some(slot)) = (
            made,
            self.has(Flaw::IncrementResetsTtl),
            map.slots.get_mut(&self.name_of(key)),
        ) {
            slot.until = old_until;
        }
        Ok(total)
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        if self.has(Flaw::ExpireNeverPersists) && ttl.is_none() {
            return self.exists(key).await;
        }
        let mut map = self.map();
        if let Some(slot) = map.slots.get_mut(&self.name_of(key)) {
            slot.until = ttl.and_then(|ttl| Instant::now().checked_add(ttl));
            return Ok(true);
        }
        if self.has(Flaw::ExpireMakesKeys) {
            self.put(&mut map, key, R::from_integer(0), ttl);
        }
        Ok(false)
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        let map = self.map();
        let slot = map.slots.get(&self.name_of(key));
        Ok(slot.map_or(Remaining::Missing, |slot| match slot.ttl {
            Some(ttl) if self.has(Flaw::TellsTheWholeTtl) => Remaining::For(ttl),
            _ => slot.remaining(),
        }))
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        let mut map = self.map();
        let page = if self.has(Flaw::ClearsOnePage) { 1000 } else { usize::MAX };
        let names = map.slots.keys().filter(|name| self.matches(name, prefix));
        let names: Vec<_> = names.take(page).cloned().collect();
        for name in names {
            map.slots.remove(&name);
        }
        Ok(())
    }

    async fn clear_all(&self) -> Result<()> {
        self.map().slots.clear();
        Ok(())
    }

    async fn compare_and_set(
        &self,
        key: &str,
        raw: R,
        ttl: Option<Duration>,
        version: &Version,
    ) -> Result<bool> {
        let mut map = self.map();
        let number = map.slots.get(&self.name_of(key)).map(|slot| slot.number);
        let same = match number {
            Some(number) => Version::number(number, 0) == *version || self.has(Flaw::IgnoresVersion),
            None => self.has(Flaw::SwapMakesKeys),
        };
        if same {
            let ttl = ttl.filter(|_| !self.has(Flaw::SwapDropsTtl));
            self.put(&mut map, key, raw, ttl);
        }
        Ok(same)
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        let mut map = self.map();
        let name = self.name_of(key);
        let number = map.slots.get(&name).map(|slot| slot.number);
        let same = number.is_some_and(|number| {
            Version::number(number, 0) == *version || self.has(Flaw::DeletesAnyVersion)
        });
        if same {
            map.slots.remove(&name);
        }
        Ok(same)
    }

    async fn raw(&self, _: &[&[u8]]) -> Result<Reply> {
        if self.has(Flaw::KnowsEveryCommand) {
            return Ok(Reply::Nil);
        }
        Err(Error::new(ErrorKind::Unsupported, "this store has no commands of its own"))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        self.all().closed = self.has(Flaw::StaysClosed);
        Ok(())
    }
}
