//! `OptimisticLock`, the same over every store.

#[path = "support/stores.rs"]
mod stores;

use std::time::Duration;

use aiocache::{Backend, Cache, Dump, ErrorKind, Load, OptimisticLock, Remaining, Result, Snapshot, Ttl};
use tokio::time::sleep;

/// Bound on serializers of the stores here.
trait Texts<B: Backend>: Dump<str, B::Raw> + Load<String, B::Raw> + Send + Sync + 'static {}

impl<B: Backend, S> Texts<B> for S where S: Dump<str, B::Raw> + Load<String, B::Raw> + Send + Sync + 'static {}

async fn snapshot<B: Backend, S: Texts<B>>(cache: &Cache<B, S>) -> Snapshot<B, S> {
    let snapshot = OptimisticLock::new(cache, "key").acquire().await;
    snapshot.expect("answered")
}

fn assert_conflict(result: Result<()>) {
    let error = result.expect_err("a conflict");
    assert_eq!(error.kind(), ErrorKind::OptimisticLock);
    assert!(error.to_string().starts_with("cas on "), "{error}");
    assert!(
        error
            .to_string()
            .contains(": changed since it was read: nothing was written"),
        "{error}"
    );
}

async fn is<B: Backend, S: Texts<B>>(cache: &Cache<B, S>, expected: Option<&str>) {
    let value = cache.get::<String>("key").await.expect("answered");
    assert_eq!(value.as_deref(), expected);
}

async fn an_unchanged_value_is_replaced_with_the_handles_ttl<B: Backend, S: Texts<B>>(cache: Cache<B, S>) {
    cache.set("key", "old").await.expect("written");
    let handle = cache.with_ttl(Ttl::seconds(60));
    snapshot(&handle).await.cas("new").await.expect("unchanged");
    is(&cache, Some("new")).await;
    let left = cache.ttl("key").await.expect("answered");
    assert!(
        matches!(left, Remaining::For(left) if left <= Duration::from_secs(60)),
        "{left:?}"
    );
}

async fn a_value_changed_since_is_a_conflict_and_stays<B: Backend, S: Texts<B>>(cache: Cache<B, S>) {
    cache.set("key", "old").await.expect("written");
    let (first, second) = (snapshot(&cache).await, snapshot(&cache).await);
    first.cas("first").await.expect("unchanged");
    assert_conflict(second.cas("second").await);
    is(&cache, Some("first")).await;
}

async fn a_deleted_key_is_a_conflict_and_stays_away<B: Backend, S: Texts<B>>(cache: Cache<B, S>) {
    cache.set("key", "old").await.expect("written");
    let snapshot = snapshot(&cache).await;
    cache.delete("key").await.expect("answered");
    assert_conflict(snapshot.cas("new").await);
    is(&cache, None).await;
}

async fn a_key_made_again_is_a_conflict<B: Backend, S: Texts<B>>(cache: Cache<B, S>) {
    cache.set("key", "old").await.expect("written");
    let snapshot = snapshot(&cache).await;
    cache.delete("key").await.expect("answered");
    cache.set("key", "another").await.expect("written");
    assert_conflict(snapshot.cas("new").await);
    is(&cache, Some("another")).await;
}

/// Redis compares the bytes, and so cannot see this.
async fn a_value_that_went_and_came_back_is_a_conflict_but_for_redis<B: Backend, S: Texts<B>>(
    cache: Cache<B, S>,
) {
    cache.set("key", "a").await.expect("written");
    let snapshot = snapshot(&cache).await;
    for value in ["b", "a"] {
        cache.set("key", value).await.expect("written");
    }
    let written = snapshot.cas("new").await;
    if cache.backend().name() == "redis" {
        written.expect("the same bytes");
    } else {
        assert_conflict(written);
    }
}

async fn an_expired_value_is_a_conflict<B: Backend, S: Texts<B>>(cache: Cache<B, S>) {
    let fine = cache.backend().capabilities().ttl_resolution < Duration::from_secs(1);
    // Where seconds are counted it may go two early, and is to be there when it is read.
    let (ttl, end) = if fine { (1, 1100) } else { (3, 4500) };
    let short = cache.with_ttl(Ttl::seconds(ttl));
    short.set("key", "old").await.expect("written");
    let snapshot = snapshot(&cache).await;
    sleep(Duration::from_millis(end)).await;
    assert_conflict(snapshot.cas("new").await);
    is(&cache, None).await;
}

async fn a_missing_key_is_written_unless_somebody_made_it<B: Backend, S: Texts<B>>(cache: Cache<B, S>) {
    let (first, second) = (snapshot(&cache).await, snapshot(&cache).await);
    first.cas("first").await.expect("still missing");
    assert_conflict(second.cas("second").await);
    is(&cache, Some("first")).await;
}

async fn a_value_is_read_together_with_its_snapshot<B: Backend, S: Texts<B>>(cache: Cache<B, S>) {
    let lock = OptimisticLock::new(&cache, "key");
    let (value, snapshot) = lock.read::<String>().await.expect("answered");
    assert_eq!(value, None);
    snapshot.cas("one").await.expect("still missing");
    let (value, snapshot) = lock.read::<String>().await.expect("answered");
    assert_eq!(value.as_deref(), Some("one"));
    snapshot.cas("two").await.expect("unchanged");
    is(&cache, Some("two")).await;
}

async fn a_cache_that_is_off_writes_nothing<B: Backend, S: Texts<B>>(cache: Cache<B, S>) {
    cache.set("key", "old").await.expect("written");
    let off = cache.with_disabled(true);
    let (value, snapshot) = OptimisticLock::new(&off, "key")
        .read::<String>()
        .await
        .expect("off");
    assert_eq!(value, None);
    snapshot.cas("new").await.expect("off");
    is(&cache, Some("old")).await;
}

stores::on_every_store! {
    an_unchanged_value_is_replaced_with_the_handles_ttl
    a_value_changed_since_is_a_conflict_and_stays
    a_deleted_key_is_a_conflict_and_stays_away
    a_key_made_again_is_a_conflict
    a_value_that_went_and_came_back_is_a_conflict_but_for_redis
    an_expired_value_is_a_conflict
    a_missing_key_is_written_unless_somebody_made_it
    a_value_is_read_together_with_its_snapshot
    a_cache_that_is_off_writes_nothing
}
