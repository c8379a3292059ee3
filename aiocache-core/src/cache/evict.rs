//! What `#[cache_evict]` takes away: keys that are known before the function runs, deleted when it has.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use super::{Cache, Namespace};
use crate::backend::Backend;
use crate::error::Result;
use crate::key::KeyBuf;

/// Entries of one cache that are to go.
#[derive(Debug)]
#[must_use]
pub struct Entries<B: Backend, S> {
    cache: Cache<B, S>,
    keys: Vec<KeyBuf>,
    /// Every key of the handle's namespace.
    all: bool,
}

/// What is to go, of any number of caches. Nothing happens before it runs.
#[must_use]
pub struct Evicting(Vec<Pin<Box<dyn Future<Output = ()> + Send>>>);

#[doc(hidden)]
impl<B: Backend, S: Send + Sync + 'static> Cache<B, S> {
    pub fn __evicting(&self) -> Entries<B, S> {
        Entries {
            cache: self.clone(),
            keys: Vec::new(),
            all: false,
        }
    }
}

#[doc(hidden)]
impl<B: Backend, S: Send + Sync + 'static> Entries<B, S> {
    pub fn __key(mut self, key: &KeyBuf) -> Self {
        // A key that could not be written was never stored.
        if !key.is_failed() {
            self.keys.push(self.cache.finished(key));
        }
        self
    }

    pub fn __all(mut self) -> Self {
        self.all = true;
        self
    }

    pub fn __all_of(self, namespace: &str) -> Self {
        let cache = Cache {
            namespace: Namespace::escaped(namespace),
            ..self.cache
        };
        Self {
            cache,
            keys: self.keys,
            all: true,
        }
    }

    pub fn __later(self) -> Evicting {
        Evicting(vec![Box::pin(self.evict())])
    }

    /// A failure is not the caller's: what it did is done, and the entries stay until they expire.
    async fn evict(self) {
        let cache = &self.cache;
        if cache.is_off() {
            return;
        }
        if let Err(error) = self.delete().await {
            cache.core.trouble.not_evicted(cache.name(), &error);
        }
    }

    async fn delete(&self) -> Result<()> {
        if self.all {
            return self.cache.clear().await;
        }
        match &*self.keys {
            [] => Ok(()),
            [key] => self.cache.delete_stored(key.as_str()).await.map(drop),
            keys => self.cache.delete_all_stored(keys).await.map(drop),
        }
    }
}

#[doc(hidden)]
impl Evicting {
    pub fn __and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub async fn __run(self) {
        for eviction in self.0 {
            eviction.await;
        }
    }

    /// Asks whether the function succeeded, by method lookup as [`Kind`](crate::__generated::Kind) does.
    #[must_use]
    pub fn __returned<'r, R>(&self, returned: &'r R) -> Returned<'r, R> {
        Returned(AnyReturned(returned))
    }
}

impl std::fmt::Debug for Evicting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Evicting({})", self.0.len())
    }
}

/// What a function returned. The first level: a `Result`.
#[derive(Debug)]
pub struct Returned<'r, R>(AnyReturned<'r, R>);

/// The last level: anything else.
#[derive(Debug)]
pub struct AnyReturned<'r, R>(&'r R);

impl<'r, R> Deref for Returned<'r, R> {
    type Target = AnyReturned<'r, R>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[doc(hidden)]
impl<T, E> Returned<'_, Result<T, E>> {
    #[must_use]
    pub fn __succeeded(&self) -> bool {
        (self.0).0.is_ok()
    }
}

#[doc(hidden)]
impl<R> AnyReturned<'_, R> {
    #[must_use]
    pub fn __succeeded(&self) -> bool {
        // What does not say that it failed may have changed something.
        let Self(_) = self;
        true
    }
}
