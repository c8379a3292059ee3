//! `increment`: counters.

use super::{Backend, ErrorKind, Fixture, LONG, Result, Sample, Want, refused};
use crate::backend::Raw;

/// The counter under a key as a read sees it; `None` for a miss.
async fn integer<B: Backend>(store: &Fixture<B>, key: &str) -> Result<Option<i64>> {
    let read = store.read(key, Want::VALUE, |entry| entry.raw.integer()).await?;
    Ok(read.map(|integer| integer.expect("an integer")))
}

/// increment: a missing counter starts at 0, also for a negative delta
pub async fn a_missing_counter_starts_at_zero<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [up, down] = ["up", "down"].map(|name| store.key(name));
    assert_eq!(store.increment(&up, 5, None).await?, 5);
    assert_eq!(store.increment(&down, -5, None).await?, -5);
    Ok(())
}

/// increment: a counter goes up and down, below 0 and back
pub async fn a_counter_crosses_zero<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("counter");
    // 10 to 9 and 9 to 10: memcached pads a shorter number with a space.
    for (delta, total) in [
        (10, 10),
        (-1, 9),
        (1, 10),
        (-13, -3),
        (-97, -100),
        (99, -1),
        (1, 0),
        (3, 3),
    ] {
        assert_eq!(store.increment(&key, delta, None).await?, total);
        assert_eq!(integer(store, &key).await?, Some(total));
    }
    Ok(())
}

/// increment: a delta of 0 gives the counter as it is, and makes a missing one
pub async fn a_delta_of_zero_makes_a_counter<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("zero");
    assert_eq!(store.increment(&key, 0, None).await?, 0);
    assert_eq!(integer(store, &key).await?, Some(0));
    store.increment(&key, 4, None).await?;
    assert_eq!(store.increment(&key, 0, None).await?, 4);
    Ok(())
}

/// increment: a counter that exists keeps its ttl
pub async fn an_increment_keeps_the_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("mortal");
    let ttl = store.short();
    store.increment(&key, 1, Some(ttl)).await?;
    assert_eq!(store.increment(&key, 1, Some(LONG)).await?, 2);
    store.increment(&key, -5, None).await?;
    store.outlive(ttl).await;
    assert_eq!(integer(store, &key).await?, None);
    Ok(())
}

/// increment: a counter without a ttl does not get one
pub async fn an_increment_gives_no_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("immortal");
    let ttl = store.brief();
    store.increment(&key, 1, None).await?;
    store.increment(&key, 1, Some(ttl)).await?;
    store.increment(&key, -5, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert_eq!(integer(store, &key).await?, Some(-3));
    Ok(())
}

/// increment: a counter that is created takes the ttl
pub async fn a_new_counter_takes_the_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [up, down] = ["up", "down"].map(|name| store.key(name));
    let ttl = store.brief();
    store.increment(&up, 1, Some(ttl)).await?;
    store.increment(&down, -1, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert_eq!(integer(store, &up).await?, None);
    assert_eq!(integer(store, &down).await?, None);
    Ok(())
}

/// increment: an expired counter starts anew, with the ttl of the call
pub async fn an_expired_counter_starts_anew<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("anew");
    let ttl = store.brief();
    store.increment(&key, 7, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert_eq!(store.increment(&key, 1, Some(LONG)).await?, 1);
    store.outlive(ttl).await;
    assert_eq!(integer(store, &key).await?, Some(1));
    Ok(())
}

/// increment: an integer that was written or added is a counter
pub async fn a_written_integer_is_a_counter<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [written, added] = ["written", "added"].map(|name| store.key(name));
    store.write(&written, B::Raw::from_integer(41), None).await?;
    store.add(&added, B::Raw::from_integer(-43), None).await?;
    assert_eq!(store.increment(&written, 1, None).await?, 42);
    assert_eq!(store.increment(&added, 1, None).await?, -42);
    Ok(())
}

/// increment: a value that is no integer is `NotAnInteger`, and stays
pub async fn no_integer_is_refused_and_stays<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("text");
    store.put(&key, 1, None).await?;
    for delta in [1, -1, 0] {
        assert_eq!(
            refused(store.increment(&key, delta, None).await),
            ErrorKind::NotAnInteger
        );
    }
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// increment: an empty value and text that only looks like a number are `NotAnInteger`
pub async fn what_only_looks_like_a_number_is_refused<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let key = store.key("looks");
    for text in [
        "",
        " 1",
        // Not "1 ": memcached pads a counter that got shorter (its protocol.txt), so there it is one.
        "+1",
        "1.0",
        "01",
        "1e3",
        "0x1",
        "9223372036854775808",
    ] {
        let Some(raw) = B::Raw::sample(text.as_bytes()) else {
            continue;
        };
        store.write(&key, raw, None).await?;
        let kind = refused(store.increment(&key, 1, None).await);
        assert_eq!(kind, ErrorKind::NotAnInteger, "{text:?}");
        assert_eq!(store.content(&key).await?.as_deref(), Some(text.as_bytes()));
    }
    Ok(())
}

/// increment: leaving the range of `i64` is `Overflow`, and the counter stays
pub async fn overflow_is_refused_and_the_counter_stays<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let key = store.key("edge");
    for (edge, deltas) in [(i64::MAX, [1, i64::MAX]), (i64::MIN, [-1, i64::MIN])] {
        store.write(&key, B::Raw::from_integer(edge), None).await?;
        for delta in deltas {
            assert_eq!(
                refused(store.increment(&key, delta, None).await),
                ErrorKind::Overflow,
                "{edge} and {delta}"
            );
            assert_eq!(integer(store, &key).await?, Some(edge));
        }
    }
    Ok(())
}

/// increment: every `i64` is a counter, and every `i64` a delta
pub async fn the_whole_range_can_be_counted<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [up, down] = ["up", "down"].map(|name| store.key(name));
    assert_eq!(store.increment(&up, i64::MAX, None).await?, i64::MAX);
    assert_eq!(store.increment(&up, i64::MIN, None).await?, -1);
    assert_eq!(store.increment(&down, i64::MIN, None).await?, i64::MIN);
    assert_eq!(store.increment(&down, i64::MAX, None).await?, -1);
    Ok(())
}

/// increment: a counter is read as an integer, and deleted like any value
pub async fn a_counter_is_read_and_deleted<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("counter");
    store.increment(&key, -12, None).await?;
    assert_eq!(integer(store, &key).await?, Some(-12));
    assert!(store.delete(&key).await?);
    assert_eq!(store.increment(&key, 1, None).await?, 1);
    Ok(())
}
