//! Hooks that do what they want around a load.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use aiocache_core::{Cache, Command, Outcome, Plugin, Policy, SimpleMemoryCache};
use tokio::time::timeout;

use crate::{MOMENT, value};

/// A plugin that deletes the key that was set, or waits before it lets go of it.
struct Meddler {
    cache: SimpleMemoryCache,
    deletes: bool,
}

impl Plugin for Meddler {
    async fn post_set(&self, command: &Command<'_>, _: &Outcome<'_>, _: Duration) {
        if self.deletes {
            let key = command.key.expect("set has a key").to_owned();
            self.cache.delete(key).await.expect("memory answers");
        } else {
            std::future::pending::<()>().await;
        }
    }
}

/// The hook waited for the end of the store that it was part of.
#[tokio::test(start_paused = true)]
async fn a_hook_may_delete_the_key_that_is_stored() {
    let plain: SimpleMemoryCache = Cache::new();
    let cache = plain.with_timeout(None).with_plugin(Meddler {
        cache: plain.clone(),
        deletes: true,
    });
    let policy = Policy::new();
    let call = cache.get_or_load("k", &policy, || async { Ok::<_, String>(1_u32) });
    assert_eq!(timeout(Duration::from_secs(60), call).await, Ok(Ok(1)));
    assert_eq!(value(&plain, "k").await, None);
    let many = |keys: Vec<&'static str>| async move {
        Ok::<_, String>(keys.into_iter().map(|key| (key, 1_u32)).collect())
    };
    let call = cache.multi_get_or_load(["a", "b"], &policy, many);
    let all: Result<BTreeMap<_, u32>, _> = timeout(Duration::from_secs(60), call).await.expect("no deadlock");
    assert_eq!(all, Ok(BTreeMap::from([("a", 1), ("b", 1)])));
}

/// A delete waited for a hook of a call that the same task had stopped polling.
#[tokio::test(start_paused = true)]
async fn a_delete_does_not_wait_for_a_hook_of_a_call_that_is_not_polled() {
    let plain: SimpleMemoryCache = Cache::new();
    let hooked = plain.with_timeout(None).with_plugin(Meddler {
        cache: plain.clone(),
        deletes: false,
    });
    let policy = Policy::new();
    let mut call = pin!(hooked.get_or_load("k", &policy, || async { Ok::<_, String>(1_u32) }));
    assert!(timeout(MOMENT, &mut call).await.is_err());
    let deleted = timeout(Duration::from_secs(60), plain.delete("k")).await;
    assert_eq!(deleted.expect("no deadlock").expect("memory answers"), 1);
    assert_eq!(value(&plain, "k").await, None);
}

/// A hook that is no `async fn` and panics before it gives its future.
struct Eager;

impl Plugin for Eager {
    fn pre_get(&self, _: &Command<'_>) -> impl Future<Output = ()> + Send {
        fn give(panics: bool) -> Pin<Box<dyn Future<Output = ()> + Send>> {
            assert!(!panics, "before there is a future");
            Box::pin(async {})
        }
        give(true)
    }
}

/// Only a panic inside the hook's future was caught.
#[tokio::test]
async fn a_hook_that_panics_before_it_gives_a_future_is_caught() {
    let cache = SimpleMemoryCache::new().with_plugin(Eager);
    cache.set("k", &1_u32).await.expect("memory answers");
    assert_eq!(value(&cache, "k").await, Some(1));
}
