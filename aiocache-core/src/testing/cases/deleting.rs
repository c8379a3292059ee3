//! `delete` and `exists`: what was there, and what is.

use super::{Backend, Fixture, LONG, Result, Sample};

/// delete: a deleted key is a miss
pub async fn a_deleted_key_is_a_miss<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("deleted");
    store.put(&key, 1, None).await?;
    assert!(store.delete(&key).await?);
    assert_eq!(store.number(&key).await?, None);
    Ok(())
}

/// delete: deleting a missing key is no error, and false
pub async fn deleting_a_missing_key_is_false<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("missing");
    assert!(!store.delete(&key).await?);
    store.put(&key, 1, None).await?;
    assert!(store.delete(&key).await?);
    assert!(!store.delete(&key).await?);
    Ok(())
}

/// delete: an expired key counts as missing
pub async fn deleting_an_expired_key_is_false<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("expired");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert!(!store.delete(&key).await?);
    Ok(())
}

/// delete: other keys stay
pub async fn a_delete_leaves_other_keys_alone<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [key, longer] = ["key", "key.longer"].map(|name| store.key(name));
    store.put(&key, 1, None).await?;
    store.put(&longer, 2, None).await?;
    store.delete(&key).await?;
    assert_eq!(store.number(&longer).await?, Some(2));
    Ok(())
}

/// delete: a value written after a delete lives for its own ttl
pub async fn a_value_after_a_delete_has_its_own_ttl<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let [mortal, immortal] = ["mortal", "immortal"].map(|name| store.key(name));
    let ttl = store.brief();
    for key in [&mortal, &immortal] {
        store.put(key, 1, Some(ttl)).await?;
        store.delete(key).await?;
    }
    store.put(&mortal, 2, Some(LONG)).await?;
    store.put(&immortal, 2, None).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&mortal).await?, Some(2));
    assert_eq!(store.number(&immortal).await?, Some(2));
    Ok(())
}

/// exists: a written key exists, a missing or deleted one does not
pub async fn a_key_exists_from_write_to_delete<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("key");
    assert!(!store.exists(&key).await?);
    store.put(&key, 1, Some(LONG)).await?;
    assert!(store.exists(&key).await?);
    store.delete(&key).await?;
    assert!(!store.exists(&key).await?);
    Ok(())
}

/// exists: an expired key does not exist
pub async fn an_expired_key_does_not_exist<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("expired");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert!(!store.exists(&key).await?);
    Ok(())
}

/// exists: an empty value and a counter of 0 exist
pub async fn an_empty_value_and_a_zero_exist<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [empty, zero] = ["empty", "zero"].map(|name| store.key(name));
    if let Some(raw) = B::Raw::sample(b"") {
        store.write(&empty, raw, None).await?;
        assert!(store.exists(&empty).await?);
    }
    store.increment(&zero, 0, None).await?;
    assert!(store.exists(&zero).await?);
    Ok(())
}

/// exists: asking does not change the ttl
pub async fn asking_does_not_prolong<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("asked");
    let ttl = store.short();
    store.put(&key, 1, Some(ttl)).await?;
    assert!(store.exists(&key).await?);
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, None);
    Ok(())
}
