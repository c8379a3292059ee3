//! `compare_and_set` and `compare_and_delete`: only what is still the same.

use super::{Backend, ErrorKind, Fixture, LONG, Result, Sample, refused};
use crate::backend::{Raw, Version, Want};

/// Replaces the value under `key` by value `n` if it has this version.
async fn swap<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
    key: &str,
    n: u32,
    version: &Version,
) -> Result<bool> {
    store.compare_and_set(key, store.value(n), None, version).await
}

/// compare_and_set: the version just read lets one write through, and the next with it is refused
pub async fn a_version_lets_one_write_through<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("key");
    store.put(&key, 1, None).await?;
    let version = store.version(&key).await?;
    assert!(swap(store, &key, 2, &version).await?);
    assert!(!swap(store, &key, 3, &version).await?);
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}

/// compare_and_set: the version of the value it wrote lets the next write through
pub async fn versions_can_be_chained<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("chain");
    store.put(&key, 0, None).await?;
    for n in 1..4 {
        let version = store.version(&key).await?;
        assert!(swap(store, &key, n, &version).await?);
    }
    assert_eq!(store.number(&key).await?, Some(3));
    Ok(())
}

/// compare_and_set: a key that was written since is left as it is, its ttl too
pub async fn a_key_written_since_is_left_as_it_is<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("written");
    let ttl = store.short();
    store.put(&key, 1, None).await?;
    let version = store.version(&key).await?;
    store.put(&key, 2, Some(ttl)).await?;
    assert!(!swap(store, &key, 3, &version).await?);
    assert_eq!(store.number(&key).await?, Some(2));
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, None);
    Ok(())
}

/// compare_and_set: a key that was deleted since stays absent
pub async fn a_key_deleted_since_stays_absent<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("deleted");
    store.put(&key, 1, None).await?;
    let version = store.version(&key).await?;
    store.delete(&key).await?;
    assert!(!swap(store, &key, 2, &version).await?);
    assert!(!store.exists(&key).await?);
    Ok(())
}

/// compare_and_set: a key that expired since stays absent
pub async fn a_key_expired_since_stays_absent<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("expired");
    let ttl = store.short();
    store.put(&key, 1, Some(ttl)).await?;
    let version = store.version(&key).await?;
    store.outlive(ttl).await;
    assert!(!swap(store, &key, 2, &version).await?);
    assert!(!store.exists(&key).await?);
    Ok(())
}

/// compare_and_set: a key written again with the same value is refused, unless the version is the value's bytes
pub async fn the_same_value_again_is_refused<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let keys = store.keys(2);
    let mut versions = Vec::new();
    for key in &keys {
        store.put(key, 1, None).await?;
        versions.push(store.version(key).await?);
    }
    if !store.offers_numbers(&versions[0]) {
        return Ok(());
    }
    store.put(&keys[0], 1, None).await?;
    store.delete(&keys[1]).await?;
    store.put(&keys[1], 1, None).await?;
    for (key, version) in keys.iter().zip(&versions) {
        assert!(!swap(store, key, 2, version).await?);
        assert_eq!(store.number(key).await?, Some(1));
    }
    Ok(())
}

/// compare_and_set: an increment counts as a write
pub async fn an_increment_counts_as_a_write<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("counter");
    store.increment(&key, 1, None).await?;
    let version = store.version(&key).await?;
    store.increment(&key, 1, None).await?;
    let zero = B::Raw::from_integer(0);
    assert!(!store.compare_and_set(&key, zero, None, &version).await?);
    let counter = store.read(&key, Want::VALUE, |entry| entry.raw.integer()).await?;
    assert_eq!(counter, Some(Some(2)));
    Ok(())
}

/// compare_and_set: the new value has the ttl of the call, also none
pub async fn the_new_value_has_the_ttl_of_the_call<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let [mortal, immortal] = ["mortal", "immortal"].map(|name| store.key(name));
    let ttl = store.short();
    store.put(&mortal, 1, None).await?;
    store.put(&immortal, 1, Some(ttl)).await?;
    let version = store.version(&mortal).await?;
    assert!(
        store
            .compare_and_set(&mortal, store.value(2), Some(ttl), &version)
            .await?
    );
    let version = store.version(&immortal).await?;
    assert!(swap(store, &immortal, 2, &version).await?);
    assert_eq!(store.number(&mortal).await?, Some(2));
    store.outlive(ttl).await;
    assert_eq!(store.number(&mortal).await?, None);
    assert_eq!(store.number(&immortal).await?, Some(2));
    Ok(())
}

/// compare_and_set: a store that cannot compare answers `Unsupported`
pub async fn a_store_that_cannot_compare_sets_nothing<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.lacks(store.capabilities().compare, "compare commands") {
        return Ok(());
    }
    let key = store.key("key");
    store.put(&key, 1, Some(LONG)).await?;
    let kind = refused(swap(store, &key, 2, &Version::number(1, 0)).await);
    assert_eq!(kind, ErrorKind::Unsupported);
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// compare_and_delete: the version just read lets the delete through, once
pub async fn a_version_lets_one_delete_through<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("key");
    store.put(&key, 1, Some(LONG)).await?;
    let version = store.version(&key).await?;
    assert!(store.compare_and_delete(&key, &version).await?);
    assert_eq!(store.number(&key).await?, None);
    assert!(!store.compare_and_delete(&key, &version).await?);
    Ok(())
}

/// compare_and_delete: a key that was written since stays
pub async fn a_key_written_since_stays<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("written");
    store.put(&key, 1, None).await?;
    let version = store.version(&key).await?;
    store.put(&key, 2, None).await?;
    assert!(!store.compare_and_delete(&key, &version).await?);
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}

/// compare_and_delete: a key that was deleted and added again by another owner stays
pub async fn a_key_added_by_another_owner_stays<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("lock");
    store.add(&key, B::Raw::from_token("mine"), Some(LONG)).await?;
    let version = store.version(&key).await?;
    store.delete(&key).await?;
    store.add(&key, B::Raw::from_token("theirs"), Some(LONG)).await?;
    assert!(!store.compare_and_delete(&key, &version).await?);
    assert!(store.exists(&key).await?);
    Ok(())
}

/// compare_and_delete: a key that expired since is false
pub async fn a_key_expired_since_is_false<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("expired");
    let ttl = store.short();
    store.put(&key, 1, Some(ttl)).await?;
    let version = store.version(&key).await?;
    store.outlive(ttl).await;
    assert!(!store.compare_and_delete(&key, &version).await?);
    Ok(())
}

/// compare_and_delete: a store that cannot compare answers `Unsupported`
pub async fn a_store_that_cannot_compare_deletes_nothing<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.lacks(store.capabilities().compare, "compare commands") {
        return Ok(());
    }
    let key = store.key("key");
    store.put(&key, 1, Some(LONG)).await?;
    let version = Version::number(1, 0);
    let kind = refused(store.compare_and_delete(&key, &version).await);
    assert_eq!(kind, ErrorKind::Unsupported);
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}
