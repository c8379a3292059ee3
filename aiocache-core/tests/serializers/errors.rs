//! What cannot be written or read is an error that says why and quotes nothing.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::net::IpAddr;

use aiocache_core::{
    Codec, Dump, ErrorKind, JsonSerializer, Load, MsgPackSerializer, PostcardSerializer, Result,
    StringSerializer,
};
use bytes::Bytes;
use serde::Serialize;

use crate::{Move, Rich, rich};

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
