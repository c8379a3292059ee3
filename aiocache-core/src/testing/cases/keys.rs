//! Keys: any that the store can hold, and none for another.

use super::{Backend, ErrorKind, Fixture, Result, Sample, Want, refused};
use crate::backend::KeyRule;

/// write: keys that differ by case, by a character at the end or by its place are different keys
pub async fn keys_that_look_alike_are_kept_apart<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = [
        "user:1", "User:1", "user:10", "user:1:", "user1:", "user::1", "user_1",
    ];
    let keys = keys.map(|name| store.key(name));
    for (n, key) in (0u32..).zip(&keys) {
        store.put(key, n, None).await?;
    }
    for (n, key) in (0u32..).zip(&keys) {
        assert_eq!(store.number(key).await?, Some(n), "{key}");
    }
    Ok(())
}

/// write: a key may have every visible ASCII character
pub async fn every_visible_character_can_be_in_a_key<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let keys: Vec<_> = ('!'..='~')
        .map(|letter| store.key(&format!("{letter}.")))
        .collect();
    for (n, key) in (0u32..).zip(&keys) {
        store.put(key, n, None).await?;
    }
    for (n, key) in (0u32..).zip(&keys) {
        assert_eq!(store.number(key).await?, Some(n), "{key}");
    }
    Ok(())
}

/// write: a key may have spaces, control characters and text of every language where the store takes any text
pub async fn any_text_can_be_a_key<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers(store.capabilities().keys == KeyRule::Any, "keys of any text") {
        return Ok(());
    }
    let keys = [
        "a b",
        "a_b",
        "a+b",
        "a%20b",
        "a  b",
        "a b ",
        "%20",
        "caf\u{e9}",
        "cafe\u{301}",
        "\u{1f980}",
        "a\r\nb",
        "a\0b",
        "\t",
    ];
    let keys = keys.map(|name| store.key(name));
    for (n, key) in (0u32..).zip(&keys) {
        store.put(key, n, None).await?;
    }
    for (n, key) in (0u32..).zip(&keys) {
        assert_eq!(store.number(key).await?, Some(n), "{key:?}");
    }
    Ok(())
}

/// write: a key may have 200 bytes, and all of them count
pub async fn all_of_a_long_key_counts<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let stem = format!("{:x<199}", store.key("long."));
    let keys = ["a", "b"].map(|last| format!("{stem}{last}"));
    store.put(&keys[0], 0, None).await?;
    assert_eq!(store.number(&keys[1]).await?, None);
    store.put(&keys[1], 1, None).await?;
    assert_eq!(store.number(&keys[0]).await?, Some(0));
    Ok(())
}

/// write: a key that breaks the stated rule is `InvalidKey` in every command, and no other key is touched
pub async fn a_key_against_the_rule_is_refused<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let KeyRule::VisibleAscii { max_bytes } = store.capabilities().keys else {
        assert!(!store.offers(false, "rule for keys"));
        return Ok(());
    };
    let victim = store.key("victim");
    store.put(&victim, 1, None).await?;
    let long = format!("{:x<width$}", store.key("long."), width = max_bytes + 1);
    let injected = store.key(&format!("a\r\ndelete {victim}\r\n"));
    for key in [
        &long,
        &injected,
        &store.key("a b"),
        &store.key("caf\u{e9}"),
        &store.key("\0"),
    ] {
        let read = store.read(key, Want::VALUE, |_| ()).await;
        let read_many = store.read_many(&[&victim, key], Want::VALUE, |_, _| ()).await;
        let kinds = [
            refused(store.put(key, 2, None).await),
            refused(read),
            refused(read_many),
            refused(store.add(key, store.value(2), None).await),
            refused(store.increment(key, 1, None).await),
            refused(store.delete(key).await),
            refused(store.exists(key).await),
            refused(store.expire(key, None).await),
            refused(store.write_many(vec![(key, store.value(2))], None).await),
            refused(store.delete_many(&[key]).await),
        ];
        assert_eq!(kinds, [ErrorKind::InvalidKey; 10], "{key:?}");
        assert_eq!(store.number(&victim).await?, Some(1), "after {key:?}");
    }
    Ok(())
}
