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

mod damage;
mod lengths;
mod nesting;
mod random;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aiocache_core::{Codec, PostcardSerializer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::damage::{damaged_bytes, values_of_others};
use crate::lengths::{items_that_take_no_bytes, lengths_that_are_not_there};
use crate::nesting::{
    as_deep_as_allowed, nested_enums, nested_maps_and_options, nested_structs,
    nested_values_that_no_one_wants,
};

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
