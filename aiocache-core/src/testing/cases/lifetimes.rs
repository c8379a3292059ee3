//! `write`: a value lives for its ttl.

use super::{Backend, DAY, Duration, Fixture, LONG, Result, Sample, assert_about};

/// write: a write replaces the ttl, by a longer or a shorter one
pub async fn a_write_replaces_the_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [longer, shorter] = ["longer", "shorter"].map(|name| store.key(name));
    let ttl = store.brief();
    store.put(&longer, 1, Some(ttl)).await?;
    store.put(&longer, 2, Some(LONG)).await?;
    store.put(&shorter, 1, Some(LONG)).await?;
    store.put(&shorter, 2, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&longer).await?, Some(2));
    assert_eq!(store.number(&shorter).await?, None);
    Ok(())
}

/// write: a write without a ttl takes the old one away
pub async fn a_write_without_a_ttl_takes_the_old_one_away<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let key = store.key("kept");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.put(&key, 2, None).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}

/// write: a value is there until its ttl has passed, less one grain at most
pub async fn a_value_is_there_until_its_ttl_has_passed<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let key = store.key("alive");
    let ttl = 3 * store.short();
    store.put(&key, 1, Some(ttl)).await?;
    // A server that counts in seconds loses one more when its clock takes two at once.
    let busy = store.slack(store.grain() + Duration::from_millis(500));
    store.pass(ttl - store.grain() - busy).await;
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// write: a value is gone when its ttl and one grain have passed
pub async fn a_value_is_gone_after_its_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("gone");
    let ttl = store.short();
    store.put(&key, 1, Some(ttl)).await?;
    assert_eq!(store.number(&key).await?, Some(1));
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, None);
    Ok(())
}

/// write: values with different ttls go each at its own time
pub async fn each_value_has_its_own_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let [first, second, third] = ["first", "second", "third"].map(|name| store.key(name));
    let ttl = store.short();
    store.put(&first, 1, Some(ttl)).await?;
    store.put(&second, 2, Some(3 * ttl)).await?;
    store.put(&third, 3, None).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&first).await?, None);
    assert_eq!(store.number(&second).await?, Some(2));
    store.outlive(2 * ttl).await;
    assert_eq!(store.number(&second).await?, None);
    assert_eq!(store.number(&third).await?, Some(3));
    Ok(())
}

/// write: a value written over an expired one lives for its own ttl
pub async fn a_value_over_an_expired_one_lives<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("renewed");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.outlive(ttl).await;
    store.put(&key, 2, Some(LONG)).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}

/// write: a ttl of 30 days or more is a time from now like any other
pub async fn months_and_years_are_kept<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    // memcached reads more than 30 days in seconds as a date of 1970 (protocol.txt).
    let ttls = [30 * DAY, 30 * DAY + Duration::from_secs(1), 3650 * DAY];
    let keys = store.keys(3);
    for (key, ttl) in keys.iter().zip(ttls) {
        store.put(key, 1, Some(ttl)).await?;
        assert_eq!(store.number(key).await?, Some(1), "with a ttl of {ttl:?}");
        if store.capabilities().remaining_ttl {
            assert_about(store, store.ttl(key).await?, ttl);
        }
    }
    if store.stops_the_clock() {
        store.pass(30 * DAY - Duration::from_secs(1)).await;
        assert_eq!(store.number(&keys[0]).await?, Some(1));
        store.outlive(Duration::from_secs(2)).await;
        assert_eq!(store.number(&keys[0]).await?, None);
        assert_eq!(store.number(&keys[2]).await?, Some(1));
    }
    Ok(())
}

/// write: the longest `Duration` is a ttl, and as good as for ever
pub async fn the_longest_duration_is_a_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("longest");
    let ttl = store.brief();
    store.put(&key, 1, Some(Duration::MAX)).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// write: a ttl finer than the grain is rounded up, neither refused nor for ever
pub async fn a_ttl_finer_than_the_grain_is_rounded_up<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let key = store.key("fine");
    for ttl in [Duration::from_nanos(1), store.grain() * 3 / 2] {
        store.put(&key, 1, Some(ttl)).await?;
        store.outlive(ttl.max(store.grain())).await;
        assert_eq!(store.number(&key).await?, None, "with a ttl of {ttl:?}");
    }
    Ok(())
}
