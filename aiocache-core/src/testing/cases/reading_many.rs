//! `read_many`: several keys in one go, each in its place.

use super::{Backend, Fixture, LONG, Result, Sample, Want, assert_about, strs};
use crate::testing::fixture::number_in;

/// The numbers of the values under several keys.
async fn numbers<B: Backend<Raw: Sample>>(store: &Fixture<B>, keys: &[&str]) -> Result<Vec<Option<u32>>> {
    let read = |_, entry: crate::Entry<'_, B::Raw>| {
        number_in(&entry.raw.content().expect("a value, no counter and no token"))
    };
    store.read_many(keys, Want::VALUE, read).await
}

/// read_many: the answers have the length and the order of the keys, with `None` for a miss
pub async fn answers_come_in_the_order_of_the_keys<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let [a, b, c, missing] = ["a", "b", "c", "missing"].map(|name| store.key(name));
    for (key, n) in [(&a, 1), (&b, 2), (&c, 3)] {
        store.put(key, n, None).await?;
    }
    assert_eq!(
        numbers(store, &[&c, &missing, &a, &b]).await?,
        [Some(3), None, Some(1), Some(2)]
    );
    Ok(())
}

/// read_many: a key asked for twice is answered twice
pub async fn a_key_asked_twice_is_answered_twice<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [a, b, missing] = ["a", "b", "missing"].map(|name| store.key(name));
    store.put(&a, 1, None).await?;
    store.put(&b, 2, None).await?;
    assert_eq!(
        numbers(store, &[&a, &missing, &b, &a, &missing]).await?,
        [Some(1), None, Some(2), Some(1), None]
    );
    Ok(())
}

/// read_many: no keys give no answers
pub async fn no_keys_give_no_answers<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    assert_eq!(numbers(store, &[]).await?, []);
    Ok(())
}

/// read_many: `f` runs once for each key that is there, in any order, with the key's position
pub async fn f_gets_the_position_of_the_key<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [a, b, missing] = ["a", "b", "missing"].map(|name| store.key(name));
    store.put(&a, 1, None).await?;
    store.put(&b, 2, None).await?;
    let mut positions = Vec::new();
    let answers = store
        .read_many(&[&missing, &b, &a], Want::VALUE, |position, _| {
            positions.push(position);
            position
        })
        .await?;
    positions.sort_unstable();
    assert_eq!((answers, positions), (vec![None, Some(1), Some(2)], vec![1, 2]));
    Ok(())
}

/// read_many: an expired value is a miss, and the values around it keep their places
pub async fn an_expired_value_leaves_the_others_in_place<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let [a, b, c] = ["a", "b", "c"].map(|name| store.key(name));
    let ttl = store.brief();
    store.put(&a, 1, None).await?;
    store.put(&b, 2, Some(ttl)).await?;
    store.put(&c, 3, Some(LONG)).await?;
    store.outlive(ttl).await;
    assert_eq!(numbers(store, &[&a, &b, &c]).await?, [Some(1), None, Some(3)]);
    Ok(())
}

/// read_many: remaining ttl and version are handed over as `read` does
pub async fn several_reads_tell_what_is_wanted<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let capabilities = store.capabilities();
    if !store.offers(
        capabilities.remaining_ttl || capabilities.compare,
        "remaining ttl and no version",
    ) {
        return Ok(());
    }
    let want = Want {
        remaining: capabilities.remaining_ttl,
        version: capabilities.compare,
    };
    let keys = store.keys(2);
    store.put(&keys[0], 0, Some(LONG)).await?;
    store.put(&keys[1], 1, Some(2 * LONG)).await?;
    let read = store
        .read_many(&strs(&keys), want, |_, entry| (entry.remaining, entry.version))
        .await?;
    for ((answer, key), ttl) in read.into_iter().zip(&keys).zip([LONG, 2 * LONG]) {
        let (remaining, version) = answer.expect("it was written");
        if capabilities.remaining_ttl {
            assert_about(store, remaining.expect("it was wanted"), ttl);
        }
        if capabilities.compare {
            assert_eq!(version, Some(store.version(key).await?));
        }
    }
    Ok(())
}

/// read_many: a thousand keys are answered as a few are
pub async fn a_thousand_keys_are_answered<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(1000);
    let even = |n: &u32| n.is_multiple_of(2);
    let pairs = (0u32..).zip(strs(&keys)).filter(|(n, _)| even(n));
    store
        .write_many(pairs.map(|(n, key)| (key, store.value(n))).collect(), Some(LONG))
        .await?;
    let expected: Vec<_> = (0..1000).map(|n| Some(n).filter(even)).collect();
    assert_eq!(numbers(store, &strs(&keys)).await?, expected);
    Ok(())
}
