use std::rc::Rc;

use proptest::prelude::*;
use serde::ser::{Error, Serialize, SerializeTuple, Serializer};

use super::super::escape_namespace;
use super::*;
use crate::backend::KeyRule;

const MEMCACHED: KeyRule = KeyRule::VisibleAscii { max_bytes: 250 };

fn key(prefix: &str, bare: &str) -> KeyBuf {
    let mut key = KeyBuf::with_prefix(prefix);
    key.__text(bare);
    key
}

#[test]
fn a_key_is_its_namespace_and_the_rest() {
    let with = key("users:", "f(1)");
    assert_eq!(
        (with.as_str(), with.namespace(), with.bare()),
        ("users:f(1)", "users", "f(1)")
    );

    let verbatim = key("app:users:", "f(1)");
    assert_eq!((verbatim.namespace(), verbatim.bare()), ("app:users", "f(1)"));

    let without = key("", "a:b");
    assert_eq!(
        (without.as_str(), without.namespace(), without.bare()),
        ("a:b", "", "a:b")
    );
}

#[test]
fn a_key_builder_of_the_handle_replaces_the_bare_key_or_the_whole() {
    let mut custom = key("users:", "f(1)");
    custom.replace_bare("g");
    assert_eq!(
        (custom.as_str(), custom.namespace(), custom.bare()),
        ("users:g", "users", "g")
    );
    custom.set_text("whole");
    assert_eq!(
        (custom.as_str(), custom.namespace(), custom.bare()),
        ("whole", "", "whole")
    );
}

#[test]
fn a_key_that_fits_stays() {
    let mut fitting = key("users:", "f(1)");
    assert!(!fitting.fit(MEMCACHED));
    assert!(!fitting.fit(KeyRule::Any));
    assert_eq!((fitting.as_str(), fitting.namespace()), ("users:f(1)", "users"));
}

#[test]
fn a_key_that_does_not_fit_keeps_a_namespace_that_does() {
    let mut long = key("users:", &"x".repeat(300));
    let plain = super::super::fit_key(long.as_str(), MEMCACHED);
    assert!(long.fit(MEMCACHED));
    assert_eq!(Some(long.as_str()), plain.as_deref());
    assert_eq!(long.namespace(), "users");
    assert_eq!(long.as_str().len(), 97);

    let mut longer = key(&format!("{}:", "n".repeat(64)), "a b");
    assert!(longer.fit(MEMCACHED));
    assert_eq!(longer.namespace(), "");
    assert_eq!(longer.bare(), longer.as_str());
}

#[test]
fn debug_shows_the_length_only() {
    assert_eq!(format!("{:?}", key("users:", "secret")), "KeyBuf(12 bytes)");
}

#[test]
fn a_key_can_be_used_from_any_thread() {
    fn sent<T: Send + Sync + 'static>() {}
    sent::<KeyBuf>();
}

#[test]
fn a_key_takes_little_more_than_its_text() {
    assert!(size_of::<KeyBuf>() <= 168, "{}", size_of::<KeyBuf>());
}

struct Refuses;

impl Serialize for Refuses {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom("no"))
    }
}

/// Goes on as if nothing had happened.
struct Swallows;

impl Serialize for Swallows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(2)?;
        let _ = tuple.serialize_element(&(1, Refuses));
        tuple.serialize_element(&2)?;
        tuple.end()
    }
}

#[test]
fn a_key_fails_if_a_part_cannot_be_written() {
    fn fails<T: KeyArg>(value: T) -> [bool; 2] {
        let (mut call, mut template) = (key("", ""), key("", ""));
        call.__open();
        call.__arg(&value);
        call.__arg(&1);
        call.__end();
        template.__field(&value, ":");
        [call.is_failed(), template.is_failed()]
    }
    assert_eq!(fails(1), [false, false]);
    assert_eq!(fails(Refuses), [true, true]);
    assert_eq!(fails(Some((1, [Refuses]))), [true, true]);
    assert_eq!(fails(Swallows), [true, true]);
    assert_eq!(fails(std::sync::Mutex::new(1)), [false, false]);
}

/// A chain of owners, `depth` deep.
enum Chain {
    End,
    Some(Rc<Self>),
    Newtype(Rc<Self>),
    Seq(Rc<Self>),
}

impl Serialize for Chain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::End => serializer.serialize_unit(),
            Self::Some(inner) => serializer.serialize_some(&**inner),
            Self::Newtype(inner) => serializer.serialize_newtype_struct("Newtype", &**inner),
            Self::Seq(inner) => serializer.collect_seq([&**inner]),
        }
    }
}

#[test]
fn values_nest_128_deep_and_no_deeper() {
    for link in [Chain::Some, Chain::Newtype, Chain::Seq] {
        for (depth, failed) in [(128, false), (129, true), (100_000, true)] {
            let mut chain = Rc::new(Chain::End);
            let mut all = vec![Rc::clone(&chain)];
            for _ in 0..depth {
                chain = Rc::new(link(chain));
                all.push(Rc::clone(&chain));
            }
            let mut nested = key("", "");
            nested.__arg(&*chain);
            assert_eq!(nested.is_failed(), failed, "{depth}");
            // From the outermost on, so that dropping them does not recurse.
            drop(chain);
            while all.pop().is_some() {}
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(&[':', '%', '2', '5', '3', 'A', 'a', ' '][..]),
        0..6,
    )
    .prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn two_pairs_of_namespace_and_key_never_meet(a in text(), b in text(), c in text(), d in text()) {
        let one = key(&format!("{}:", escape_namespace(&a)), &b);
        let other = key(&format!("{}:", escape_namespace(&c)), &d);
        prop_assert_eq!(one.as_str() == other.as_str(), (&a, &b) == (&c, &d));
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_a_store_cannot_hold_becomes_what_it_can(prefix in text(), bare in "\\PC{0,300}|[!-~]{0,300}") {
        let mut fitting = key(&prefix, &bare);
        let before = fitting.as_str().to_owned();
        let replaced = fitting.fit(MEMCACHED);
        prop_assert_eq!(replaced, fitting.as_str() != before);
        prop_assert!((1..=250).contains(&fitting.as_str().len()));
        prop_assert!(fitting.as_str().bytes().all(|byte| (0x21..=0x7e).contains(&byte)));
    }
}
