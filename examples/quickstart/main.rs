//! cargo run --example quickstart
//!
//! The main job on real data: slow functions, one line above each, and what that line does. Everything printed was
//! measured in this run. With `REDIS_URL` set, the cache is in Redis instead of memory.

mod database;
mod report;
mod steps;
mod store;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::Mutex;

use aiocache::{cached, multi_cached};

use database::{Airport, DATABASE, NoSuchAirport};
use store::{Plugins, cache};

/// The airports nearest to another one.
#[cached(cache = cache(), ttl = 60)]
async fn nearest(code: &str, count: usize) -> Result<Vec<Airport>, NoSuchAirport> {
    DATABASE.nearest(code, count).await
}

/// Many airports by their codes. The body is given those that are missing in the cache.
#[multi_cached(cache = cache(), keys = codes, ttl = 60)]
async fn airports(codes: Vec<String>) -> HashMap<String, Airport> {
    ASKED_FOR
        .lock()
        .expect("nothing panics under this lock")
        .clone_from(&codes);
    let found = DATABASE.by_code(&codes).await;
    found
        .into_iter()
        .map(|airport| (airport.code.clone(), airport))
        .collect()
}

/// What the body of [`airports`] was given last.
static ASKED_FOR: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// How many airports a state has.
#[cached(cache = cache(), ttl = "250ms")]
async fn count_in(state: &str) -> usize {
    DATABASE.count_in(state).await
}

#[tokio::main]
async fn main() -> ExitCode {
    let plugins = Plugins::default();
    if let Err(error) = store::open(&plugins) {
        eprintln!("REDIS_URL: {error}");
        return ExitCode::from(2);
    }
    steps::introduce().await;
    if let Err(NoSuchAirport(code)) = steps::all(&plugins).await {
        eprintln!("there is no airport {code:?} in the file");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
