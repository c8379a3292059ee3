//! A hit through `#[cached]`, beside the floor: a `HashMap` behind a lock, asked with a key that is ready.
//!
//! cargo bench -p aiocache-benches
//!
//! Rounds of all contenders alternate, so that a noisy machine disturbs them alike; each line is the median of the
//! rounds, with the quickest and the slowest.
#![expect(
    clippy::unused_async,
    reason = "a cached function is async, whether or not it waits"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{LazyLock, RwLock};
use std::time::Instant;

use aiocache::{SimpleMemoryCache, TypedMemoryCache, cached};

const KEYS: u64 = 1_000;
const CALLS: u64 = 200_000;
const ROUNDS: usize = 15;

static FLOOR: LazyLock<RwLock<HashMap<u64, String>>> =
    LazyLock::new(|| RwLock::new((0..KEYS).map(|key| (key, value(key))).collect()));
static ERASED: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
static TYPED: LazyLock<TypedMemoryCache<String>> = LazyLock::new(TypedMemoryCache::new);

/// 20 bytes.
fn value(key: u64) -> String {
    format!("value of {key:>11}")
}

#[cached(cache = ERASED, ttl = 3600)]
async fn erased(key: u64) -> String {
    value(key)
}

#[cached(cache = TYPED, ttl = 3600)]
async fn typed(key: u64) -> String {
    value(key)
}

/// Nanoseconds of one call.
macro_rules! measure {
    ($key:ident => $call:expr) => {{
        let start = Instant::now();
        for n in 0..CALLS {
            let $key = (n * 7919) % KEYS;
            black_box($call);
        }
        start.elapsed().as_secs_f64() * 1e9 / CALLS as f64
    }};
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let names = [
        "HashMap behind a RwLock",
        "#[cached], any type",
        "#[cached], typed store",
    ];
    let mut figures = [const { Vec::new() }; 3];
    for round in 0..=ROUNDS {
        let floor =
            measure!(key => FLOOR.read().expect("nothing panics with it").get(&black_box(key)).cloned());
        let erased = measure!(key => erased(black_box(key)).await);
        let typed = measure!(key => typed(black_box(key)).await);
        // The first round fills the caches.
        if round > 0 {
            for (all, one) in figures.iter_mut().zip([floor, erased, typed]) {
                all.push(one);
            }
        }
    }
    for all in &mut figures {
        all.sort_by(f64::total_cmp);
    }
    let floor = figures[0][ROUNDS / 2];
    println!("{KEYS} keys, a u64 to a String of 20 bytes, one task, {ROUNDS} rounds of {CALLS} calls\n");
    println!("{:<26}{:>10}{:>18}{:>10}", "", "ns a hit", "range", "to floor");
    for (name, all) in names.iter().zip(&figures) {
        let median = all[ROUNDS / 2];
        let range = format!("{:.1} to {:.1}", all[0], all[ROUNDS - 1]);
        println!("{name:<26}{median:>10.1}{range:>18}{:>10.2}", median / floor);
    }
}
