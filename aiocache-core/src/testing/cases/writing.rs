//! `write`: the last value counts, whatever was there.

use super::{Backend, Fixture, LONG, Result, Sample, begin_and_drop};
use crate::backend::{Raw, Want};

/// write: a second write replaces the value
pub async fn a_second_write_replaces_the_value<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("replaced");
    store.put(&key, 1, None).await?;
    store.put(&key, 2, None).await?;
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}

/// write: a value takes the place of a counter, and an integer that of a value
pub async fn values_and_counters_replace_each_other<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let key = store.key("kinds");
    store.increment(&key, 7, None).await?;
    store.put(&key, 1, None).await?;
    assert_eq!(store.number(&key).await?, Some(1));
    store.write(&key, B::Raw::from_integer(-3), None).await?;
    let integer = store.read(&key, Want::VALUE, |entry| entry.raw.integer()).await?;
    assert_eq!(integer, Some(Some(-3)));
    Ok(())
}

/// write: an empty value is a value
pub async fn an_empty_value_is_a_value<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let Some(empty) = B::Raw::sample(b"") else {
        assert!(!store.offers(false, "empty value"));
        return Ok(());
    };
    let key = store.key("empty");
    store.write(&key, empty, Some(LONG)).await?;
    assert_eq!(store.content(&key).await?, Some(Vec::new()));
    Ok(())
}

/// write: a write leaves other keys alone
pub async fn a_write_leaves_other_keys_alone<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(2);
    store.put(&keys[0], 0, Some(LONG)).await?;
    store.put(&keys[1], 1, None).await?;
    assert_eq!(store.number(&keys[0]).await?, Some(0));
    Ok(())
}

/// write: a write that is dropped half way is done or not done, and does not disturb the next command
pub async fn a_dropped_write_does_no_harm<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(2);
    for round in 0..50 {
        store.put(&keys[0], round, None).await?;
        begin_and_drop(store.put(&keys[0], round + 100, None), round).await;
        store.put(&keys[1], round, None).await?;
        assert_eq!(store.number(&keys[1]).await?, Some(round));
        let dropped = store.number(&keys[0]).await?;
        assert!(
            dropped == Some(round) || dropped == Some(round + 100),
            "{dropped:?} in round {round}"
        );
    }
    Ok(())
}
