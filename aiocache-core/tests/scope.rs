//! What one task asks of cached calls, and what it learns of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aiocache_core::{Cache, Policy, SimpleMemoryCache, Source, bypass, observe, scope};
use tokio::time::sleep;

#[derive(Default)]
struct Counter(AtomicU32);

impl Counter {
    /// How often it was asked, this time included.
    async fn next(&self) -> Result<u32, String> {
        sleep(Duration::from_millis(10)).await;
        Ok(self.0.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

async fn call(cache: &SimpleMemoryCache, counter: &Counter) -> u32 {
    cache
        .get_or_load("k", &Policy::new(), || counter.next())
        .await
        .expect("a number")
}

async fn many(cache: &SimpleMemoryCache, counter: &Counter) -> u32 {
    let load = |missing: Vec<&'static str>| async move {
        let number = counter.next().await?;
        Ok::<BTreeMap<&str, u32>, String>(missing.into_iter().map(|key| (key, number)).collect())
    };
    cache
        .multi_get_or_load(["k"], &Policy::new(), load)
        .await
        .expect("numbers")["k"]
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_read_loads_and_stores() {
    let (cache, counter) = (Cache::new(), Counter::default());
    assert_eq!(call(&cache, &counter).await, 1);
    assert_eq!(scope().read(false).run(call(&cache, &counter)).await, 2);
    assert_eq!(
        call(&cache, &counter).await,
        2,
        "what it loaded is what is cached"
    );
    assert_eq!(scope().read(false).run(many(&cache, &counter)).await, 3);
    assert_eq!(many(&cache, &counter).await, 3);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_does_not_write_reads_and_stores_nothing() {
    let (cache, counter) = (Cache::new(), Counter::default());
    assert_eq!(scope().write(false).run(call(&cache, &counter)).await, 1);
    assert_eq!(scope().write(false).run(many(&cache, &counter)).await, 2);
    assert!(!cache.exists("k").await.expect("memory answers"));
    assert_eq!(call(&cache, &counter).await, 3);
    assert_eq!(scope().write(false).run(call(&cache, &counter)).await, 3, "a hit");
}

#[tokio::test(start_paused = true)]
async fn a_bypassed_call_is_a_plain_one() {
    let (cache, counter) = (Cache::new(), Counter::default());
    assert_eq!(call(&cache, &counter).await, 1);
    assert_eq!(
        observe(bypass(call(&cache, &counter))).await,
        (2, Source::Uncached)
    );
    assert_eq!(
        observe(bypass(many(&cache, &counter))).await,
        (3, Source::Uncached)
    );
    assert_eq!(call(&cache, &counter).await, 1);
}

/// A `skip_if` that refuses what a scope has loaded anew in place of an old value, and that does not wait for stores.
#[tokio::test(start_paused = true)]
async fn what_is_not_stored_replaces_the_old_value_also_where_no_store_is_waited_for() {
    let (cache, counter, policy) = (SimpleMemoryCache::new(), Counter::default(), Policy::new());
    assert_eq!(call(&cache, &counter).await, 1);
    let loading = cache.loading("k", &policy).skip_if(|number: &u32| *number == 2);
    let anew = scope().read(false).wait_for_write(false);
    assert_eq!(anew.run(loading.get(|| counter.next())).await, Ok(2));
    assert!(!cache.exists("k").await.expect("memory answers"));
}

#[tokio::test(start_paused = true)]
async fn an_observer_learns_where_values_came_from() {
    let (cache, counter) = (Arc::new(Cache::new()), Arc::new(Counter::default()));
    let other = {
        let (cache, counter) = (Arc::clone(&cache), Arc::clone(&counter));
        tokio::spawn(async move { observe(call(&cache, &counter)).await })
    };
    tokio::task::yield_now().await;
    let (single, bulk) = tokio::join!(observe(call(&cache, &counter)), observe(many(&cache, &counter)));
    assert_eq!(other.await.expect("no panic"), (1, Source::Loaded));
    assert_eq!((single, bulk), ((1, Source::Shared), (1, Source::Shared)));
    assert_eq!(observe(call(&cache, &counter)).await, (1, Source::Hit));
    assert_eq!(observe(many(&cache, &counter)).await, (1, Source::Hit));
    cache.delete("k").await.expect("deleted");
    assert_eq!(observe(many(&cache, &counter)).await, (2, Source::Loaded));
}
