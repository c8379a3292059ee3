//! `read`: what is there comes back as it was written.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{
    Backend, Fixture, LONG, Raw, Remaining, Result, Sample, Want, assert_about, begin_and_drop,
    remaining_on_read,
};

/// read: a missing key is `None`, and `f` does not run
pub async fn a_missing_key_is_none<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let runs = AtomicU32::new(0);
    let count = |_: crate::Entry<'_, B::Raw>| runs.fetch_add(1, Ordering::Relaxed);
    let answer = store.read(&store.key("missing"), Want::VALUE, count).await?;
    assert_eq!((answer, runs.into_inner()), (None, 0));
    Ok(())
}

/// read: `f` runs once for a hit, and what it returns is the answer
pub async fn a_hit_answers_what_f_returns<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("hit");
    store.put(&key, 1, None).await?;
    let runs = AtomicU32::new(0);
    let answer = store
        .read(&key, Want::VALUE, |_| {
            runs.fetch_add(1, Ordering::Relaxed);
            "an answer"
        })
        .await?;
    assert_eq!((answer, runs.into_inner()), (Some("an answer"), 1));
    Ok(())
}

/// read: a value that was written is handed over as it was written
pub async fn a_written_value_is_read_as_it_was_written<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let key = store.key("round trip");
    let key = key.replace(' ', ".");
    for text in [
        "plain",
        "with spaces, \u{e9}\u{1f980} and \"quotes\"",
        "null",
        "7",
    ] {
        let raw = B::Raw::sample(text.as_bytes()).expect("every raw type of a suite can hold text");
        store.write(&key, raw, None).await?;
        let read = store.content(&key).await?;
        assert_eq!(read.as_deref(), Some(text.as_bytes()), "{text}");
    }
    Ok(())
}

/// read: a value with NUL, CR and LF in it, or one that is no text, is handed over as it was written
pub async fn control_characters_and_binary_survive<B: Backend<Raw: Sample>>(
    store: &Fixture<B>,
) -> Result<()> {
    let key = store.key("binary");
    let every_byte: Vec<u8> = (0..=255).collect();
    for content in [b"a\0b\r\nEND\r\n".as_slice(), b"\r\n", b"\0", &every_byte] {
        let Some(raw) = B::Raw::sample(content) else {
            assert!(!store.offers(false, "value that is no text"));
            continue;
        };
        store.write(&key, raw, None).await?;
        let read = store.content(&key).await?;
        assert!(read.as_deref() == Some(content), "{content:?} became {read:?}");
    }
    Ok(())
}

/// read: a value of 1 MiB, or the largest that the store takes, is handed over as it was written
pub async fn a_large_value_survives<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    const MEBIBYTE: usize = 1 << 20;
    let size = store
        .capabilities()
        .max_value_bytes
        .map_or(MEBIBYTE, |most| most.min(MEBIBYTE));
    let content: Vec<u8> = (b'a'..=b'z').cycle().take(size).collect();
    let key = store.key("large");
    let raw = B::Raw::sample(&content).expect("every raw type of a suite can hold text");
    store.write(&key, raw, None).await?;
    let read = store.content(&key).await?;
    assert_eq!(read.as_ref().map(Vec::len), Some(size));
    assert!(read == Some(content), "the bytes differ");
    Ok(())
}

/// read: a read takes nothing away
pub async fn a_value_can_be_read_again<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("again");
    store.put(&key, 1, Some(LONG)).await?;
    for _ in 0..3 {
        assert_eq!(store.number(&key).await?, Some(1));
    }
    Ok(())
}

/// read: an expired value is a miss
pub async fn an_expired_value_is_a_miss<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let key = store.key("expired");
    let ttl = store.brief();
    store.put(&key, 1, Some(ttl)).await?;
    store.outlive(ttl).await;
    assert_eq!(store.number(&key).await?, None);
    Ok(())
}

/// read: the remaining ttl is handed over where it is wanted and the store can tell it
pub async fn a_read_tells_the_remaining_ttl<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_remaining_ttl() {
        return Ok(());
    }
    let key = store.key("remaining");
    store.put(&key, 1, Some(LONG)).await?;
    let remaining = remaining_on_read(store, &key).await?;
    assert_about(store, remaining.expect("it was wanted"), LONG);
    Ok(())
}

/// read: the remaining ttl of a value without one is `Never`
pub async fn a_read_tells_that_a_value_stays<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    if !store.offers_remaining_ttl() {
        return Ok(());
    }
    let key = store.key("stays");
    store.put(&key, 1, None).await?;
    assert_eq!(remaining_on_read(store, &key).await?, Some(Remaining::Never));
    Ok(())
}

/// read: a read that is dropped half way does not disturb the next command
pub async fn a_dropped_read_does_no_harm<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let keys = store.keys(2);
    store.put(&keys[0], 0, None).await?;
    store.put(&keys[1], 1, None).await?;
    for round in 0..50 {
        begin_and_drop(store.number(&keys[0]), round).await;
        assert_eq!(store.number(&keys[1]).await?, Some(1), "in round {round}");
    }
    Ok(())
}

/// read_now: a store that answers at once answers as `read` does
pub async fn an_answer_at_once_is_that_of_a_read<B: Backend<Raw: Sample>>(store: &Fixture<B>) -> Result<()> {
    let (there, missing, gone) = (store.key("there"), store.key("missing"), store.key("gone"));
    store.put(&there, 7, Some(LONG)).await?;
    store.put(&gone, 7, Some(LONG)).await?;
    store.delete(&gone).await?;
    for key in [&there, &missing, &gone] {
        let Some(at_once) = store.read_now(key, |entry| entry.raw.integer()) else {
            // It has to be asked with `read`.
            continue;
        };
        let read = store.read(key, Want::VALUE, |entry| entry.raw.integer()).await?;
        assert_eq!(at_once?, read);
    }
    Ok(())
}
