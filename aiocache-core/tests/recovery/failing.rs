//! A store that fails as a test tells it to, under a cache that repeats.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiocache_core::testing::{Call, Intercept, Intercepted, Verdict};
use aiocache_core::{
    Backend, Bytes, Cache, Error, ErrorKind, JsonSerializer, MemoryBackend, RecoverySettings,
};
use tokio::sync::Notify;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
/// Long enough for every try of a store that is back.
pub(crate) const LATER: Duration = Duration::from_secs(20);

pub(crate) const UP: u8 = 0;
/// Nothing is done.
pub(crate) const DOWN: u8 = 1;
/// All is done, and no answer comes.
pub(crate) const MUTE: u8 = 2;
/// Writes are refused, deletes are done.
pub(crate) const FULL: u8 = 3;
/// All is done, and the answer is that it was refused: as of several keys, the last of which is.
pub(crate) const PARTLY: u8 = 4;
/// Nothing is done, and the answer is that it was refused.
pub(crate) const STERN: u8 = 6;
/// Nothing is done to keys that begin with `dead`.
pub(crate) const HALF: u8 = 5;

/// A store that fails as it is told to, and can hold writes back.
#[derive(Clone, Default)]
pub(crate) struct Store(pub(crate) Arc<Inner>);

#[derive(Default)]
pub(crate) struct Inner {
    state: AtomicU8,
    /// Whether the next write of anything waits for `release`.
    hold: AtomicBool,
    held: Notify,
    release: Notify,
    /// The same for the next increment or new ttl.
    hold_change: AtomicBool,
    release_change: Notify,
    /// How often it was closed.
    closed: AtomicUsize,
    calls: Mutex<Vec<String>>,
}

impl Intercept for Store {
    async fn before(&self, call: &Call<'_>) -> Verdict {
        let inner = &self.0;
        if matches!(call.method, "write" | "write_many" | "delete" | "delete_many") {
            let said = format!("{} {}", call.method, call.keys.join(" "));
            inner.calls.lock().expect("no panic").push(said);
            if inner.hold.swap(false, SeqCst) {
                inner.held.notify_one();
                inner.release.notified().await;
            }
        }
        if matches!(call.method, "increment" | "expire") && inner.hold_change.swap(false, SeqCst) {
            inner.held.notify_one();
            inner.release_change.notified().await;
        }
        if call.method == "close" {
            inner.closed.fetch_add(1, SeqCst);
        }
        let error = |kind| Error::new(kind, "the test says so");
        match inner.state.load(SeqCst) {
            DOWN => Verdict::Fail(error(ErrorKind::Unavailable)),
            MUTE => Verdict::LoseAnswer(error(ErrorKind::Timeout)),
            STERN => Verdict::Fail(error(ErrorKind::Server)),
            PARTLY => Verdict::LoseAnswer(error(ErrorKind::Server)),
            HALF if call.keys.iter().any(|key| key.starts_with("dead")) => {
                Verdict::Fail(error(ErrorKind::Unavailable))
            }
            FULL if call.method.starts_with("write") => Verdict::Fail(error(ErrorKind::Server)),
            _ => Verdict::Run,
        }
    }
}

impl Store {
    pub(crate) fn set(&self, state: u8) {
        self.0.state.store(state, SeqCst);
    }

    /// What was asked to be changed since the last look.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.calls.lock().expect("no panic"))
    }

    pub(crate) fn closed(&self) -> usize {
        self.0.closed.load(SeqCst)
    }

    /// Holds back the next write or delete.
    pub(crate) fn hold(&self) {
        self.0.hold.store(true, SeqCst);
    }

    pub(crate) async fn held(&self) {
        self.0.held.notified().await;
    }

    pub(crate) fn hold_change(&self) {
        self.0.hold_change.store(true, SeqCst);
    }

    pub(crate) fn release_change(&self) {
        self.0.release_change.notify_one();
    }

    pub(crate) fn release(&self) {
        self.0.release.notify_one();
    }
}

pub(crate) type Backing = Intercepted<MemoryBackend<Bytes>, Store>;
pub(crate) type Tested = Cache<Backing, JsonSerializer>;

pub(crate) fn with(settings: RecoverySettings) -> (Tested, Store) {
    let store = Store::default();
    let backend = Intercepted::new(MemoryBackend::new(), store.clone()).remote();
    let cache = Cache::builder(backend)
        .serializer(JsonSerializer)
        .recover(settings);
    (cache.breaker(None).build(), store)
}

pub(crate) fn cache() -> (Tested, Store) {
    with(RecoverySettings::new())
}

/// What the store holds, past everything that might mend it.
pub(crate) async fn holds(cache: &Tested, key: &str) -> Option<u32> {
    let memory = cache.backend().backend();
    let read = memory.read(key, aiocache_core::Want::VALUE, |entry| entry.raw.clone());
    let raw = read.await.expect("memory answers")?;
    Some(serde_json::from_slice(&raw).expect("a number"))
}

pub(crate) fn failed<T: std::fmt::Debug>(done: Result<T, Error>) -> ErrorKind {
    done.expect_err("the store is away").kind()
}
