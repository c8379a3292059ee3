//! Keys that a store cannot hold.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::small::SmallText;
use crate::backend::KeyRule;

/// How many bytes of a replaced key stay readable.
const READABLE: usize = 64;
/// How many bytes of SHA-256 stand in for the rest.
const HASHED: usize = 16;
/// `#` and the hash in hexadecimal digits.
const TAIL: usize = 1 + 2 * HASHED;

/// What `key` is replaced by where `rule` forbids it; `None` where it can stay.
///
/// The first 64 bytes (invalid ones as `_`), `#` and 32 hex digits of SHA-256 over the whole key: the same in every
/// release. A store with keys shorter than those 97 bytes keeps fewer readable ones.
#[cfg(test)]
pub(crate) fn fit_key(key: &str, rule: KeyRule) -> Option<String> {
    replacement(key, rule).map(|fitting| fitting.as_str().to_owned())
}

/// [`fit_key`], without allocating.
pub(super) fn replacement(key: &str, rule: KeyRule) -> Option<SmallText> {
    match rule {
        KeyRule::Any => None,
        KeyRule::VisibleAscii { max_bytes } => {
            // No protocol of visible keys has a way to send an empty one.
            let fits =
                (1..=max_bytes).contains(&key.len()) && key.bytes().all(is_visible) && !looks_replaced(key);
            (!fits).then(|| hashed(key, readable(rule)))
        }
    }
}

/// How many bytes of a replaced key stay readable under `rule`.
pub(super) fn readable(rule: KeyRule) -> usize {
    match rule {
        KeyRule::Any => READABLE,
        KeyRule::VisibleAscii { max_bytes } => READABLE.min(max_bytes.saturating_sub(TAIL)),
    }
}

fn is_visible(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e)
}

/// Whether `key` could be the replacement of another, which it must then not meet.
fn looks_replaced(key: &str) -> bool {
    key.len() <= READABLE + TAIL
        && key.rsplit_once('#').is_some_and(|(_, hash)| {
            hash.len() == 2 * HASHED && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        })
}

fn hashed(key: &str, readable: usize) -> SmallText {
    let mut fitting = SmallText::new();
    for byte in key.bytes().take(readable) {
        fitting.push(if is_visible(byte) { char::from(byte) } else { '_' });
    }
    fitting.push('#');
    for byte in &Sha256::digest(key.as_bytes())[..HASHED] {
        // A SmallText takes every text, so its writing never fails.
        let _ = write!(fitting, "{byte:02x}");
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMCACHED: KeyRule = KeyRule::VisibleAscii { max_bytes: 250 };

    #[test]
    fn a_store_that_holds_any_text_gets_every_key_as_it_is() {
        for key in ["", "a b", &"x".repeat(10_000)] {
            assert_eq!(fit_key(key, KeyRule::Any), None);
        }
    }

    #[test]
    fn a_visible_key_stays_up_to_the_last_byte_allowed() {
        assert_eq!(fit_key("users:f(1,\"a\")", MEMCACHED), None);
        assert_eq!(fit_key(&"x".repeat(250), MEMCACHED), None);

        let expected = format!("{}#90d738c31c5ee1241cbcd2ff3d4aa125", "x".repeat(64));
        assert_eq!(fit_key(&"x".repeat(251), MEMCACHED), Some(expected));
    }

    #[test]
    fn a_key_with_invisible_bytes_is_hashed_and_stays_readable() {
        assert_eq!(
            fit_key("user 1", MEMCACHED).as_deref(),
            Some("user_1#2bb58a1920016a8b222379b2ba7d5229")
        );
        assert_eq!(
            fit_key("größe\n", MEMCACHED).as_deref(),
            Some("gr____e_#80509adb883cb2f4aac2f5ec0461503f")
        );
    }

    #[test]
    fn an_empty_key_is_hashed() {
        assert_eq!(
            fit_key("", MEMCACHED).as_deref(),
            Some("#e3b0c44298fc1c149afbf4c8996fb924")
        );
    }

    #[test]
    fn the_readable_part_may_end_inside_a_character() {
        let key = format!("{}ö", "x".repeat(63));
        let replaced = fit_key(&key, MEMCACHED).expect("a key that is not ASCII is replaced");
        assert!(
            replaced.starts_with(&format!("{}_#", "x".repeat(63))),
            "{replaced}"
        );
        assert_eq!(replaced.len(), 97);
    }

    #[test]
    fn a_valid_key_that_looks_replaced_is_hashed_too() {
        let stolen = fit_key("user 1", MEMCACHED).expect("a key with a space is replaced");
        let again = fit_key(&stolen, MEMCACHED).expect("a key that looks replaced is replaced");
        assert_ne!(again, stolen);
        assert!(again.starts_with(&format!("{stolen}#")), "{again}");

        let digits = "0123456789abcdef".repeat(2);
        assert!(fit_key(&format!("#{digits}"), MEMCACHED).is_some());
        assert!(fit_key(&format!("{}#{digits}", "x".repeat(64)), MEMCACHED).is_some());
        assert_eq!(fit_key(&format!("{}#{digits}", "x".repeat(65)), MEMCACHED), None);
        assert_eq!(fit_key(&format!("a#{}", digits.to_uppercase()), MEMCACHED), None);
        assert_eq!(fit_key(&format!("a#{}", &digits[1..]), MEMCACHED), None);
    }

    #[test]
    fn a_store_with_short_keys_gets_short_keys() {
        let rule = KeyRule::VisibleAscii { max_bytes: 40 };
        let replaced = fit_key(&"x".repeat(41), rule).expect("an overlong key is replaced");
        assert_eq!(replaced.len(), 40);
        assert!(replaced.starts_with("xxxxxxx#"), "{replaced}");
    }
}
