//! `read`: versions tell one write from another.

use super::{Backend, Fixture, LONG, Result, Sample, Want, assert_about};

/// read: the version is handed over where it is wanted and the store can compare
pub async fn a_read_tells_the_version<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("version");
    store.put(&key, 1, None).await?;
    let version = store.read(&key, Want::VERSION, |entry| entry.version).await?;
    assert!(matches!(version, Some(Some(_))), "{version:?}");
    Ok(())
}

/// read: value, remaining ttl and version can be wanted at once
pub async fn everything_can_be_wanted_at_once<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let want = Want {
        remaining: true,
        version: true,
    };
    let capabilities = store.capabilities();
    let key = store.key("all");
    store.put(&key, 1, Some(LONG)).await?;
    let read = store
        .read(&key, want, |entry| {
            (entry.raw.content(), entry.remaining, entry.version)
        })
        .await?;
    let (content, remaining, version) = read.expect("it was written");
    assert_eq!(content.as_deref(), Some(b"value 1".as_slice()));
    if capabilities.remaining_ttl {
        assert_about(store, remaining.expect("it was wanted"), LONG);
    }
    assert!(version.is_some() || !capabilities.compare, "no version");
    Ok(())
}

/// read: two reads of one write have the same version
pub async fn the_version_stays_between_writes<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("same");
    store.put(&key, 1, None).await?;
    assert_eq!(store.version(&key).await?, store.version(&key).await?);
    Ok(())
}

/// read: a write of another value gives another version
pub async fn another_value_is_another_version<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("another");
    store.put(&key, 1, None).await?;
    let first = store.version(&key).await?;
    store.put(&key, 2, None).await?;
    assert_ne!(store.version(&key).await?, first);
    Ok(())
}

/// read: a write of the same value gives another version, unless the version is the value's bytes
pub async fn the_same_value_again_is_another_version<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("rewritten");
    store.put(&key, 1, None).await?;
    let first = store.version(&key).await?;
    if !store.offers_numbers(&first) {
        return Ok(());
    }
    store.put(&key, 1, None).await?;
    assert_ne!(store.version(&key).await?, first);
    Ok(())
}

/// read: a key that is deleted and written again has another version, unless the version is the value's bytes
pub async fn a_key_made_again_has_another_version<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_compare() {
        return Ok(());
    }
    let key = store.key("made.again");
    store.put(&key, 1, None).await?;
    let first = store.version(&key).await?;
    if !store.offers_numbers(&first) {
        return Ok(());
    }
    store.delete(&key).await?;
    store.put(&key, 1, None).await?;
    assert_ne!(store.version(&key).await?, first);
    Ok(())
}
