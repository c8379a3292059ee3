//! Every serializer over both stores: bytes on a wire and slots in memory.

#![expect(clippy::unwrap_used, reason = "a test stops where a value is missing")]

mod counters;
mod errors;
mod kept;
mod none;
mod releases;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use aiocache_core::{Dump, Load, Object, Result};
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
