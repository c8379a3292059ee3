//! Every serializer over both stores: bytes on a wire and slots in memory.

#![expect(clippy::unwrap_used, reason = "a test stops where a value is missing")]

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use aiocache_core::{
    Carrier, Codec, Dump, ErrorKind, Functions, JsonSerializer, Load, MsgPackSerializer, NoneForm,
    NullSerializer, Object, PostcardSerializer, Raw, Result, StringSerializer,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rich {
    id: u64,
    low: i128,
    high: u128,
    ratio: f64,
    letter: char,
    name: String,
    nick: Option<String>,
    nobody: Option<String>,
    scores: Vec<i32>,
    by_name: BTreeMap<String, Vec<u8>>,
    by_id: HashMap<u32, bool>,
    pair: (u8, String),
    unit: (),
    host: IpAddr,
    took: Duration,
    shared: Arc<str>,
    moves: Vec<Move>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Move {
    Stay,
    Turn(f32),
    Step(i8, i8),
    Jump { height: u16, then: Option<Box<Self>> },
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Views(u32);

fn rich() -> Rich {
    Rich {
        id: u64::MAX,
        low: i128::MIN,
        high: u128::MAX,
        ratio: 0.1 + 0.2,
        letter: 'ß',
        name: "Ada \"the first\"\n".into(),
        nick: Some(String::new()),
        nobody: None,
        scores: vec![i32::MIN, 0, i32::MAX],
        by_name: [("a".into(), vec![0, 255]), ("b".into(), vec![])].into(),
        // One entry, because the order of a HashMap is its own.
        by_id: [(48, false)].into(),
        pair: (48, "x".into()),
        unit: (),
        host: IpAddr::from([127, 0, 0, 1]),
        took: Duration::new(3, 5),
        shared: "shared".into(),
        moves: vec![
            Move::Stay,
            Move::Turn(0.1),
            Move::Step(-1, 1),
            Move::Jump {
                height: 3,
                then: Some(Box::new(Move::Stay)),
            },
        ],
    }
}

fn back<R, S, T>(serializer: &S, value: &T) -> Result<T>
where
    S: Dump<T, R> + Load<T, R>,
{
    serializer.load(&serializer.dump(value)?)
}

fn comes_back<S, T>(serializer: &S, value: &T)
where
    S: Dump<T, Bytes> + Load<T, Bytes> + Dump<T, Object> + Load<T, Object>,
    T: PartialEq + fmt::Debug,
{
    assert_eq!(&back::<Bytes, _, _>(serializer, value).unwrap(), value);
    assert_eq!(&back::<Object, _, _>(serializer, value).unwrap(), value);
}

fn codec_keeps_everything(codec: &impl Codec) {
    comes_back(codec, &rich());
    comes_back(codec, &vec![rich(), rich()]);
    comes_back(codec, &Some(rich()));
    comes_back(codec, &Ok::<Rich, String>(rich()));
    comes_back(codec, &Arc::new(rich()));
    comes_back(codec, &(1u8, "two".to_owned(), [3.0f64; 2]));
    comes_back(codec, &None::<Rich>);
    comes_back(codec, &Vec::<Rich>::new());
    comes_back(codec, &Views(48));
    comes_back(codec, &[0u8; 0]);
    for number in [
        f64::MIN_POSITIVE,
        f64::MAX,
        -0.0,
        5e-324,
        1.0 / 3.0,
        2.225_073_858_507_201e-308,
    ] {
        assert_eq!(
            back::<Bytes, _, _>(codec, &number).unwrap().to_bits(),
            number.to_bits()
        );
    }
    for number in 0..=300u16 {
        comes_back(codec, &number);
        comes_back(codec, &Some(number));
        comes_back(codec, &[number]);
    }
}

#[test]
fn json_keeps_everything() {
    codec_keeps_everything(&JsonSerializer);
}

#[test]
fn msgpack_keeps_everything() {
    codec_keeps_everything(&MsgPackSerializer);
}

#[test]
fn postcard_keeps_everything() {
    codec_keeps_everything(&PostcardSerializer::new());
}

#[test]
fn null_keeps_any_clone_value_in_memory_and_strings_and_bytes_on_a_wire() {
    #[derive(Debug, Clone)]
    struct Plain(fn() -> u8);

    assert_eq!(back::<Object, _, _>(&NullSerializer, &rich()).unwrap(), rich());
    let plain = Plain(|| 7);
    assert_eq!((back::<Object, _, _>(&NullSerializer, &plain).unwrap().0)(), 7);
    let text = "text".to_owned();
    assert_eq!(back::<Bytes, _, _>(&NullSerializer, &text).unwrap(), text);
    assert_eq!(
        back::<Bytes, _, _>(&NullSerializer, &vec![0u8, 255]).unwrap(),
        [0, 255]
    );
    let bytes = Bytes::from_static(b"\xff");
    assert_eq!(back::<Bytes, _, _>(&NullSerializer, &bytes).unwrap(), bytes);
    let not_text = Load::<String, Bytes>::load(&NullSerializer, &bytes).unwrap_err();
    assert_eq!(not_text.kind(), ErrorKind::Decode);
}

#[test]
fn null_hands_out_the_arc_that_was_stored() {
    let shared = Arc::new(rich());
    let back = back::<Object, _, _>(&NullSerializer, &shared).unwrap();
    assert!(Arc::ptr_eq(&back, &shared));
}

#[test]
fn string_keeps_what_displays_and_parses() {
    comes_back(&StringSerializer, &'ß');
    comes_back(&StringSerializer, &true);
    comes_back(&StringSerializer, &"a \n b".to_owned());
    comes_back(&StringSerializer, &String::new());
    comes_back(&StringSerializer, &IpAddr::from([0u16, 0, 0, 0, 0, 0, 0, 1]));
    comes_back(&StringSerializer, &i128::MIN);
    comes_back(&StringSerializer, &(0.1 + 0.2));
}

#[test]
fn a_display_that_fails_is_an_encode_error_and_a_wrong_text_a_decode_error_without_it() {
    struct Broken;
    impl Display for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let error = Dump::<_, Bytes>::dump(&StringSerializer, &Broken).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);

    let raw = Bytes::from_static(b"card 4111");
    let error = Load::<IpAddr, _>::load(&StringSerializer, &raw).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(!format!("{error} {error:?}").contains("4111"));
}

#[test]
fn functions_write_and_read_one_type() {
    let hex: Functions<u32, Bytes> = Functions::new(
        |number| Ok(format!("{number:x}").into()),
        |raw| {
            let text = std::str::from_utf8(raw).ok();
            let number = text.and_then(|text| u32::from_str_radix(text, 16).ok());
            number.ok_or_else(|| aiocache_core::Error::new(ErrorKind::Decode, "not hexadecimal"))
        },
    );
    assert_eq!(hex.dump(&255).unwrap(), "ff");
    assert_eq!(hex.load(&Bytes::from_static(b"ff")).unwrap(), 255);
    assert_eq!(
        hex.load(&Bytes::from_static(b"xy")).unwrap_err().kind(),
        ErrorKind::Decode
    );
}

macro_rules! read_as {
    ($serializer:expr, $raw:expr, $number:expr => $($int:ty)*) => {$(
        let read: Result<$int> = $serializer.load($raw);
        match <$int>::try_from($number) {
            Ok(number) => assert_eq!(read.unwrap(), number),
            Err(_) => assert!(read.is_err(), "{} is no {}", $number, stringify!($int)),
        }
    )*};
}

macro_rules! counters_are_read {
    ($serializer:expr) => {{
        let serializer = $serializer;
        for number in [0i64, 1, 9, 10, 48, 57, 127, 128, -1, -5, 300, 70_000, 5_000_000_000, i64::MAX, i64::MIN] {
            let (wire, memory) = (<Bytes as Raw>::from_integer(number), <Object as Raw>::from_integer(number));
            read_as!(serializer, &wire, number => i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);
            read_as!(serializer, &memory, number => i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);
        }
    }};
}

#[test]
fn counters_are_read_by_every_integer_type_with_every_serializer() {
    counters_are_read!(JsonSerializer);
    counters_are_read!(MsgPackSerializer);
    counters_are_read!(PostcardSerializer::new().version(3));
    counters_are_read!(StringSerializer);
    counters_are_read!(NullSerializer);
}

fn newtypes_read_counters(codec: &impl Codec) {
    assert_eq!(codec.load(&<Bytes as Raw>::from_integer(7)).ok(), Some(Views(7)));
    assert_eq!(codec.load(&<Object as Raw>::from_integer(7)).ok(), Some(Views(7)));
    let negative: Result<Views> = codec.load(&<Bytes as Raw>::from_integer(-7));
    assert_eq!(negative.unwrap_err().kind(), ErrorKind::Decode);
    let rich: Result<Rich> = codec.load(&<Bytes as Raw>::from_integer(7));
    assert_eq!(rich.unwrap_err().kind(), ErrorKind::Decode);
    let text: Result<String> = codec.load(&<Object as Raw>::from_integer(7));
    assert_eq!(text.unwrap_err().kind(), ErrorKind::Type);
}

#[test]
fn newtypes_of_integers_read_counters_and_other_types_do_not() {
    newtypes_read_counters(&JsonSerializer);
    newtypes_read_counters(&MsgPackSerializer);
    newtypes_read_counters(&PostcardSerializer::new());
}

#[test]
fn a_zero_that_does_not_fit_is_not_taken_for_the_fixint_of_its_digit() {
    use std::num::NonZeroU8;
    assert!(MsgPackSerializer.decode::<NonZeroU8>(b"0").is_err());
    assert_eq!(MsgPackSerializer.decode::<NonZeroU8>(b"9").unwrap().get(), 9);
    // An Option is not an integer type: a bare fixint stays what it is.
    assert_eq!(MsgPackSerializer.decode::<Option<u8>>(b"9").unwrap(), Some(57));
    assert_eq!(MsgPackSerializer.decode::<f64>(b"9").unwrap(), 57.0);
}

fn none_has_a_form_of_its_own<R: Carrier>(codec: &(impl Codec + NoneForm<R>)) {
    let none = codec.dump_none().unwrap();
    assert!(codec.is_none(&none));
    for other in [
        codec.dump(&rich()).unwrap(),
        codec.dump("").unwrap(),
        codec.dump("null").unwrap(),
        codec.dump(&0).unwrap(),
        codec.dump(&false).unwrap(),
        codec.dump(&Vec::<u8>::new()).unwrap(),
        codec.dump(&Some(0)).unwrap(),
        R::from_integer(0),
    ] {
        assert!(!codec.is_none(&other));
    }
}

#[test]
fn none_is_told_from_every_other_value() {
    none_has_a_form_of_its_own::<Bytes>(&JsonSerializer);
    none_has_a_form_of_its_own::<Object>(&JsonSerializer);
    none_has_a_form_of_its_own::<Bytes>(&MsgPackSerializer);
    none_has_a_form_of_its_own::<Object>(&MsgPackSerializer);
    none_has_a_form_of_its_own::<Bytes>(&PostcardSerializer::new());
    none_has_a_form_of_its_own::<Object>(&PostcardSerializer::new());
}

#[test]
fn the_form_of_none_is_read_as_none_of_any_type() {
    fn check(codec: &impl Codec) {
        let none: Bytes = codec.dump_none().unwrap();
        assert_eq!(codec.decode::<Option<Rich>>(&none).unwrap(), None);
        assert_eq!(codec.decode::<Option<u8>>(&none).unwrap(), None);
        assert!(codec.decode::<Rich>(&none).is_err());
    }
    check(&JsonSerializer);
    check(&MsgPackSerializer);
    check(&PostcardSerializer::new());
}

#[test]
fn an_arc_and_a_reference_are_written_as_what_they_point_to() {
    fn check(codec: &impl Codec) {
        let plain = codec.encode(&rich()).unwrap();
        assert_eq!(codec.encode(&Arc::new(rich())).unwrap(), plain);
        assert_eq!(codec.encode(&&rich()).unwrap(), plain);
        assert_eq!(
            codec.encode("text").unwrap(),
            codec.encode(&"text".to_owned()).unwrap()
        );
        assert_eq!(
            codec.encode(&[1, 2][..]).unwrap(),
            codec.encode(&vec![1, 2]).unwrap()
        );
    }
    check(&JsonSerializer);
    check(&MsgPackSerializer);
    check(&PostcardSerializer::new());
}

#[test]
fn bytes_after_the_value_are_an_error() {
    fn check(codec: &impl Codec) {
        for extra in [&b"1"[..], b"\0", b"\xc0", b"\xcc", b"]"] {
            let mut bytes = codec.encode(&rich()).unwrap();
            bytes.extend_from_slice(extra);
            assert_eq!(
                codec.decode::<Rich>(&bytes).unwrap_err().kind(),
                ErrorKind::Decode
            );
            let mut bytes = codec.encode(&None::<u8>).unwrap();
            bytes.extend_from_slice(extra);
            assert_eq!(
                codec.decode::<Option<u8>>(&bytes).unwrap_err().kind(),
                ErrorKind::Decode
            );
        }
    }
    check(&JsonSerializer);
    check(&MsgPackSerializer);
    check(&PostcardSerializer::new());
}

#[test]
fn json_says_that_keys_have_to_be_strings() {
    let map = HashMap::from([((1, 2), 3)]);
    let error = JsonSerializer.encode(&map).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.to_string().contains("keys"), "{error}");
    assert!(MsgPackSerializer.encode(&map).is_ok());
}

#[test]
fn no_error_quotes_the_value() {
    #[derive(Debug)]
    struct Secret;
    impl Serialize for Secret {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("card 4111"))
        }
    }
    fn check(codec: &impl Codec) {
        let written = codec.encode(&Secret).unwrap_err();
        let read = codec
            .decode::<u8>(&codec.encode("card 4111").unwrap())
            .unwrap_err();
        let read_enum = codec
            .decode::<Move>(&codec.encode("card 4111").unwrap())
            .unwrap_err();
        assert_eq!(
            (written.kind(), read.kind()),
            (ErrorKind::Encode, ErrorKind::Decode)
        );
        for error in [written, read, read_enum] {
            assert!(!format!("{error} {error:?}").contains("4111"), "{error:?}");
        }
    }
    check(&JsonSerializer);
    check(&MsgPackSerializer);
    check(&PostcardSerializer::new());
}

#[test]
fn a_type_of_ones_own_goes_through_its_text() {
    #[derive(Debug, PartialEq)]
    struct Level(u8);
    impl Display for Level {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "L{}", self.0)
        }
    }
    impl FromStr for Level {
        type Err = ();
        fn from_str(text: &str) -> Result<Self, ()> {
            let level = text.strip_prefix('L').and_then(|level| level.parse().ok());
            level.map(Self).ok_or(())
        }
    }
    comes_back(&StringSerializer, &Level(3));
}
