//! Different inputs have different keys.

use std::collections::{BTreeMap, HashMap, HashSet};

use aiocache_core::{KeyArg, KeyBuf};
use proptest::prelude::*;
use serde::ser::{SerializeMap, SerializeTuple};
use serde::{Serialize, Serializer};

/// Any shape a value can have for serde, told apart by its content alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Unit,
    Bool(bool),
    Int(i64),
    Big(u128),
    /// By bits: a NaN equals itself, and the two zeros differ.
    Float(u64),
    Text(String),
    Bytes(Vec<u8>),
    Option(Option<Box<Self>>),
    Seq(Vec<Self>),
    /// Two or more, as `()` is the unit.
    Tuple(Vec<Self>),
    Map(BTreeMap<Self, Self>),
    Variant(Box<Variant>),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
enum Variant {
    Plain,
    #[serde(rename = "Plain,Plain")]
    Odd,
    Newtype(Value),
    Tuple(Value, Value),
    Struct {
        left: Value,
        right: Value,
    },
    #[serde(rename = "Struct")]
    Imitation {
        #[serde(rename = "left:1,right")]
        both: Value,
    },
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unit => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Big(value) => serializer.serialize_u128(*value),
            Self::Float(bits) => serializer.serialize_f64(f64::from_bits(*bits)),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Option(value) => value.serialize(serializer),
            Self::Seq(values) => serializer.collect_seq(values),
            Self::Tuple(values) => {
                let mut tuple = serializer.serialize_tuple(values.len())?;
                for value in values {
                    tuple.serialize_element(value)?;
                }
                tuple.end()
            }
            Self::Map(entries) => {
                // Backwards, so that the order of the text is not the one it is given in.
                let mut map = serializer.serialize_map(None)?;
                for (key, value) in entries.iter().rev() {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Self::Variant(variant) => variant.serialize(serializer),
        }
    }
}

/// Few characters, all of which mean something somewhere.
fn text() -> impl Strategy<Value = String> {
    const CHARACTERS: &[char] = &[
        'a', 'b', '1', ',', ':', '(', ')', '[', '{', '"', '\\', '%', '3', 'A', ' ', '\n', 'u', '\u{85}', 'ü',
        '-',
    ];
    prop::collection::vec(prop::sample::select(CHARACTERS), 0..5).prop_map(String::from_iter)
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Unit),
        any::<bool>().prop_map(Value::Bool),
        (-12_i64..12).prop_map(Value::Int),
        any::<i64>().prop_map(Value::Int),
        (u128::from(u64::MAX)..).prop_map(Value::Big),
        any::<u64>().prop_map(Value::Float),
        (-3_i8..3).prop_map(|n| Value::Float(f64::from(n).to_bits())),
        text().prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..3).prop_map(Value::Bytes),
        Just(Value::Option(None)),
        Just(Value::Variant(Box::new(Variant::Plain))),
        Just(Value::Variant(Box::new(Variant::Odd))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let pair = (inner.clone(), inner.clone());
        prop_oneof![
            inner
                .clone()
                .prop_map(|value| Value::Option(Some(Box::new(value)))),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Seq),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Value::Tuple),
            prop::collection::btree_map(inner.clone(), inner.clone(), 0..4).prop_map(Value::Map),
            inner.prop_map(|value| Value::Variant(Box::new(Variant::Newtype(value)))),
            pair.clone()
                .prop_map(|(a, b)| Value::Variant(Box::new(Variant::Tuple(a, b)))),
            pair.prop_map(|(left, right)| Value::Variant(Box::new(Variant::Struct { left, right }))),
        ]
    })
}

fn call(prefix: &str, arguments: &[&dyn Fn(&mut KeyBuf)]) -> String {
    let mut key = KeyBuf::with_prefix(prefix);
    key.__open();
    for argument in arguments {
        argument(&mut key);
    }
    key.__end();
    assert!(!key.is_failed());
    key.as_str().to_owned()
}

fn call_of<A: KeyArg, B: KeyArg>(a: &A, b: &B) -> String {
    call("", &[&|key| key.__arg(a), &|key| key.__arg(b)])
}

/// `{a}:{b}`
fn template(a: &str, b: &str) -> String {
    let mut key = KeyBuf::with_prefix("");
    key.__field(a, ":");
    key.__text(":");
    key.__field(b, ":");
    key.as_str().to_owned()
}

proptest! {
    // All pairs of each 48 values: 112 800 pairs.
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn two_values_have_one_text_only_if_they_are_equal(values in prop::collection::vec(value(), 48)) {
        let texts: Vec<String> = values.iter().map(|value| call_of(value, &1)).collect();
        for (at, (a, text)) in values.iter().zip(&texts).enumerate() {
            for (b, other) in values.iter().zip(&texts).skip(at + 1) {
                prop_assert_eq!(text == other, a == b, "{:?} and {:?}: {} and {}", a, b, text, other);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50))]

    #[test]
    fn two_pairs_of_values_have_one_text_only_if_they_are_equal(
        values in prop::collection::vec((value(), value()), 48),
    ) {
        let texts: Vec<String> = values.iter().map(|(a, b)| call_of(a, b)).collect();
        for (at, (pair, text)) in values.iter().zip(&texts).enumerate() {
            for (other_pair, other) in values.iter().zip(&texts).skip(at + 1) {
                prop_assert_eq!(text == other, pair == other_pair, "{} and {}", text, other);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100_000))]

    #[test]
    fn template_fields_never_meet(a in text(), b in text(), c in text(), d in text()) {
        prop_assert_eq!(template(&a, &b) == template(&c, &d), (&a, &b) == (&c, &d));
    }

    #[test]
    fn text_arguments_never_meet(a in text(), b in text(), c in text(), d in text()) {
        prop_assert_eq!(call_of(&a, &b) == call_of(&c, &d), (&a, &b) == (&c, &d));
    }
}

/// Every text of up to `len` of the characters.
fn short_texts(characters: &str, len: usize) -> Vec<String> {
    let mut texts = vec![String::new()];
    let mut longest = texts.clone();
    for _ in 0..len {
        longest = longest
            .iter()
            .flat_map(|text| characters.chars().map(move |c| format!("{text}{c}")))
            .collect();
        texts.extend(longest.iter().cloned());
    }
    texts
}

fn assert_all_differ(texts: &[String], key: impl Fn(&str, &str) -> String) {
    let mut seen = HashSet::with_capacity(texts.len() * texts.len());
    for a in texts {
        for b in texts {
            let key = key(a, b);
            assert!(
                !seen.contains(&key),
                "{a:?} and {b:?} meet another pair in {key:?}"
            );
            seen.insert(key);
        }
    }
}

/// ASCII that ends or escapes something, and some that does not.
const SPECIAL: &str = "\0\n \"%'(),-1:3A[\\]a{}~";

#[test]
fn no_two_pairs_of_short_texts_meet_in_a_template() {
    assert_all_differ(&short_texts(SPECIAL, 2), template);
    // Long enough for a field that looks like another's escape.
    assert_all_differ(&short_texts(":%3A", 4), template);
}

#[test]
fn no_two_pairs_of_short_texts_meet_in_a_call() {
    let call = |a: &str, b: &str| call_of(&a, &b);
    assert_all_differ(&short_texts(SPECIAL, 2), call);
    assert_all_differ(&short_texts("\n\\\"n,", 3), call);
}

#[test]
fn no_two_of_all_texts_that_look_like_an_escape_meet() {
    let parts = ["\\", "u", "{85}", "\u{85}", "{0}", "\0", "\"", "n"];
    let mut seen = HashMap::new();
    for a in parts {
        for b in parts {
            for c in parts {
                let text = format!("{a}{b}{c}");
                let other = seen.insert(call_of(&text, &1), text.clone());
                assert!(
                    other.as_ref().is_none_or(|other| *other == text),
                    "{text:?} and {other:?}"
                );
            }
        }
    }
}

/// Values made of one or two of `parts`, in every way.
fn composed(parts: &[Value]) -> Vec<Value> {
    let variant = |variant| Value::Variant(Box::new(variant));
    let mut values = vec![Value::Seq(vec![]), Value::Map(BTreeMap::new())];
    for a in parts {
        values.extend([
            Value::Option(Some(Box::new(a.clone()))),
            Value::Seq(vec![a.clone()]),
            variant(Variant::Newtype(a.clone())),
            variant(Variant::Imitation { both: a.clone() }),
        ]);
        for b in parts {
            let (a, b) = (a.clone(), b.clone());
            values.extend([
                Value::Seq(vec![a.clone(), b.clone()]),
                Value::Tuple(vec![a.clone(), b.clone()]),
                Value::Map(BTreeMap::from([(a.clone(), b.clone())])),
                variant(Variant::Tuple(a.clone(), b.clone())),
                variant(Variant::Struct { left: a, right: b }),
            ]);
        }
    }
    values
}

#[test]
fn no_two_of_all_small_values_meet() {
    let leaves = [
        Value::Unit,
        Value::Bool(true),
        Value::Int(1),
        Value::Float(1.0_f64.to_bits()),
        Value::Float((-0.0_f64).to_bits()),
        Value::Float(0.0_f64.to_bits()),
        Value::Text(String::new()),
        Value::Text(",".into()),
        Value::Text("1".into()),
        Value::Bytes(vec![1]),
        Value::Option(None),
        Value::Variant(Box::new(Variant::Plain)),
        Value::Variant(Box::new(Variant::Odd)),
    ];
    let mut values = leaves.to_vec();
    values.extend(composed(&leaves));
    // Few leaves, so that all pairs of what they compose stay countable.
    values.extend(composed(&composed(&leaves[2..4])));
    values.extend(composed(&composed(&leaves[11..])));

    let mut seen: HashMap<String, &Value> = HashMap::new();
    for value in &values {
        let text = call_of(value, &1);
        if let Some(other) = seen.insert(text.clone(), value) {
            assert_eq!(other, value, "both are {text}");
        }
    }
}

#[test]
fn no_two_pairs_of_single_ascii_characters_meet() {
    let singles: Vec<String> = (0..128_u8).map(|byte| char::from(byte).to_string()).collect();
    assert_all_differ(&singles, template);
    assert_all_differ(&singles, |a, b| call_of(&a, &b));
}

#[test]
fn maps_and_sets_have_one_text_in_every_order_of_insertion() {
    for count in [2_u64, 8, 40, 300] {
        let forwards: HashMap<u64, u64> = (0..count).map(|n| (n, n * n)).collect();
        let backwards: HashMap<u64, u64> = (0..count).rev().map(|n| (n, n * n)).collect();
        let ordered: BTreeMap<u64, u64> = (0..count).map(|n| (n, n * n)).collect();
        assert_eq!(call_of(&forwards, &1), call_of(&backwards, &1));
        assert_eq!(call_of(&forwards, &1), call_of(&ordered, &1));

        let forwards: HashSet<u64> = (0..count).collect();
        let backwards: HashSet<u64> = (0..count).rev().collect();
        let probe = KeyBuf::with_prefix("");
        assert_eq!(
            call_of(&*probe.__of(&forwards).__view(), &1),
            call_of(&*probe.__of(&backwards).__view(), &1)
        );
    }
}
