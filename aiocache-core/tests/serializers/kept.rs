//! What goes in comes out.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use aiocache_core::{
    Codec, Dump, ErrorKind, Functions, JsonSerializer, Load, MsgPackSerializer, NullSerializer, Object,
    PostcardSerializer, Result, StringSerializer,
};
use bytes::Bytes;

use crate::{Rich, Views, back, comes_back, rich};

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
