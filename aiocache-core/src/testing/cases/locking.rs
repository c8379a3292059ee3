//! `lock`, `unlock`, `extend_lock`: one owner at a time, told by its token.

use std::time::Duration;

use super::{Backend, ErrorKind, Fixture, LONG, Remaining, Result, Sample, assert_about, refused};
use crate::backend::{Entry, Locked, Raw, Want};

const OWNER: &str = "0123456789abcdef-owner";
const OTHER: &str = "fedcba9876543210-other";

async fn holder<B: Backend<Raw: Sample>>(store: &Fixture<B>, key: &str) -> Result<Option<String>> {
    let token = |entry: Entry<'_, B::Raw>| {
        let token = entry.raw.token();
        token.expect("a token, and no value").to_owned()
    };
    store.read(key, Want::VALUE, token).await
}

/// Takes a lock that is free, and gives its fencing token.
async fn take<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
    key: &str,
    token: &str,
    lease: Duration,
) -> Result<Option<u64>> {
    match store.lock(key, token, lease).await? {
        Locked::Taken { fencing } => Ok(fencing),
        Locked::Refused => panic!("a free lock is refused"),
    }
}

/// lock: a free lock is taken, and has its token until the lease has passed
pub async fn a_free_lock_is_taken_for_its_lease<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("free");
    let lease = store.short();
    take(store, &key, OWNER, lease).await?;
    assert_eq!(holder(store, &key).await?.as_deref(), Some(OWNER));
    store.outlive(lease).await;
    assert_eq!(holder(store, &key).await?, None);
    take(store, &key, OTHER, LONG).await?;
    assert_eq!(holder(store, &key).await?.as_deref(), Some(OTHER));
    Ok(())
}

/// lock: a lock that is had is refused, also to its owner, and keeps its lease
pub async fn a_lock_that_is_had_is_refused<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("had");
    let lease = store.short();
    take(store, &key, OWNER, lease).await?;
    for token in [OTHER, OWNER] {
        assert_eq!(store.lock(&key, token, LONG).await?, Locked::Refused);
    }
    assert_eq!(holder(store, &key).await?.as_deref(), Some(OWNER));
    store.outlive(lease).await;
    assert_eq!(holder(store, &key).await?, None);
    Ok(())
}

/// lock: fencing tokens rise, also where a lease ran out or a lock was deleted
pub async fn fencing_tokens_rise<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("fenced");
    let lease = store.brief();
    let Some(mut last) = take(store, &key, OWNER, LONG).await? else {
        assert!(!store.offers(false, "fencing token"));
        return Ok(());
    };
    let mut rises = |token: Option<u64>| {
        let token = token.expect("it had one before");
        assert!(token > last, "{token} after {last}");
        last = token;
    };
    assert!(store.unlock(&key, OWNER).await?);
    rises(take(store, &key, OTHER, lease).await?);
    store.outlive(lease).await;
    rises(take(store, &key, OWNER, LONG).await?);
    store.delete(&key).await?;
    rises(take(store, &key, OTHER, LONG).await?);
    Ok(())
}

/// unlock: its owner releases a lock, once, and it is free
pub async fn an_owner_releases_its_lock<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("released");
    assert!(!store.unlock(&key, OWNER).await?);
    take(store, &key, OWNER, LONG).await?;
    assert!(store.unlock(&key, OWNER).await?);
    assert!(!store.unlock(&key, OWNER).await?);
    take(store, &key, OTHER, LONG).await?;
    Ok(())
}

/// unlock: another token releases nothing
pub async fn another_token_releases_nothing<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("foreign");
    take(store, &key, OWNER, LONG).await?;
    assert!(!store.unlock(&key, OTHER).await?);
    assert_eq!(holder(store, &key).await?.as_deref(), Some(OWNER));
    Ok(())
}

/// unlock: an owner whose lease ran out leaves the next owner's lock alone
pub async fn a_late_owner_leaves_the_next_one_alone<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("late");
    let lease = store.brief();
    take(store, &key, OWNER, lease).await?;
    store.outlive(lease).await;
    take(store, &key, OTHER, LONG).await?;
    assert!(!store.unlock(&key, OWNER).await?);
    assert_eq!(holder(store, &key).await?.as_deref(), Some(OTHER));
    Ok(())
}

/// unlock: a store that cannot compare does not unlock, and says so
pub async fn a_store_that_cannot_compare_keeps_its_locks<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.lacks(store.capabilities().compare, "compare commands") {
        return Ok(());
    }
    let key = store.key("kept");
    take(store, &key, OWNER, LONG).await?;
    assert_eq!(refused(store.unlock(&key, OWNER).await), ErrorKind::Unsupported);
    assert_eq!(holder(store, &key).await?.as_deref(), Some(OWNER));
    Ok(())
}

/// extend_lock: its owner extends a lock, and can still release it
pub async fn an_owner_extends_its_lock<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("extended");
    let lease = store.short();
    take(store, &key, OWNER, lease).await?;
    assert!(store.extend_lock(&key, OWNER, LONG).await?);
    if store.offers_remaining_ttl() {
        assert_about(store, store.ttl(&key).await?, LONG);
    }
    store.outlive(lease).await;
    assert_eq!(holder(store, &key).await?.as_deref(), Some(OWNER));
    assert!(store.unlock(&key, OWNER).await?);
    assert_eq!(holder(store, &key).await?, None);
    Ok(())
}

/// extend_lock: another token extends nothing
pub async fn another_token_extends_nothing<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("another");
    let lease = store.short();
    take(store, &key, OWNER, lease).await?;
    assert!(!store.extend_lock(&key, OTHER, LONG).await?);
    assert_eq!(holder(store, &key).await?.as_deref(), Some(OWNER));
    store.outlive(lease).await;
    assert_eq!(holder(store, &key).await?, None);
    Ok(())
}

/// extend_lock: a lock whose lease ran out does not come back
pub async fn a_lock_that_ran_out_does_not_come_back<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("gone");
    let lease = store.brief();
    take(store, &key, OWNER, lease).await?;
    store.outlive(lease).await;
    assert!(!store.extend_lock(&key, OWNER, LONG).await?);
    assert!(!store.exists(&key).await?);
    Ok(())
}

/// extend_lock: a store that cannot compare does not extend, and says so
pub async fn a_store_that_cannot_compare_extends_nothing<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.lacks(store.capabilities().compare, "compare commands") {
        return Ok(());
    }
    let key = store.key("as-it-was");
    take(store, &key, OWNER, LONG).await?;
    let extended = store.extend_lock(&key, OWNER, 2 * LONG).await;
    assert_eq!(refused(extended), ErrorKind::Unsupported);
    if store.offers_remaining_ttl() {
        let left = store.ttl(&key).await?;
        assert!(matches!(left, Remaining::For(left) if left <= LONG), "{left:?}");
    }
    Ok(())
}
