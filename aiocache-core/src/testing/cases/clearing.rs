//! `clear` and `clear_all`: everything with a prefix, and nothing else.

use super::{Backend, ErrorKind, Fixture, LONG, Result, Sample, refused, strs};
use crate::backend::KeyRule;

/// Writes a value under each of `gone` and `stay`, clears `prefix`, and looks.
async fn assert_clears<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
    prefix: &str,
    gone: &[&str],
    stay: &[&str],
) -> Result<()> {
    let keys = |names: &[&str]| names.iter().map(|name| store.key(name)).collect::<Vec<_>>();
    let (gone, stay) = (keys(gone), keys(stay));
    for key in gone.iter().chain(&stay) {
        store.put(key, 1, Some(LONG)).await?;
    }
    store.clear(&store.key(prefix)).await?;
    for key in &gone {
        assert!(!store.exists(key).await?, "{key} survived a clear of {prefix}");
    }
    for key in &stay {
        assert!(store.exists(key).await?, "{key} fell to a clear of {prefix}");
    }
    Ok(())
}

/// clear: every key with the prefix goes, and no other
pub async fn only_keys_with_the_prefix_go<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_clear() {
        return Ok(());
    }
    let gone = ["app:", "app:1", "app:2:x", "app:app2:1"];
    let stay = ["app", "app2:1", "ap:1", "my.app:1", "other"];
    assert_clears(store, "app:", &gone, &stay).await
}

/// clear: upper and lower case are different
pub async fn a_prefix_has_its_case<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_clear() {
        return Ok(());
    }
    assert_clears(store, "app:", &["app:1"], &["App:1", "APP:1"]).await
}

/// clear: characters with a meaning in patterns are taken literally
pub async fn pattern_characters_are_literal<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_clear() {
        return Ok(());
    }
    let rows: [(&str, &[&str], &[&str]); 8] = [
        ("a*", &["a*", "a*1"], &["a", "ab", "abc:1"]),
        ("b?:", &["b?:1"], &["b1:1", "b:1"]),
        ("c[12]:", &["c[12]:1"], &["c1:1", "c2:1", "c[1]:1"]),
        ("d[^1]:", &["d[^1]:1"], &["d2:1", "d^:1"]),
        ("e[a-c]:", &["e[a-c]:1"], &["eb:1", "e-:1"]),
        ("f\\*:", &["f\\*:1"], &["f*:1", "f\\x:1"]),
        ("g%_:", &["g%_:1"], &["gx_:1", "g%x:1"]),
        ("h.{1}", &["h.{1}:1"], &["hx1", "h1"]),
    ];
    let any = store.capabilities().clear_any_prefix;
    for (prefix, gone, stay) in rows {
        if !any && !prefix.ends_with(':') {
            continue;
        }
        assert_clears(store, prefix, gone, stay).await?;
    }
    Ok(())
}

/// clear: a prefix may be any text where a key may
pub async fn a_prefix_may_be_any_text<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let any = store.capabilities().keys == KeyRule::Any;
    if !store.offers_clear() || !store.offers(any, "keys of any text") {
        return Ok(());
    }
    assert_clears(
        store,
        "caf\u{e9} \n:",
        &["caf\u{e9} \n:1"],
        &["cafe \n:1", "caf\u{e8} \n:1"],
    )
    .await
}

/// clear: all keys go, however many there are
pub async fn thousands_of_keys_go<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_clear() {
        return Ok(());
    }
    let keys: Vec<_> = (0..3000).map(|n| store.key(&format!("many:{n}"))).collect();
    let bystander = store.key("manyfold");
    for keys in keys.chunks(500) {
        let pairs = keys.iter().map(|key| (key.as_str(), store.value(1)));
        store.write_many(pairs.collect(), Some(LONG)).await?;
    }
    store.put(&bystander, 1, None).await?;
    store.clear(&store.key("many:")).await?;
    assert_eq!(store.delete_many(&strs(&keys)).await?, 0);
    assert_eq!(store.number(&bystander).await?, Some(1));
    Ok(())
}

/// clear: a prefix that no key has is no error
pub async fn clearing_nothing_is_no_error<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_clear() {
        return Ok(());
    }
    assert_clears(store, "nothing:", &[], &["something:1"]).await
}

/// clear: counters go too
pub async fn counters_are_cleared<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_clear() {
        return Ok(());
    }
    let key = store.key("app:counter");
    store.increment(&key, 5, None).await?;
    store.clear(&store.key("app:")).await?;
    assert_eq!(store.increment(&key, 1, None).await?, 1);
    Ok(())
}

/// clear: a value written after a clear stays for its own ttl
pub async fn a_value_after_a_clear_has_its_own_ttl<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.offers_clear() {
        return Ok(());
    }
    let key = store.key("app:1");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.clear(&store.key("app:")).await?;
    store.put(&key, 2, Some(LONG)).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}

/// clear: a store that cannot answers `Unsupported`, and keeps everything
pub async fn a_store_that_cannot_clear_says_so<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.lacks(store.capabilities().clear_namespace, "clear of a prefix") {
        return Ok(());
    }
    let key = store.key("app:1");
    store.put(&key, 1, None).await?;
    assert_eq!(
        refused(store.clear(&store.key("app:")).await),
        ErrorKind::Unsupported
    );
    assert_eq!(store.number(&key).await?, Some(1));
    Ok(())
}

/// clear_all: nothing is left
pub async fn nothing_is_left_after_clear_all<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_clear_all() {
        return Ok(());
    }
    let keys = store.keys(3);
    store.put(&keys[0], 0, None).await?;
    store.put(&keys[1], 1, Some(LONG)).await?;
    store.increment(&keys[2], 2, None).await?;
    store.clear_all().await?;
    for key in &keys {
        assert!(!store.exists(key).await?);
    }
    assert_eq!(store.delete_many(&strs(&keys)).await?, 0);
    Ok(())
}

/// clear_all: a value written after it stays for its own ttl
pub async fn a_value_after_clear_all_has_its_own_ttl<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    if !store.offers_clear_all() {
        return Ok(());
    }
    let key = store.key("new");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.clear_all().await?;
    store.put(&key, 2, Some(LONG)).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, Some(2));
    Ok(())
}
