//! What a case of the conformance suite works with: a store, keys nobody else uses, and time that passes.

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Sample;
use crate::backend::{Backend, Version, Want};
use crate::error::Result;

/// A store under test. It stands for the backend (it derefs to it) and is cheap to clone.
///
/// Keys begin with a prefix that no other case and no other process uses, so one server can serve all cases.
#[derive(Debug)]
pub struct Fixture<B>(Arc<Inner<B>>);

#[derive(Debug)]
struct Inner<B> {
    backend: B,
    prefix: String,
    own: bool,
    real_time: bool,
    _kept: Option<Box<dyn Any + Send + Sync>>,
}

impl<B: Backend> Fixture<B> {
    /// A store that nobody else uses while the case runs, so that the cases of `clear_all` can empty it.
    pub fn own(backend: B) -> Self {
        Self::new(backend, true)
    }

    /// A store that other cases use at the same time; the cases of `clear_all` are skipped.
    pub fn shared(backend: B) -> Self {
        Self::new(backend, false)
    }

    /// Lets time really pass, for a store in this process that does not follow `tokio::time`. Stores elsewhere are
    /// always given real time.
    #[must_use]
    pub fn real_time(mut self) -> Self {
        self.inner().real_time = true;
        self
    }

    /// Keeps something until the case has ended, such as the guard of a server.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self.inner()._kept = Some(Box::new(guard));
        self
    }

    fn new(backend: B, own: bool) -> Self {
        let real_time = !backend.capabilities().local;
        Self(Arc::new(Inner {
            backend,
            prefix: unique_prefix(),
            own,
            real_time,
            _kept: None,
        }))
    }

    fn inner(&mut self) -> &mut Inner<B> {
        Arc::get_mut(&mut self.0).expect("it is cloned by cases only, after it is made")
    }
}

/// Letters, digits and dots: a valid start of a key in every store, and no pattern in any.
fn unique_prefix() -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let made = MADE.fetch_add(1, Ordering::Relaxed);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("case.{:x}.{:x}.{made:x}.", std::process::id(), now.as_nanos())
}

impl<B> Clone for Fixture<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B> Deref for Fixture<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.0.backend
    }
}

/// Keys and choices.
impl<B: Backend> Fixture<B> {
    /// A key of this case.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0.prefix)
    }

    /// `count` keys of this case.
    pub(crate) fn keys(&self, count: u32) -> Vec<String> {
        (0..count).map(|n| self.key(&n.to_string())).collect()
    }

    /// Says whether the store can do `what`, and prints that the case is skipped if not.
    pub(crate) fn offers(&self, can: bool, what: &str) -> bool {
        if !can {
            eprintln!("skipped: {} has no {what}", self.name());
        }
        can
    }

    /// Says whether the store cannot do `what`, and prints that the case is skipped if it can.
    pub(crate) fn lacks(&self, can: bool, what: &str) -> bool {
        if can {
            eprintln!("skipped: {} has {what}", self.name());
        }
        !can
    }

    pub(crate) fn offers_remaining_ttl(&self) -> bool {
        self.offers(self.capabilities().remaining_ttl, "remaining ttl")
    }

    pub(crate) fn offers_compare(&self) -> bool {
        self.offers(self.capabilities().compare, "compare commands")
    }

    pub(crate) fn offers_clear(&self) -> bool {
        self.offers(self.capabilities().clear_namespace, "clear of a prefix")
    }

    pub(crate) fn offers_clear_all(&self) -> bool {
        self.offers(self.0.own, "store of its own to empty")
    }
}

/// Time.
impl<B: Backend> Fixture<B> {
    /// Whether the clock of `tokio::time` stands still and the cases move it.
    pub(crate) fn stops_the_clock(&self) -> bool {
        !self.0.real_time
    }

    pub(crate) fn grain(&self) -> Duration {
        self.capabilities().ttl_resolution
    }

    /// The shortest ttl worth writing where the case only waits for its end.
    pub(crate) fn brief(&self) -> Duration {
        self.grain().max(Duration::from_millis(20))
    }

    /// A ttl long enough for a few commands before it ends, also on a busy machine and in a store that drops a
    /// value up to two grains early, as memcached does when its clock takes two seconds at once.
    pub(crate) fn short(&self) -> Duration {
        (3 * self.grain()).max(Duration::from_millis(400))
    }

    /// Lets `duration` pass.
    pub(crate) async fn pass(&self, duration: Duration) {
        if self.stops_the_clock() {
            tokio::time::advance(duration).await;
        } else {
            tokio::time::sleep(duration).await;
        }
    }

    /// Waits until a value with this ttl, written before, must be gone.
    pub(crate) async fn outlive(&self, ttl: Duration) {
        // A store that counts in seconds looks at the time once in each, and may be late with that.
        let late = Duration::from_millis(50).max(self.grain() / 2);
        self.pass(ttl + self.grain() + self.slack(late)).await;
    }

    /// What a busy machine may add to a time: nothing to speak of where the clock stands still.
    pub(crate) fn slack(&self, real: Duration) -> Duration {
        if self.stops_the_clock() {
            Duration::from_millis(1)
        } else {
            real
        }
    }
}

/// Values.
impl<B: Backend<Raw: Sample>> Fixture<B> {
    /// The value of number `n`, which is no integer.
    pub(crate) fn value(&self, n: u32) -> B::Raw {
        let text = format!("value {n}");
        B::Raw::sample(text.as_bytes()).expect("every raw type of a suite can hold text")
    }

    /// Writes value `n`.
    pub(crate) async fn put(&self, key: &str, n: u32, ttl: Option<Duration>) -> Result<()> {
        self.write(key, self.value(n), ttl).await
    }

    /// What is under a key, for the store's values and for those of [`Fixture::value`].
    pub(crate) async fn content(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let read = self.read(key, Want::VALUE, |entry| entry.raw.content()).await?;
        Ok(read.map(|content| content.expect("a value with content, no counter and no token")))
    }

    /// The number of the value under a key.
    pub(crate) async fn number(&self, key: &str) -> Result<Option<u32>> {
        Ok(self.content(key).await?.map(|content| number_in(&content)))
    }

    /// The version of a key that is there.
    pub(crate) async fn version(&self, key: &str) -> Result<Version> {
        let version = self.read(key, Want::VERSION, |entry| entry.version).await?;
        Ok(version
            .flatten()
            .expect("a version, as the key is there and the store can compare"))
    }

    /// Says whether versions are numbers of writes, and prints that the case is skipped if they are the values.
    pub(crate) fn offers_numbers(&self, version: &Version) -> bool {
        self.offers(version.as_bytes().is_none(), "version but the value itself")
    }
}

/// The number of a value by its content.
pub(crate) fn number_in(content: &[u8]) -> u32 {
    std::str::from_utf8(content)
        .ok()
        .and_then(|text| text.strip_prefix("value ")?.parse().ok())
        .expect("a value that this case wrote")
}
