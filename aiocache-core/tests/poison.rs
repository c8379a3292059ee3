//! Hostile and damaged bytes: never a crash, never a hang, and an error where they are no value.
//!
//! Each input is read in a process of its own, on a stack of 2 MiB (what tokio's workers have) and with 512 MiB of
//! address space, because what it guards against would take the whole test down: this program starts itself anew
//! with the name of the case in the environment.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test stops where a value is missing, and tells how many bit flips are read"
)]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Debug;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aiocache_core::{Codec, JsonSerializer, MsgPackSerializer, PostcardSerializer};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const CASE: &str = "AIOCACHE_POISON_CASE";
const MIB: usize = 1 << 20;
const STACK: usize = 2 * MIB;
const ADDRESS_SPACE_KIB: usize = 512 << 10;
/// What one input may take in a release build, and in a debug build.
const IN_TIME: Duration = Duration::from_millis(if cfg!(debug_assertions) { 200 } else { 10 });
/// A child that takes longer than this never ends.
const HUNG: Duration = Duration::from_secs(60);
/// The payload of a Postcard value comes after this.
const HEADER: usize = 10;

const POSTCARD: PostcardSerializer = PostcardSerializer::new();

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Nest {
    Leaf,
    In(Box<Self>),
    Pair(Box<Self>, u8),
    Named { inner: Box<Self> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Tree {
    children: Vec<Self>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain(Option<Box<Self>>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Web {
    links: BTreeMap<u8, Self>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Any {
    List(Vec<Self>),
    Number(u8),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Rich {
    id: u64,
    name: String,
    nick: Option<String>,
    scores: Vec<i32>,
    by_name: BTreeMap<String, f64>,
    letter: char,
    big: i128,
    outcome: Result<u8, String>,
    nothing: Vec<()>,
}

fn rich() -> Rich {
    Rich {
        id: 1000,
        name: "Ada".into(),
        nick: Some("A".into()),
        scores: vec![1, -1, 70_000],
        by_name: [("half".into(), 0.5)].into(),
        letter: 'ß',
        big: i128::MIN,
        outcome: Err("no".into()),
        nothing: vec![],
    }
}

/// The time of the fastest of three readings; each gives the same answer.
fn timed<T: DeserializeOwned + Debug>(codec: &impl Codec, bytes: &[u8]) -> Result<T, String> {
    let mut fastest = Duration::MAX;
    let mut answer = Err(String::new());
    for _ in 0..3 {
        let start = Instant::now();
        answer = codec.decode::<T>(bytes).map_err(|error| error.to_string());
        fastest = fastest.min(start.elapsed());
    }
    assert!(fastest <= IN_TIME, "{} bytes took {fastest:?}", bytes.len());
    answer
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(codec: &impl Codec, bytes: &[u8], why: &str) {
    let error = timed::<T>(codec, bytes).expect_err("poison was read");
    assert!(error.contains(why), "{error:?} instead of {why:?}");
}

/// A Postcard value with the header of `like` and another payload.
fn postcard(like: &(impl Serialize + ?Sized), payload: &[u8]) -> Vec<u8> {
    let mut bytes = POSTCARD.encode(like).unwrap();
    bytes.truncate(HEADER);
    bytes.extend_from_slice(payload);
    bytes
}

const TOO_DEEP: &str = "nests too deep";
const TOO_MANY: &str = "more items than it has bytes";
const TOO_SHORT: &str = "ends too early";
/// 2^40 as Postcard writes a length.
const HUGE: &[u8] = &[0x80, 0x80, 0x80, 0x80, 0x80, 0x20];

/// Deep enough to have the fingerprint of any deeper one.
fn nest(around: fn(Box<Nest>) -> Nest) -> Nest {
    (0..10).fold(Nest::Leaf, |inner, _| around(Box::new(inner)))
}

fn nested_enums() {
    refused::<Nest>(&POSTCARD, &postcard(&nest(Nest::In), &vec![1; MIB]), TOO_DEEP);
    let pairs = nest(|inner| Nest::Pair(inner, 0));
    refused::<Nest>(&POSTCARD, &postcard(&pairs, &vec![2; MIB]), TOO_DEEP);
    let named = nest(|inner| Nest::Named { inner });
    refused::<Nest>(&POSTCARD, &postcard(&named, &vec![3; MIB]), TOO_DEEP);
    refused::<Nest>(&MsgPackSerializer, &b"\x81\xa2In".repeat(MIB / 4), TOO_DEEP);
    refused::<Nest>(&MsgPackSerializer, &b"\x81\x01".repeat(MIB / 2), TOO_DEEP);
    refused::<Nest>(&MsgPackSerializer, &b"\x81\xa4Pair\x92".repeat(MIB / 7), TOO_DEEP);
    refused::<Nest>(
        &MsgPackSerializer,
        &b"\x81\xa5Named\x81\xa5inner".repeat(MIB / 14),
        TOO_DEEP,
    );
    refused::<Nest>(
        &JsonSerializer,
        &br#"{"In":"#.repeat(MIB / 6),
        "not JSON, or nests too deep",
    );
}

fn nested_structs() {
    let tree = Tree { children: vec![] };
    refused::<Tree>(&POSTCARD, &postcard(&tree, &vec![1; MIB]), TOO_DEEP);
    refused::<Tree>(
        &MsgPackSerializer,
        &b"\x81\xa8children\x91".repeat(MIB / 11),
        TOO_DEEP,
    );
    refused::<Tree>(&MsgPackSerializer, &b"\x91".repeat(MIB), TOO_DEEP);
    refused::<Tree>(
        &JsonSerializer,
        &br#"{"children":["#.repeat(MIB / 13),
        "not JSON, or nests too deep",
    );
    refused::<Tree>(&JsonSerializer, &b"[".repeat(MIB), "not JSON, or nests too deep");
}

fn nested_maps_and_options() {
    let web = Web {
        links: BTreeMap::new(),
    };
    refused::<Web>(&POSTCARD, &postcard(&web, &vec![1; MIB]), TOO_DEEP);
    refused::<Web>(
        &MsgPackSerializer,
        &b"\x81\xa5links\x81\x01".repeat(MIB / 9),
        TOO_DEEP,
    );
    let chain = (0..9).fold(Chain(None), |chain, _| Chain(Some(Box::new(chain))));
    refused::<Chain>(&POSTCARD, &postcard(&chain, &vec![1; MIB]), TOO_DEEP);
    // No byte is read on the way down.
    refused::<Chain>(&MsgPackSerializer, b"\x01", TOO_DEEP);
    refused::<Chain>(&JsonSerializer, b"1", TOO_DEEP);
}

fn nested_values_that_no_one_wants() {
    // An unknown field and an untagged enum read whatever is there, of any depth.
    let unknown = [&b"\x81\xa1x"[..], &b"\x91".repeat(MIB)].concat();
    refused::<Tree>(&MsgPackSerializer, &unknown, TOO_DEEP);
    refused::<Any>(&MsgPackSerializer, &b"\x91".repeat(MIB), TOO_DEEP);
    refused::<Any>(&JsonSerializer, &b"[".repeat(MIB), "not JSON, or nests too deep");
    refused::<Nest>(&MsgPackSerializer, &b"\xc7\x00\x01".repeat(MIB / 3), "");
}

fn lengths_that_are_not_there() {
    refused::<String>(&POSTCARD, &postcard(&"", HUGE), TOO_SHORT);
    refused::<Vec<u8>>(&POSTCARD, &postcard(&[0u8][..], HUGE), "");
    refused::<Vec<[u64; 32]>>(&POSTCARD, &postcard(&[[0u64; 32]][..], HUGE), "");
    refused::<HashMap<u64, u64>>(&POSTCARD, &postcard(&HashMap::from([(0u64, 0u64)]), HUGE), "");
    refused::<Vec<u8>>(&POSTCARD, &postcard(&[0u8][..], &[0xff; 9]), "");
    for length in [
        &b"\xdb\xff\xff\xff\xff"[..],
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
    ] {
        refused::<String>(&MsgPackSerializer, length, "");
        refused::<Vec<u8>>(&MsgPackSerializer, length, "");
        refused::<Any>(&MsgPackSerializer, length, "");
    }
    refused::<Vec<u8>>(&MsgPackSerializer, b"\xdd\xff\xff\xff\xff\x01", TOO_SHORT);
    refused::<Vec<[u64; 32]>>(&MsgPackSerializer, b"\xdd\xff\xff\xff\xff", TOO_SHORT);
    refused::<HashMap<u64, u64>>(&MsgPackSerializer, b"\xdf\xff\xff\xff\xff", TOO_SHORT);
    // Each level of nesting claims as much as it can.
    refused::<Vec<Vec<Vec<Vec<u8>>>>>(&MsgPackSerializer, &b"\xdd\xff\xff\xff\xff".repeat(4), TOO_SHORT);
}

fn items_that_take_no_bytes() {
    refused::<Vec<()>>(&POSTCARD, &postcard(&[()][..], HUGE), TOO_MANY);
    refused::<HashMap<(), ()>>(&POSTCARD, &postcard(&HashMap::from([((), ())]), HUGE), TOO_MANY);
    refused::<HashSet<[(); 2]>>(&POSTCARD, &postcard(&[[(); 2]][..], HUGE), TOO_MANY);
    refused::<Vec<std::marker::PhantomData<u8>>>(
        &POSTCARD,
        &postcard(&[std::marker::PhantomData::<u8>][..], HUGE),
        TOO_MANY,
    );
    let inner = [&[1][..], HUGE].concat();
    refused::<Vec<Vec<()>>>(&POSTCARD, &postcard(&[[()].as_slice()][..], &inner), TOO_MANY);
    refused::<Vec<()>>(&MsgPackSerializer, b"\xdd\xff\xff\xff\xff", TOO_SHORT);
}

/// Reads every truncation and every flip of one bit. How many flips were read as another value is for the reader of
/// the output: without a checksum there are some.
fn damaged_bytes() {
    fn damage(name: &str, codec: &impl Codec) {
        let whole = codec.encode(&rich()).unwrap();
        for end in 0..whole.len() {
            assert!(
                codec.decode::<Rich>(&whole[..end]).is_err(),
                "{name}: {end} bytes were enough"
            );
        }
        let mut read = 0;
        for bit in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            read += usize::from(timed::<Rich>(codec, &flipped).is_ok());
        }
        println!("{name}: {read} of {} bit flips are read", whole.len() * 8);
    }
    damage("json", &JsonSerializer);
    damage("msgpack", &MsgPackSerializer);
    damage("postcard", &POSTCARD);
    let header = POSTCARD.encode(&rich()).unwrap();
    for bit in 0..HEADER * 8 {
        let mut flipped = header.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(
            POSTCARD.decode::<Rich>(&flipped).is_err(),
            "bit {bit} of the header is not looked at"
        );
    }
}

fn values_of_others() {
    let others = [
        JsonSerializer.encode(&rich()).unwrap(),
        MsgPackSerializer.encode(&rich()).unwrap(),
        POSTCARD.encode(&rich()).unwrap(),
        b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01a\x94.".to_vec(),
        b"0c1e5f7e-lock-token".to_vec(),
        b"42".to_vec(),
        vec![],
        vec![0xc1],
        vec![0xff; MIB],
        vec![0; MIB],
    ];
    for (index, bytes) in others.iter().enumerate() {
        assert_eq!(
            timed::<Rich>(&JsonSerializer, bytes).is_ok(),
            index == 0,
            "{index}"
        );
        assert_eq!(
            timed::<Rich>(&MsgPackSerializer, bytes).is_ok(),
            index == 1,
            "{index}"
        );
        assert_eq!(timed::<Rich>(&POSTCARD, bytes).is_ok(), index == 2, "{index}");
    }
}

fn as_deep_as_allowed() {
    fn check(codec: &impl Codec, levels: usize) {
        let tree =
            |levels| (0..levels).fold(Tree { children: vec![] }, |tree, _| Tree { children: vec![tree] });
        let bytes = codec.encode(&tree(levels)).unwrap();
        assert_eq!(codec.decode::<Tree>(&bytes).unwrap(), tree(levels));
        let bytes = codec.encode(&tree(levels + 1)).unwrap();
        assert!(codec.decode::<Tree>(&bytes).is_err());
    }
    // A Tree is two levels: the struct and its sequence.
    check(&MsgPackSerializer, 63);
    check(&POSTCARD, 63);
    check(&JsonSerializer, 62);
}

const CASES: [(&str, fn()); 9] = [
    ("nested_enums", nested_enums),
    ("nested_structs", nested_structs),
    ("nested_maps_and_options", nested_maps_and_options),
    ("nested_values_that_no_one_wants", nested_values_that_no_one_wants),
    ("lengths_that_are_not_there", lengths_that_are_not_there),
    ("items_that_take_no_bytes", items_that_take_no_bytes),
    ("damaged_bytes", damaged_bytes),
    ("values_of_others", values_of_others),
    ("as_deep_as_allowed", as_deep_as_allowed),
];

/// The other end of the cases below: does nothing unless one of them started this process.
#[test]
fn child() {
    let Ok(name) = std::env::var(CASE) else { return };
    let (_, case) = CASES
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a known case");
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(case).unwrap();
    assert!(thread.join().is_ok(), "{name} failed");
}

fn in_a_child(name: &str) {
    let limited = format!("ulimit -v {ADDRESS_SPACE_KIB} && exec \"$0\" child --exact --nocapture");
    let mut child = Command::new("sh")
        .args(["-c", &limited])
        .arg(std::env::current_exe().unwrap())
        .env(CASE, name)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() && start.elapsed() < HUNG {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Without effect on one that has ended.
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    let (told, failed) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "{name}: {}\n{told}\n{failed}",
        output.status
    );
    assert!(told.contains("1 passed"), "{name} did not run: {told}");
    for line in told.lines().filter(|line| line.contains("bit flips")) {
        println!("{line}");
    }
}

macro_rules! each_in_a_child {
    ($($test:ident = $case:ident;)*) => {$(
        #[test]
        fn $test() {
            in_a_child(stringify!($case));
        }
    )*};
}

each_in_a_child! {
    a_megabyte_of_nested_enums_is_an_error = nested_enums;
    a_megabyte_of_nested_structs_is_an_error = nested_structs;
    a_megabyte_of_nested_maps_and_options_is_an_error = nested_maps_and_options;
    nesting_in_ignored_and_untagged_parts_is_an_error = nested_values_that_no_one_wants;
    a_length_without_its_bytes_is_an_error_and_reserves_little = lengths_that_are_not_there;
    more_zero_sized_items_than_bytes_are_an_error_at_once = items_that_take_no_bytes;
    truncated_values_are_errors_and_flipped_bits_harmless = damaged_bytes;
    the_values_of_other_serializers_are_errors = values_of_others;
    values_as_deep_as_allowed_are_read_on_a_small_stack = as_deep_as_allowed;
}

fn reads_anything(codec: &impl Codec, bytes: &[u8]) {
    macro_rules! as_each {
        ($($ty:ty),*) => {$(drop(codec.decode::<$ty>(bytes));)*};
    }
    as_each!(u8, i64, i128, f64, bool, char, (), String, Option<u8>, Vec<()>, Vec<Vec<u8>>, HashMap<u8, String>);
    as_each!(Nest, Tree, Chain, Web, Any, Rich, (u8, String), [u16; 3], Result<u8, String>, std::net::IpAddr);
}

fn damaged(value: &Rich, codec: &impl Codec, changes: &[(prop::sample::Index, u8)]) {
    let mut bytes = codec.encode(value).unwrap();
    for (index, byte) in changes {
        let index = index.index(bytes.len());
        bytes[index] = *byte;
    }
    drop(codec.decode::<Rich>(&bytes));
}

proptest! {
    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        reads_anything(&JsonSerializer, &bytes);
        reads_anything(&MsgPackSerializer, &bytes);
        reads_anything(&POSTCARD, &bytes);
    }

    #[test]
    fn random_payloads_behind_the_right_header_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(POSTCARD.decode::<Rich>(&postcard(&rich(), &bytes)));
        drop(POSTCARD.decode::<Tree>(&postcard(&Tree { children: vec![] }, &bytes)));
        drop(POSTCARD.decode::<Web>(&postcard(&Web { links: BTreeMap::new() }, &bytes)));
        drop(POSTCARD.decode::<Vec<Vec<u8>>>(&postcard(&[[0u8].as_slice()][..], &bytes)));
        drop(POSTCARD.decode::<HashMap<String, i128>>(&postcard(&HashMap::<String, i128>::new(), &bytes)));
    }

    #[test]
    fn values_with_changed_bytes_never_panic(changes in prop::collection::vec(any::<(prop::sample::Index, u8)>(), 1..6)) {
        damaged(&rich(), &JsonSerializer, &changes);
        damaged(&rich(), &MsgPackSerializer, &changes);
        damaged(&rich(), &POSTCARD, &changes);
    }
}
