//! The commands of the reference store.

use std::time::Duration;

use aiocache_core::{
    Backend, Capabilities, Entry, Error, ErrorKind, Locked, NullSerializer, Raw, Remaining, Reply, Result,
    Version, Want,
};

use super::super::flaw::Flaw;
use super::Reference;

impl<R: Raw> Backend for Reference<R> {
    type Raw = R;
    type Serializer = NullSerializer;

    fn name(&self) -> &'static str {
        "reference"
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    async fn read<T: Send>(
        &self,
        key: &str,
        want: Want,
        f: impl FnOnce(Entry<'_, R>) -> T + Send,
    ) -> Result<Option<T>> {
        self.check_open()?;
        let mut name = self.name_of(key)?;
        if self.has(Flaw::AnswersTheReadBefore) {
            self.all().asked.push_back(name.clone());
            tokio::task::yield_now().await;
            name = self.all().asked.pop_front().unwrap_or(name);
        }
        let mut map = self.map();
        if self.has(Flaw::VersionOfEveryRead) {
            map.renumber(&name);
        }
        let answer = map.slots.get(&name).map(|slot| f(self.entry(slot, want)));
        if self.has(Flaw::ReadsOnlyOnce) {
            map.slots.remove(&name);
        }
        Ok(answer)
    }

    async fn read_many<T: Send>(
        &self,
        keys: &[&str],
        want: Want,
        mut f: impl FnMut(usize, Entry<'_, R>) -> T + Send,
    ) -> Result<Vec<Option<T>>> {
        let map = self.map();
        let mut keys = self.limit(keys.to_vec())?;
        if self.has(Flaw::AnswersInOrderOfTheStore) {
            keys.sort_unstable();
        }
        let mut answers = Vec::new();
        for (position, key) in keys.into_iter().enumerate() {
            let slot = map.slots.get(&self.name_of(key)?);
            answers.push(slot.map(|slot| f(position, self.entry(slot, want))));
        }
        if self.has(Flaw::LeavesOutMisses) {
            answers.retain(Option::is_some);
        }
        Ok(answers)
    }

    async fn write(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<()> {
        if self.has(Flaw::RefusesLongTtls) && ttl.is_some_and(|ttl| ttl.as_secs() > 30 * 24 * 3600) {
            self.delete(key).await?;
            return Ok(());
        }
        self.put(&mut self.map(), key, raw, ttl)
    }

    async fn write_many(&self, pairs: Vec<(&str, R)>, ttl: Option<Duration>) -> Result<()> {
        let ttl = ttl.filter(|_| !self.has(Flaw::PairsHaveNoTtl));
        let mut pairs = self.limit(pairs)?;
        if self.has(Flaw::FirstOfAPairStays) {
            pairs.reverse();
        }
        let mut map = self.map();
        for (key, raw) in pairs {
            self.put(&mut map, key, raw, ttl)?;
        }
        Ok(())
    }

    async fn add(&self, key: &str, raw: R, ttl: Option<Duration>) -> Result<bool> {
        if self.has(Flaw::AddsInTwoSteps) {
            if self.exists(key).await? {
                return Ok(false);
            }
            tokio::task::yield_now().await;
            self.write(key, raw, ttl).await?;
            return Ok(true);
        }
        let expired_counts = self.has(Flaw::AddsOverExpiredNever);
        let mut map = if expired_counts { self.all() } else { self.map() };
        if let Some(slot) = map.slots.get_mut(&self.name_of(key)?) {
            if self.has(Flaw::AddChangesTtl) {
                slot.until = self.end_of(ttl);
            }
            return Ok(false);
        }
        self.put(&mut map, key, raw, ttl)?;
        Ok(true)
    }

    async fn delete(&self, key: &str) -> Result<bool> {
        let name = self.name_of(key)?;
        if self.has(Flaw::DeleteKeepsKeys) {
            return self.exists(key).await;
        }
        if self.has(Flaw::DeletesInTwoSteps) {
            let there = self.exists(key).await?;
            tokio::task::yield_now().await;
            self.map().slots.remove(&name);
            return Ok(there);
        }
        Ok(self.map().slots.remove(&name).is_some())
    }

    async fn delete_many(&self, keys: &[&str]) -> Result<u64> {
        let mut map = self.map();
        let mut there = 0;
        let names = self.limit(
            keys.iter()
                .map(|key| self.name_of(key))
                .collect::<Result<Vec<_>>>()?,
        )?;
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
        Ok(map.slots.contains_key(&self.name_of(key)?))
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64> {
        if self.has(Flaw::IncrementInTwoSteps) {
            let read = self.read(key, Want::VALUE, |entry| entry.raw.integer()).await?;
            tokio::task::yield_now().await;
            let total = read.flatten().unwrap_or_default() + delta;
            self.write(key, R::from_integer(total), ttl).await?;
            return Ok(total);
        }
        let mut map = self.map();
        let name = self.name_of(key)?;
        let old = map.slots.get(&name);
        let before = match old.map(|slot| slot.raw.integer()) {
            Some(Some(integer)) => integer,
            Some(None) if !self.has(Flaw::IncrementTakesTextForZero) => {
                return Err(Error::new(ErrorKind::NotAnInteger, "another value is there"));
            }
            Some(None) | None => 0,
        };
        let total = match before.checked_add(delta) {
            Some(total) if self.has(Flaw::CountersStopAtZero) => total.max(0),
            Some(total) => total,
            None if self.has(Flaw::IncrementWraps) => before.wrapping_add(delta),
            None => return Err(Error::new(ErrorKind::Overflow, "the counter would leave i64")),
        };
        let until = old.map(|slot| slot.until);
        self.put(&mut map, key, R::from_integer(total), ttl)?;
        if let (Some(until), Some(slot)) = (until, map.slots.get_mut(&name))
            && !self.has(Flaw::IncrementResetsTtl)
        {
            slot.until = until;
        }
        Ok(total)
    }

    async fn expire(&self, key: &str, ttl: Option<Duration>) -> Result<bool> {
        if self.has(Flaw::ExpireNeverPersists) && ttl.is_none() {
            return self.exists(key).await;
        }
        let mut map = self.map();
        if let Some(slot) = map.slots.get_mut(&self.name_of(key)?) {
            if self.has(Flaw::PersistsOnlyMortals) && slot.until.is_none() && ttl.is_none() {
                return Ok(false);
            }
            slot.until = self.end_of(ttl);
            return Ok(true);
        }
        if self.has(Flaw::ExpireMakesKeys) {
            self.put(&mut map, key, R::from_integer(0), ttl)?;
        }
        Ok(false)
    }

    async fn ttl(&self, key: &str) -> Result<Remaining> {
        self.needs(self.capabilities.remaining_ttl)?;
        let map = self.map();
        let slot = map.slots.get(&self.name_of(key)?);
        let missing = if self.has(Flaw::MissingNeverEnds) {
            Remaining::Never
        } else {
            Remaining::Missing
        };
        Ok(slot.map_or(missing, |slot| match slot.ttl {
            Some(ttl) if self.has(Flaw::TellsTheWholeTtl) => Remaining::For(ttl),
            _ => slot.remaining(),
        }))
    }

    async fn clear(&self, prefix: &str) -> Result<()> {
        self.needs(self.capabilities.clear_namespace)?;
        let mut map = self.map();
        let page = if self.has(Flaw::ClearsOnePage) {
            1000
        } else {
            usize::MAX
        };
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
        self.needs(self.capabilities.compare)?;
        let mut map = self.map();
        let number = map.slots.get(&self.name_of(key)?).map(|slot| slot.number);
        let same = match number {
            Some(number) => Version::number(number, 0) == *version || self.has(Flaw::IgnoresVersion),
            None => self.has(Flaw::SwapMakesKeys),
        };
        if same {
            let ttl = ttl.filter(|_| !self.has(Flaw::SwapDropsTtl));
            self.put(&mut map, key, raw, ttl)?;
        }
        Ok(same)
    }

    async fn compare_and_delete(&self, key: &str, version: &Version) -> Result<bool> {
        self.needs(self.capabilities.compare)?;
        let name = self.name_of(key)?;
        let is_same = |number| Version::number(number, 0) == *version || self.has(Flaw::DeletesAnyVersion);
        let same = {
            let mut map = self.map();
            let same = map.slots.get(&name).is_some_and(|slot| is_same(slot.number));
            if same && !self.has(Flaw::DeletesInTwoSteps) {
                map.slots.remove(&name);
            }
            same
        };
        if same && self.has(Flaw::DeletesInTwoSteps) {
            tokio::task::yield_now().await;
            self.map().slots.remove(&name);
        }
        Ok(same)
    }

    async fn lock(&self, key: &str, token: &str, lease: Duration) -> Result<Locked> {
        if self.has(Flaw::LocksAgainForItsOwner) && self.extend_lock(key, token, lease).await? {
            return Ok(Locked::taken(None));
        }
        if !self.add(key, R::from_token(token), Some(lease)).await? {
            return Ok(Locked::Refused);
        }
        Ok(Locked::taken(self.has(Flaw::FencingBeginsAgain).then_some(1)))
    }

    async fn unlock(&self, key: &str, token: &str) -> Result<bool> {
        if self.has(Flaw::UnlocksAnyToken) {
            return self.delete(key).await;
        }
        match self.version_of(key, token).await? {
            Some(_) if self.has(Flaw::UnlocksNothing) => Ok(true),
            Some(version) => self.compare_and_delete(key, &version).await,
            None => Ok(false),
        }
    }

    async fn extend_lock(&self, key: &str, token: &str, lease: Duration) -> Result<bool> {
        if self.has(Flaw::ExtendsAnyToken) {
            return self.expire(key, Some(lease)).await;
        }
        let raw = R::from_token(token);
        match self.version_of(key, token).await? {
            Some(_) if self.has(Flaw::ExtendKeepsTheLease) => Ok(true),
            Some(version) => self.compare_and_set(key, raw, Some(lease), &version).await,
            None if self.has(Flaw::ExtendMakesLocks) => self.add(key, raw, Some(lease)).await,
            None => Ok(false),
        }
    }

    async fn raw(&self, _: &[&[u8]]) -> Result<Reply> {
        self.needs(self.has(Flaw::KnowsEveryCommand))?;
        Ok(Reply::Nil)
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        if self.has(Flaw::ClosesOnce) {
            self.check_open()?;
        }
        self.all().closed = self.has(Flaw::StaysClosed) || self.has(Flaw::ClosesOnce);
        Ok(())
    }
}

impl<R: Raw> Reference<R> {
    /// The version of a lock, if it has this token.
    async fn version_of(&self, key: &str, token: &str) -> Result<Option<Version>> {
        let own = |entry: Entry<'_, R>| (entry.raw.token() == Some(token)).then_some(entry.version);
        match self.read(key, Want::VERSION, own).await?.flatten() {
            Some(None) => Err(Error::new(ErrorKind::Unsupported, "no versions")),
            owned => Ok(owned.flatten()),
        }
    }
}
