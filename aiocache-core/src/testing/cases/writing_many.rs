//! `write_many` and `delete_many`: several keys in one go.

use super::{Backend, Fixture, LONG, Result, Sample, strs};

/// Pairs of keys and the values of their positions.
fn pairs<'a, B: Backend<Raw: Sample>>(store: &Fixture<B>, keys: &'a [String]) -> Vec<(&'a str, B::Raw)> {
    (0u32..)
        .zip(keys)
        .map(|(n, key)| (key.as_str(), store.value(n)))
        .collect()
}

/// write_many: every pair can be read afterwards
pub async fn every_pair_can_be_read<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(3);
    store.write_many(pairs(store, &keys), None).await?;
    for (n, key) in (0u32..).zip(&keys) {
        assert_eq!(store.number(key).await?, Some(n));
    }
    Ok(())
}

/// write_many: every pair has the ttl
pub async fn every_pair_has_the_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(3);
    let ttl = store.short();
    store.write_many(pairs(store, &keys), Some(ttl)).await?;
    for (n, key) in (0u32..).zip(&keys) {
        assert_eq!(store.number(key).await?, Some(n));
    }
    store.outlive(ttl).await;
    for key in &keys {
        assert_eq!(store.number(key).await?, None);
    }
    Ok(())
}

/// write_many: values that were there are replaced, and their ttls too
pub async fn pairs_replace_what_was_there<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(3);
    let ttl = store.brief();
    store.put(&keys[0], 7, Some(ttl)).await?;
    store.put(&keys[1], 7, None).await?;
    store.write_many(pairs(store, &keys), None).await?;
    store.outlive(ttl).await;
    for (n, key) in (0u32..).zip(&keys) {
        assert_eq!(store.number(key).await?, Some(n));
    }
    Ok(())
}

/// write_many: of a key given twice, the last value stays
pub async fn the_last_value_of_a_key_stays<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(2);
    let values = [(0, 1), (1, 2), (0, 3), (1, 4)];
    let pairs = values.map(|(key, n)| (keys[key].as_str(), store.value(n)));
    store.write_many(pairs.into(), None).await?;
    assert_eq!(store.number(&keys[0]).await?, Some(3));
    assert_eq!(store.number(&keys[1]).await?, Some(4));
    Ok(())
}

/// write_many: no pairs do nothing
pub async fn no_pairs_do_nothing<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("bystander");
    store.put(&key, 1, None).await?;
    store.write_many(Vec::new(), Some(LONG)).await?;
    store.write_many(Vec::new(), None).await?;
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// delete_many: the keys given are misses, and others stay
pub async fn only_the_given_keys_are_deleted<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(3);
    store.write_many(pairs(store, &keys), None).await?;
    assert_eq!(store.delete_many(&[&keys[0], &keys[2]]).await?, 2);
    assert_eq!(store.number(&keys[0]).await?, None);
    assert_eq!(store.number(&keys[1]).await?, Some(1));
    assert_eq!(store.number(&keys[2]).await?, None);
    Ok(())
}

/// delete_many: only the keys that were there count
pub async fn only_keys_that_were_there_count<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(4);
    store.put(&keys[1], 1, None).await?;
    store.put(&keys[3], 3, None).await?;
    assert_eq!(store.delete_many(&strs(&keys)).await?, 2);
    assert_eq!(store.delete_many(&strs(&keys)).await?, 0);
    Ok(())
}

/// delete_many: a key given twice counts once
pub async fn a_key_given_twice_counts_once<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(2);
    store.write_many(pairs(store, &keys), None).await?;
    assert_eq!(store.delete_many(&[&keys[0], &keys[1], &keys[0]]).await?, 2);
    Ok(())
}

/// delete_many: an expired key does not count
pub async fn an_expired_key_is_not_counted<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(2);
    let ttl = store.brief();
    store.put(&keys[0], 0, Some(ttl)).await?;
    store.put(&keys[1], 1, None).await?;
    store.outlive(ttl).await;
    assert_eq!(store.delete_many(&strs(&keys)).await?, 1);
    Ok(())
}

/// delete_many: no keys count 0, and nothing goes
pub async fn no_keys_delete_nothing<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("bystander");
    store.put(&key, 1, None).await?;
    assert_eq!(store.delete_many(&[]).await?, 0);
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// delete_many: a thousand keys go as a few do
pub async fn a_thousand_keys_are_deleted<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(1000);
    store.write_many(pairs(store, &keys), Some(LONG)).await?;
    assert_eq!(store.delete_many(&strs(&keys)).await?, 1000);
    for key in [&keys[0], &keys[499], &keys[999]] {
        assert_eq!(store.number(key).await?, None);
    }
    Ok(())
}
