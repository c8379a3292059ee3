//! The bytes of every wire format, pinned: other programs, and the next release, read them.

#![expect(clippy::unwrap_used, reason = "a test stops where a value is missing")]

use aiocache_core::{
    Codec, Dump, JsonSerializer, MsgPackSerializer, NullSerializer, PostcardSerializer, StringSerializer,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u32,
    name: String,
    role: Role,
    tags: Vec<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Role {
    Guest,
    Member { since: u16 },
}

fn user() -> User {
    User {
        id: 300,
        name: "Ada".into(),
        role: Role::Member { since: 1815 },
        tags: vec!["a".into()],
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pinned<T>(codec: &impl Codec, value: &T, golden: &str)
where
    T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let bytes = codec.encode(value).unwrap();
    assert_eq!(hex(&bytes), golden);
    assert_eq!(&codec.decode::<T>(&bytes).unwrap(), value);
}

#[test]
fn json_is_pinned() {
    let text = JsonSerializer.encode(&user()).unwrap();
    assert_eq!(
        std::str::from_utf8(&text).unwrap(),
        r#"{"id":300,"name":"Ada","role":{"Member":{"since":1815}},"tags":["a"]}"#
    );
    for (value, golden) in [(Some(0.1), &b"0.1"[..]), (None, b"null")] {
        assert_eq!(JsonSerializer.encode::<Option<f64>>(&value).unwrap(), golden);
    }
}

#[test]
fn msgpack_is_pinned() {
    pinned(
        &MsgPackSerializer,
        &user(),
        "84a26964cd012ca46e616d65a3416461a4726f6c6581a64d656d62657281a573696e6365cd0717a47461677391a161",
    );
    pinned(&MsgPackSerializer, &Role::Guest, "a54775657374");
    pinned(&MsgPackSerializer, &None::<u8>, "c0");
}

#[test]
fn msgpack_numbers_that_look_like_a_digit_take_two_bytes() {
    pinned(&MsgPackSerializer, &47, "2f");
    pinned(&MsgPackSerializer, &48, "cc30");
    pinned(&MsgPackSerializer, &57u8, "cc39");
    pinned(&MsgPackSerializer, &Some(57i64), "cc39");
    pinned(&MsgPackSerializer, &58, "3a");
    pinned(&MsgPackSerializer, &[48], "9130");
    pinned(&MsgPackSerializer, &300, "cd012c");
    pinned(&MsgPackSerializer, &-5, "fb");
}

#[test]
fn postcard_is_pinned() {
    let codec = PostcardSerializer::new();
    pinned(&codec, &user(), "c101dd07c849a448b497ac020341646101970e010161");
    pinned(
        &codec.version(1),
        &user(),
        "c10140a3e6ee5dfdd6c8ac020341646101970e010161",
    );
    pinned(
        &codec,
        &vec![user()],
        "c1016e05e0d3a0bd5e2d01ac020341646101970e010161",
    );
    pinned(&codec, &Role::Guest, "c101602dbb51e62f6c9e00");
    pinned(&codec, &"Ada".to_owned(), "c101cef12b25d954bce403416461");
    pinned(&codec, &300u32, "c10134f52b25d956bce4ac02");
    pinned(&codec, &None::<User>, "c1016ccc2b25d93ebce400");
    pinned(&codec, &(1u8, true), "c101563743b6fd9cf5a10101");
}

#[test]
fn string_and_null_write_plain_text_and_bytes() {
    let text: Bytes = StringSerializer.dump(&-1.5).unwrap();
    assert_eq!(text, "-1.5");
    let text: Bytes = NullSerializer.dump("Ada").unwrap();
    assert_eq!(text, "Ada");
}
