//! Assertions about cached functions and caches, which name the caller's line when they fail.

use std::future::Future;
use std::panic::Location;

use crate::backend::Backend;
use crate::cache::Cache;
use crate::key::Key;
use crate::scope::{Source, observe};

/// Awaits a call of a cached function, and gives its result.
///
/// Cancel safe: dropping it drops the call.
///
/// # Panics
/// If its value did not come from the cache.
#[track_caller]
pub fn assert_hit<F: Future>(call: F) -> impl Future<Output = F::Output> {
    assert_source(Source::Hit, call)
}

/// Awaits a call of a cached function, and gives its result.
///
/// Cancel safe: dropping it drops the call.
///
/// # Panics
/// If the function did not run for it.
#[track_caller]
pub fn assert_loaded<F: Future>(call: F) -> impl Future<Output = F::Output> {
    assert_source(Source::Loaded, call)
}

/// Awaits a call of a cached function, and gives its result.
///
/// Cancel safe: dropping it drops the call.
///
/// # Panics
/// If its value came from elsewhere; see [`observe`] for calls with several cached functions in them.
#[track_caller]
pub fn assert_source<F: Future>(expected: Source, call: F) -> impl Future<Output = F::Output> {
    let line = Location::caller();
    async move {
        let (value, source) = observe(call).await;
        assert!(
            source == expected,
            "the value is {source:?} and not {expected:?}, at {line}"
        );
        value
    }
}

/// Checks that something is under a key.
///
/// Cancel safe: it changes nothing.
///
/// # Panics
/// If nothing is, the cache is switched off, or the store fails.
#[track_caller]
pub fn assert_there<'a, B: Backend, S: Send + Sync>(
    cache: &'a Cache<B, S>,
    key: impl Into<Key<'a>>,
) -> impl Future<Output = ()> {
    assert_exists(cache, key.into(), true, Location::caller())
}

/// Checks that nothing is under a key.
///
/// Cancel safe: it changes nothing.
///
/// # Panics
/// If something is, the cache is switched off, so that it could not tell, or the store fails.
#[track_caller]
pub fn assert_absent<'a, B: Backend, S: Send + Sync>(
    cache: &'a Cache<B, S>,
    key: impl Into<Key<'a>>,
) -> impl Future<Output = ()> {
    assert_exists(cache, key.into(), false, Location::caller())
}

async fn assert_exists<B: Backend, S: Send + Sync>(
    cache: &Cache<B, S>,
    key: Key<'_>,
    expected: bool,
    line: &Location<'_>,
) {
    let text = key.as_str().to_owned();
    assert!(
        !cache.is_off(),
        "the cache is switched off, so nobody knows whether {text:?} is there, at {line}"
    );
    match cache.exists(key).await {
        Ok(found) => {
            let not = if expected { " not" } else { "" };
            assert!(found == expected, "{text:?} is{not} there, at {line}");
        }
        Err(error) => panic!("{error}, at {line}"),
    }
}
