//! `add`: a value only where nothing is.

use super::{Backend, Fixture, LONG, Remaining, Result, Sample};
use crate::backend::{Raw, Want};

/// add: an absent key is written, with its ttl
pub async fn an_absent_key_is_added_with_its_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("absent");
    let ttl = store.short();
    assert!(store.add(&key, store.value(1), Some(ttl)).await?);
    assert_eq!(store.number(&key).await?, Some(1));
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, None);
    Ok(())
}

/// add: without a ttl the value stays
pub async fn a_value_added_without_a_ttl_stays<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("stays");
    assert!(store.add(&key, store.value(1), None).await?);
    assert_eq!(store.number(&key).await?, Some(1));
    if store.offers_remaining_ttl() {
        assert_eq!(store.ttl(&key).await?, Remaining::Never);
    }
    Ok(())
}

/// add: a present key is left as it is, its ttl too
pub async fn a_present_key_is_left_as_it_is<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [mortal, immortal] = ["mortal", "immortal"].map(|name| store.key(name));
    let ttl = store.short();
    store.put(&mortal, 1, Some(ttl)).await?;
    store.put(&immortal, 1, None).await?;
    assert!(!store.add(&mortal, store.value(2), Some(LONG)).await?);
    assert!(!store.add(&immortal, store.value(2), Some(ttl)).await?);
    assert_eq!(store.number(&mortal).await?, Some(1));
    store.outlive(ttl).await;
    assert_eq!(store.number(&mortal).await?, None);
    assert_eq!(store.number(&immortal).await?, Some(1));
    Ok(())
}

/// add: an expired key counts as absent
pub async fn an_expired_key_can_be_added<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("expired");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert!(store.add(&key, store.value(2), Some(LONG)).await?);
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}

/// add: a deleted key counts as absent
pub async fn a_deleted_key_can_be_added<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("deleted");
    store.put(&key, 1, Some(LONG)).await?;
    store.delete(&key).await?;
    assert!(store.add(&key, store.value(2), None).await?);
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}

/// add: an empty value counts as present
pub async fn an_empty_value_is_present<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let Some(empty) = B::Raw::sample(b"") else {
        assert!(!store.offers(false, "empty value"));
        return Ok(());
    };
    let key = store.key("empty");
    assert!(store.add(&key, empty, None).await?);
    assert!(!store.add(&key, store.value(2), None).await?);
    assert_eq!(store.content(&key).await?, Some(Vec::new()));
    Ok(())
}

/// add: a lock's token is handed over as it was added
pub async fn a_token_is_read_as_it_was_added<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("lock");
    let token = "0123456789abcdef-owner";
    assert!(store.add(&key, B::Raw::from_token(token), Some(LONG)).await?);
    let read = store
        .read(&key, Want::VALUE, |entry| entry.raw.token().map(str::to_owned))
        .await?;
    assert_eq!(read, Some(Some(token.to_owned())));
    Ok(())
}
