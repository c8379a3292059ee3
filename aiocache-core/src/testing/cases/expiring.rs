//! `expire` and `ttl`: how long a key still lives.

use super::{Backend, Duration, ErrorKind, Fixture, LONG, Remaining, Result, Sample, assert_about, refused};

/// expire: an existing key takes the new ttl, a longer or a shorter one
pub async fn an_existing_key_takes_the_new_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [longer, shorter] = ["longer", "shorter"].map(|name| store.key(name));
    let ttl = store.short();
    store.put(&longer, 1, Some(ttl)).await?;
    store.put(&shorter, 1, Some(LONG)).await?;
    assert!(store.expire(&longer, Some(LONG)).await?);
    assert!(store.expire(&shorter, Some(ttl)).await?);
    store.outlive(ttl).await;
    assert_eq!(store.number(&longer).await?, Some(1));
    assert_eq!(store.number(&shorter).await?, None);
    Ok(())
}

/// expire: a key without a ttl takes one
pub async fn a_key_without_a_ttl_takes_one<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("immortal");
    let ttl = store.short();
    store.put(&key, 1, None).await?;
    assert!(store.expire(&key, Some(ttl)).await?);
    assert_eq!(store.number(&key).await?, Some(1));
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, None);
    Ok(())
}

/// expire: `None` takes the ttl away
pub async fn none_takes_the_ttl_away<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("persists");
    let ttl = store.short();
    store.put(&key, 1, Some(ttl)).await?;
    assert!(store.expire(&key, None).await?);
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// expire: `None` for a key without a ttl is true, and changes nothing
pub async fn none_for_a_key_without_a_ttl_is_true<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("immortal");
    store.put(&key, 1, None).await?;
    assert!(store.expire(&key, None).await?);
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// expire: a missing key is false, and stays missing
pub async fn a_missing_key_takes_no_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("missing");
    assert!(!store.expire(&key, Some(LONG)).await?);
    assert!(!store.expire(&key, None).await?);
    assert!(!store.exists(&key).await?);
    Ok(())
}

/// expire: an expired key is false, and does not come back
pub async fn an_expired_key_does_not_come_back<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(2);
    let ttl = store.brief();
    store.put(&keys[0], 0, Some(ttl)).await?;
    store.put(&keys[1], 1, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert!(!store.expire(&keys[0], Some(LONG)).await?);
    assert!(!store.expire(&keys[1], None).await?);
    assert_eq!(store.number(&keys[0]).await?, None);
    assert_eq!(store.number(&keys[1]).await?, None);
    Ok(())
}

/// expire: value and counter stay as they are
pub async fn a_new_ttl_leaves_the_value<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [value, counter] = ["value", "counter"].map(|name| store.key(name));
    store.put(&value, 1, Some(LONG)).await?;
    store.increment(&counter, 6, Some(LONG)).await?;
    assert!(store.expire(&value, Some(2 * LONG)).await?);
    assert!(store.expire(&counter, Some(2 * LONG)).await?);
    assert_eq!(store.number(&value).await?, Some(1));
    assert_eq!(store.increment(&counter, 1, None).await?, 7);
    Ok(())
}

/// expire: the longest `Duration` is a ttl here too
pub async fn the_longest_duration_can_be_given<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("longest");
    let ttl = store.short();
    store.put(&key, 1, Some(ttl)).await?;
    assert!(store.expire(&key, Some(Duration::MAX)).await?);
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// ttl: a missing key is `Missing`
pub async fn nothing_is_left_of_a_missing_key<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if store.offers_remaining_ttl() {
        assert_eq!(store.ttl(&store.key("missing")).await?, Remaining::Missing);
    }
    Ok(())
}

/// ttl: an expired key is `Missing`
pub async fn nothing_is_left_of_an_expired_key<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_remaining_ttl() {
        return Ok(());
    }
    let key = store.key("expired");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert_eq!(store.ttl(&key).await?, Remaining::Missing);
    Ok(())
}

/// ttl: a key without a ttl is `Never`, also once `expire` took it away
pub async fn a_key_without_a_ttl_never_ends<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_remaining_ttl() {
        return Ok(());
    }
    let keys = store.keys(2);
    store.put(&keys[0], 0, None).await?;
    store.put(&keys[1], 1, Some(LONG)).await?;
    store.expire(&keys[1], None).await?;
    assert_eq!(store.ttl(&keys[0]).await?, Remaining::Never);
    assert_eq!(store.ttl(&keys[1]).await?, Remaining::Never);
    Ok(())
}

/// ttl: another is `For` what is left, which gets less as time passes
pub async fn what_is_left_gets_less<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_remaining_ttl() {
        return Ok(());
    }
    let key = store.key("mortal");
    store.put(&key, 1, Some(LONG)).await?;
    assert_about(store, store.ttl(&key).await?, LONG);
    let passed = store.short();
    store.pass(passed).await;
    assert_about(store, store.ttl(&key).await?, LONG - passed);
    Ok(())
}

/// ttl: a store that cannot tell answers `Unsupported`
pub async fn a_store_that_cannot_tell_says_so<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.lacks(store.capabilities().remaining_ttl, "remaining ttl") {
        return Ok(());
    }
    let key = store.key("untold");
    store.put(&key, 1, Some(LONG)).await?;
    assert_eq!(refused(store.ttl(&key).await), ErrorKind::Unsupported);
    Ok(())
}
