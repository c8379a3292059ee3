//! The hits that are counted.
#![expect(
    clippy::unused_async,
    reason = "a cached function is async, whether or not it waits"
)]

use std::hint::black_box;
use std::sync::LazyLock;

use aiocache::{SimpleMemoryCache, TypedMemoryCache, cached};
use tokio::runtime::{Builder, Runtime};

/// Keys that are asked for in turn.
const KEYS: u64 = 100;

static ERASED: LazyLock<SimpleMemoryCache> = LazyLock::new(SimpleMemoryCache::new);
static TEXTS: LazyLock<TypedMemoryCache<String>> = LazyLock::new(TypedMemoryCache::new);
static RECORDS: LazyLock<TypedMemoryCache<Record>> = LazyLock::new(TypedMemoryCache::new);

/// 200 bytes.
#[derive(Clone, Copy)]
struct Record {
    #[expect(dead_code, reason = "only its size matters")]
    scores: [u64; 25],
}

/// 20 bytes.
fn text_of(key: u64) -> String {
    format!("value of {key:>11}")
}

fn record_of(key: u64) -> Record {
    Record { scores: [key; 25] }
}

#[cached(cache = ERASED, ttl = 3600)]
async fn text(key: u64) -> String {
    text_of(key)
}

#[cached(cache = TEXTS, ttl = 3600)]
async fn typed_text(key: u64) -> String {
    text_of(key)
}

#[cached(cache = ERASED, ttl = 3600)]
async fn record(key: u64) -> Record {
    record_of(key)
}

#[cached(cache = RECORDS, ttl = 3600)]
async fn typed_record(key: u64) -> Record {
    record_of(key)
}

#[cached(cache = ERASED, ttl = 3600)]
async fn named(name: &str, page: u64) -> Result<Option<u64>, String> {
    Ok((!name.is_empty()).then_some(page))
}

/// The names of all cases, as the record has them.
pub(crate) const NAMES: [&str; 6] = [
    "String of 20 bytes, default store",
    "String of 20 bytes, typed store",
    "struct of 200 bytes, default store",
    "struct of 200 bytes, typed store",
    "Result<Option<u64>> for a name and a number",
    "get of a String of 20 bytes",
];

/// Fills the cache of a case, and hits it so many times.
pub(crate) fn run(case: &str, hits: u64) {
    match NAMES.iter().position(|&name| name == case) {
        Some(0) => hit(hits, text),
        Some(1) => hit(hits, typed_text),
        Some(2) => hit(hits, record),
        Some(3) => hit(hits, typed_record),
        Some(4) => hit(hits, async |key| named("a name", black_box(key)).await),
        Some(5) => hit(hits, got),
        _ => panic!("no case is called {case}"),
    }
}

/// A command, without a function around it.
async fn got(key: u64) -> Option<String> {
    let name = if key.is_multiple_of(2) { "even" } else { "odd" };
    let found = ERASED.get(name).await.expect("memory answers");
    if found.is_none() {
        ERASED.set(name, &text_of(key)).await.expect("memory answers");
    }
    found
}

fn hit<T>(hits: u64, call: impl AsyncFn(u64) -> T) {
    let runtime = Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(all(KEYS, &call));
    measured(&runtime, hits, &call);
}

/// What callgrind counts, found by this name.
#[inline(never)]
fn measured<T>(runtime: &Runtime, hits: u64, call: &impl AsyncFn(u64) -> T) {
    runtime.block_on(all(hits, call));
}

async fn all<T>(hits: u64, call: &impl AsyncFn(u64) -> T) {
    for n in 0..hits {
        black_box(call(black_box(n % KEYS)).await);
    }
}
