//! The text of generated keys is public API: stores are shared by processes and releases. A change of a line here
//! empties every shared cache.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::Ipv4Addr;
use std::sync::Arc;

use aiocache_core::{KeyArg, KeyBuf};
use serde::{Serialize, Serializer};

/// The text of one argument.
fn arg<T: KeyArg + ?Sized>(value: &T) -> String {
    written(|key| key.__arg(value))
}

/// The text of one field of a template whose own text has `:` and `-`.
fn field<T: KeyArg + ?Sized>(value: &T) -> String {
    written(|key| key.__field(value, ":-"))
}

fn written(write: impl FnOnce(&mut KeyBuf)) -> String {
    let mut key = KeyBuf::with_prefix("ns:");
    key.__open();
    write(&mut key);
    assert!(!key.is_failed());
    key.as_str()["ns:(".len()..].to_owned()
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize, PartialEq, Eq, Hash, PartialOrd, Ord, Clone)]
struct Id(u64);

#[derive(Serialize)]
struct Name(String);

#[derive(Serialize)]
struct Pair(u8, &'static str);

#[derive(Serialize)]
struct Query {
    text: &'static str,
    page: u32,
    exact: bool,
    tags: Vec<&'static str>,
    #[serde(rename = "the limit")]
    limit: Option<u8>,
}

#[derive(Serialize)]
enum Shape {
    Point,
    Circle(f64),
    Line(u8, u8),
    Box {
        width: u8,
        height: u8,
    },
    #[serde(rename = "no-shape")]
    Nothing,
    #[serde(rename = "a,b")]
    Odd,
}

#[derive(Serialize)]
#[serde(tag = "kind")]
enum Tagged {
    Circle { radius: u8 },
}

struct Bytes(&'static [u8]);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

const QUERY: Query = Query {
    text: "a b",
    page: 2,
    exact: true,
    tags: Vec::new(),
    limit: Some(9),
};

macro_rules! golden {
    ($text:ident: $($value:expr => $expected:expr),* $(,)?) => {
        $( assert_eq!($text(&$value), $expected, "{}", stringify!($value)); )*
    };
}

#[test]
fn numbers_and_bools() {
    golden!(arg:
        true => "true",
        false => "false",
        0_u8 => "0",
        -128_i8 => "-128",
        65_535_u16 => "65535",
        -1_i32 => "-1",
        1_000_000_u32 => "1000000",
        u64::MAX => "18446744073709551615",
        i64::MIN => "-9223372036854775808",
        7_usize => "7",
        u128::MAX => "340282366920938463463374607431768211455",
        i128::MIN => "-170141183460469231731687303715884105728",
    );
}

#[test]
fn floats() {
    golden!(arg:
        0.0_f64 => "0.0",
        -0.0_f64 => "-0.0",
        1.0_f64 => "1.0",
        -2.5_f64 => "-2.5",
        0.1_f64 => "0.1",
        0.1_f32 => "0.1",
        f64::from(0.1_f32) => "0.10000000149011612",
        0.1 + 0.2 => "0.30000000000000004",
        1e16_f64 => "1e+16",
        1e-7_f64 => "1e-7",
        f64::MAX => "1.7976931348623157e+308",
        f64::MIN_POSITIVE => "2.2250738585072014e-308",
        5e-324_f64 => "5e-324",
        f32::MAX => "3.4028235e+38",
        f64::INFINITY => "inf",
        f32::NEG_INFINITY => "-inf",
        f64::from_bits(0x7ff8_0000_0000_0000) => "NaN(7ff8000000000000)",
        f64::from_bits(0xfff8_0000_0000_0001) => "NaN(fff8000000000001)",
        f32::from_bits(0x7fc0_0000) => "NaN(7fc00000)",
    );
}

#[test]
fn text_and_bytes() {
    golden!(arg:
        "" => r#""""#,
        "a b" => r#""a b""#,
        String::from("a,b)") => r#""a,b)""#,
        "say \"hi\"" => r#""say \"hi\"""#,
        r"C:\dir" => r#""C:\\dir""#,
        "1\n2\r3\t4" => r#""1\n2\r3\t4""#,
        "\0\u{1b}\u{7f}\u{85}" => r#""\u{0}\u{1b}\u{7f}\u{85}""#,
        "größe 日本 🦀" => r#""größe 日本 🦀""#,
        "%3A:" => r#""%3A:""#,
        'x' => r#""x""#,
        '"' => r#""\"""#,
        'ß' => r#""ß""#,
        Ipv4Addr::LOCALHOST => r#""127.0.0.1""#,
        Bytes(b"") => r#"x"""#,
        Bytes(b"\x00\xff a") => r#"x"00ff2061""#,
    );
}

#[test]
fn options_units_and_newtypes() {
    golden!(arg:
        () => "()",
        Unit => "()",
        None::<u8> => "None",
        Some(1) => "Some(1)",
        Some(None::<u8>) => "Some(None)",
        Some("None") => r#"Some("None")"#,
        Id(7) => "7",
        Name("a".into()) => r#""a""#,
        Box::new(7) => "7",
        &&7 => "7",
    );
}

#[test]
fn lists_tuples_structs_and_maps() {
    golden!(arg:
        Vec::<u8>::new() => "[]",
        vec![3, 1, 2] => "[3,1,2]",
        vec!["a,b", "c"] => r#"["a,b","c"]"#,
        [1, 2] => "(1,2)",
        (1, "a", 'b') => r#"(1,"a","b")"#,
        ((1, 2), 3) => "((1,2),3)",
        Pair(1, "a") => r#"(1,"a")"#,
        Empty {} => "{}",
        QUERY => r#"{text:"a b",page:2,exact:true,tags:[],"the limit":Some(9)}"#,
        BTreeMap::<u8, u8>::new() => "{}",
        BTreeMap::from([(2, "b"), (1, "a"), (10, "c")]) => r#"{10:"c",1:"a",2:"b"}"#,
        HashMap::from([("b", vec![2]), ("a", vec![1, 2])]) => r#"{"a":[1,2],"b":[2]}"#,
        BTreeMap::from([((1, "x"), Id(2))]) => r#"{(1,"x"):2}"#,
        BTreeSet::from([3, 1, 20]) => "[1,3,20]",
        Ok::<u8, u8>(1) => "Ok(1)",
    );
}

#[test]
fn enums() {
    golden!(arg:
        Shape::Point => "Point",
        Shape::Circle(1.5) => "Circle(1.5)",
        Shape::Line(1, 2) => "Line(1,2)",
        Shape::Box { width: 1, height: 2 } => "Box{width:1,height:2}",
        Shape::Nothing => "no-shape",
        Shape::Odd => r#""a,b""#,
        Tagged::Circle { radius: 1 } => r#"{kind:"Circle",radius:1}"#,
    );
}

#[test]
fn a_hash_set_that_is_an_argument_is_sorted() {
    let set: HashSet<u32> = (0..100).map(|n| n * 7 % 101).collect();
    let shared = Arc::new(set.clone());
    let mut texts: Vec<String> = set.iter().map(u32::to_string).collect();
    texts.sort();
    let expected = format!("[{}]", texts.join(","));

    let probe = KeyBuf::with_prefix("");
    assert_eq!(arg(&*probe.__of(&set).__view()), expected);
    assert_eq!(arg(&*probe.__of(&&set).__view()), expected);
    assert_eq!(arg(&*probe.__of(&&&set).__view()), expected);
    assert_eq!(arg(&*probe.__of(&shared).__view()), expected);
    assert_eq!(arg(&*probe.__of(&&shared).__view()), expected);
}

#[test]
fn every_other_argument_is_seen_as_it_is() {
    let probe = KeyBuf::with_prefix("");
    assert_eq!(arg(&probe.__of("a").__view()), r#""a""#);
    assert_eq!(arg(&probe.__of(&3).__view()), "3");
    assert_eq!(arg(&probe.__of(&[3, 1][..]).__view()), "[3,1]");
    assert_eq!(arg(&probe.__of(&vec![3, 1]).__view()), "[3,1]");

    fn generic<T: Serialize>(value: &T) -> String {
        arg(&KeyBuf::with_prefix("").__of(value).__view())
    }
    assert_eq!(generic(&Id(1)), "1");
}

#[test]
fn fields_of_a_template() {
    golden!(field:
        7_u64 => "7",
        -7 => "%2D7",
        "" => "",
        "ann" => "ann",
        "a b" => "a b",
        "a:b" => "a%3Ab",
        "100%" => "100%25",
        "%3A" => "%253A",
        "a\nb\u{85}" => "a%0Ab%C2%85",
        "say \"hi\" \\" => "say \"hi\" \\",
        "größe" => "größe",
        ':' => "%3A",
        'x' => "x",
        Name("a-b".into()) => "a%2Db",
        &&"a" => "a",
        Ipv4Addr::LOCALHOST => "127.0.0.1",
        Some("a") => r#"Some("a")"#,
        ("a", 1) => r#"("a",1)"#,
        QUERY => r#"{text%3A"a b",page%3A2,exact%3Atrue,tags%3A[],"the limit"%3ASome(9)}"#,
        Shape::Nothing => "no%2Dshape",
    );
    assert_eq!(written(|key| key.__field("a·b", "·")), "a%C2%B7b");
}

mod house {
    pub(super) struct Room<T>(pub(super) T);

    impl<T: 'static> Room<T> {
        #[expect(clippy::unused_async, reason = "an async method is the subject")]
        pub(super) async fn plan(&self, write: impl FnOnce(&mut aiocache_core::KeyBuf)) -> String {
            enum __Here {}
            super::written(|key| {
                key.__name::<__Here>();
                key.__generic::<Self>();
                write(key);
            })
        }
    }
}

#[allow(non_camel_case_types, reason = "a marker is named as its function")]
struct load_user {}

#[test]
fn whole_call_keys() {
    let call = written(|key| {
        key.__name::<load_user>();
        key.__open();
        key.__arg(&1);
        key.__arg("a");
        key.__arg(&());
        key.__end();
    });
    assert_eq!(call, r#"keys_golden::load_user(1,"a",())"#);

    let nothing = written(|key| {
        key.__name::<load_user>();
        key.__generic::<u8>();
        key.__const('x');
        key.__const(-3);
        key.__version(2);
        key.__open();
        key.__end();
    });
    assert_eq!(nothing, "keys_golden::load_user<u8><x><-3>@2()");
}

#[tokio::test]
async fn a_method_is_named_without_its_marker() {
    let method = house::Room(1_u8).plan(|key| {
        key.__open();
        key.__arg(&(1, 2));
        key.__arg("(");
        key.__arg(&3);
        key.__end();
    });
    let expected = r#"keys_golden::house::Room<_>::plan<keys_golden::house::Room<u8>>((1,2),"(",3)"#;
    assert_eq!(method.await, expected);
}

#[test]
fn templates_and_built_keys() {
    let template = written(|key| {
        key.__text("user:");
        key.__field("a:b", ":");
        key.__text(":");
        key.__field(&2, ":");
    });
    assert_eq!(template, "user:a%3Ab:2");
    assert_eq!(written(|key| key.__built("a:%\n")), "a:%\n");
    assert_eq!(written(|key| key.__built(7_u64)), "7");
    assert_eq!(written(|key| key.__built(String::from("x"))), "x");
}
